"""Chinese: EG9xx, envguard itself, its golden file and its rules."""

from envguard.languages._titled import titled

CODES = {
    "EG901": titled(
        "锁文件不可用",
        "锁文件无法使用。",
        finds="锁文件缺失、格式未知、已损坏、封存有误，或不是所要求的 SHA-256 的那个文件。",
        matters="没有锁文件就无从比较。这是错误（退出码 2），绝不算通过。",
        action="从版本控制或镜像中恢复该文件；不要手工修补封存行，请重新冻结。",
        limits="封存能发现意外和粗心的改动。若要防范能改写锁文件的人，请用 sha256= 或 ENVGUARD_LOCK_SHA256 锁定它的摘要。",
    ),
    "EG902": titled(
        "规则表无效",
        "规则表有错误。",
        finds="未知的键、变化类型、部分或特征，无效的版本限定或环境标记，重复的 id，没有理由的规则，被上方规则完全遮住的规则。",
        matters="一条永远不会匹配的规则会给人虚假的安全感。因此整张表都被拒绝（退出码 2）。",
        action="改正提示中写明的键。",
        limits="只检查从表本身能看出的问题；什么都没匹配到的规则由检查报告。",
    ),
    "EG903": titled(
        "规则失效",
        "有规则已经到期，或从未匹配。",
        finds="某条规则的 `until` 已过，而它本会决定本报告中的某个变化；以及作为备注列出的、什么都没匹配到的项目规则。",
        matters="到期的豁免不再放行任何变化；从未匹配的规则往往是写错了。",
        action="重新决定：写明理由并延长日期，或删除该规则；然后重新冻结。",
        limits="什么都没匹配到的规则只作备注：在一致的环境里，没有规则会匹配。",
    ),
    "EG904": titled(
        "另有所属",
        "envguard 自己的文件被其他包声称拥有或改动。",
        finds="另一个发行包的 RECORD 列出了 envguard/ 的文件或 envguard 命令，或自己的文件与 envguard 的 RECORD 不符。",
        matters="守卫自己的代码若被替换，给出什么答案都有可能。",
        action="卸载另一个发行包，然后重装：`pip install --no-deps --force-reinstall envguard-lock`。",
        limits="如果代码把守卫连同其 RECORD 一起替换，从内部看不出来；应对办法是只读镜像。",
    ),
}
