"""Chinese: EG21x and EG22x, what a commit proposes, and what a change would do to the environment that is there."""

from envguard.languages._titled import titled

CODES = {
    "EG210": titled(
        "锁文件被删除",
        "一个提交删除了锁文件。",
        finds="前一个提交里有、将要提交的内容里没有的锁文件，而且没有移到设置中写明的新位置。",
        matters="只拿到改动文件名的钩子看不到删除；没有锁文件，之后的检查就无从比较。",
        action="恢复它。如果项目确实不再需要，请写一条点名 `lock-removed` 的规则来说明。",
        limits="只有 `envguard hook lock` 能看到，范围是暂存的内容或给定的两个引用之间。",
    ),
    "EG211": titled(
        "规则放宽",
        "同一个提交里放宽了规则，又用到了它。",
        finds="某个变化按前一个提交的规则判得更严，按将要提交的规则判得更松。变化本身仍采用更严的结论。",
        matters="这是绕过这类关卡的常见办法：把禁止的规则连同它所禁止的变化一起改掉。",
        action="先单独提交规则并经过评审，然后再提交变化。",
        limits="规则取自封存的锁文件或同一提交的设置。更早的提交里放宽的规则，是已经做出的决定。",
    ),
    "EG212": titled(
        "未同步变动",
        "本应同步变动的包没有一起变动。",
        finds="某条带 `together` 的规则（内置了 torch、torchvision 和 torchaudio）中，一个包变了，而锁定它的另一个没有变，"
        "或变动之后构建不同，例如 `cpu` 与 `cu124`。",
        matters="同一家族的编译包会互相调用对方的符号；版本混搭会导入失败，或在缺少内核的情况下运行。",
        action="用一条命令从同一个索引把它们一起换成同期发布的版本。",
        limits='写有 `follow = "requires-dist"` 时由包自己的依赖决定。多数锁文件不含依赖信息：此时结论为谨慎，并说明不得而知。',
    ),
    "EG220": titled(
        "将覆盖文件",
        "一个 wheel 或 conda 包将覆盖另一个包的文件。",
        finds="尚未安装的 wheel 或 conda 包与另一个包的 RECORD 或 conda 记录都列出的路径：共有多少，其中多少内容不同。"
        "onnxruntime-gpu 与 onnxruntime 共有约 300 个路径。用 wheel 取代 conda 安装的包也算：conda 的记录会留下。",
        matters="安装工具会一声不响地覆盖。先装的包从此运行别人的代码，卸载任何一个都会删掉双方的文件。",
        action="先卸载另一个包，或者不装这一个。",
        limits="内容相同不算问题。命名空间包的桩文件、数据、wheel 的脚本以及顶层的 tests 之类目录只作备注。"
        "没有哈希的条目（例如 conda 的链接）不作为判断依据。",
    ),
    "EG221": titled(
        "将无法加载",
        "变动之后，某个编译文件会缺少库或符号。",
        finds="把变动之后的环境中的编译文件按 EG401 到 EG404 的方式解析；报告现在没有而那时会有的问题：已安装的扩展失去所需的东西"
        "（torch 变动时的 torchvision），或新来的扩展找不到所需的东西。",
        matters="导入失败，或者错误被吞掉，之后在别处出问题。",
        action="双方一起换成彼此配套的构建。",
        limits="只有新来的内容全部读取到 native 深度时才检查。没有符号缺失不等于兼容：枚举和虚函数表的变化不留痕迹。"
        "wheel 解压到覆盖在 site-packages 之上的目录，conda 包解压到覆盖在前缀之上的目录，因此新旧文件之间的搜索路径仍然成立。",
    ),
    "EG222": titled(
        "NumPy 将不符",
        "变动之后，某个扩展会运行在另一代 NumPy 之下。",
        finds="对变动之后的环境提出 EG405 的问题，两个方向都看：NumPy 2 来到为 NumPy 1 构建的扩展之下，"
        "以及新来的扩展得不到已安装的 NumPy 支持。",
        matters="报 `numpy.core.multiarray failed to import`，而很多这样的包的元数据却是允许的。",
        action="保留 NumPy，或把写明的包换成针对它构建的发布版。",
        limits="同 EG405。",
    ),
    "EG223": titled(
        "依赖将不满足",
        "变动之后，某条依赖将不再满足。",
        finds="把留下的和新来的包的 Requires-Dist 与将要安装的内容对照；现在就没有满足的留给 EG407。",
        matters="包没有声称能这样工作。在 torch、torchvision 和 torchaudio 之间，这意味着符号不同。",
        action="选一个能被接受的版本，或把要求它的包也一起变动。",
        limits="元数据可能比代码更严，也可能更松。不追究 extra。",
    ),
    "EG224": titled(
        "wheel 不适用",
        "wheel 面向另一个 Python 或平台。",
        finds="Requires-Python 排除了这个解释器，或它不接受 wheel 的任何标签。",
        matters="安装工具会拒绝这样的 wheel；强行装上，其中的编译文件也找不到或无法加载。",
        action="选一个适用于这个解释器的 wheel。",
        limits="标签读自文件内部的 WHEEL，而不是文件名。",
    ),
    "EG225": titled(
        "已撤回的版本",
        "索引已撤回这个发布版。",
        finds="安装工具的报告标为 yanked（PEP 592）的 wheel，并给出撤回的理由。",
        matters="发布版因缺陷而撤回，但写死版本的锁定仍会装上它。",
        action="选一个没有撤回的发布版。",
        limits="只有安装工具说明时才知道。",
    ),
    "EG226": titled(
        "将带来 CUDA",
        "一个 wheel 将带来 CUDA 库。",
        finds="名为 nvidia-* 或 cuda-*、环境标记在此处成立的依赖，已安装的版本没有这条依赖，也没有任何已安装的包满足它。",
        matters="好几 GB，而且是没人与驱动一起验证过的那一代库。",
        action="CPU 环境请从提供 CPU 构建的索引安装 CPU 构建。",
        limits="wheel 自己携带的库不算依赖。",
    ),
    "EG227": titled(
        "CUDA 将不符",
        "变动之后，GPU 各部分将彼此不匹配。",
        finds="对变动之后的环境提出 EG301 到 EG307 的问题：provider 或 torch 缺少构建时所用的那一代 CUDA，torch、torchvision 和 "
        "torchaudio 的构建不同，换成 CPU 版 torch 之后留下的 CUDA 库。",
        matters="在 GPU 上会失败，或者一声不响地在 CPU 上运行。",
        action="选用驱动所支持的同一代 CUDA 的构建，并一起变动。",
        limits="同 EG301 到 EG307；只有所有新来的 wheel 都读取到 native 深度时才检查。",
    ),
    "EG228": titled(
        "变体将改变",
        "一个包将被面向另一种目标的构建取代。",
        finds="torch、torchvision 和 torchaudio 在各自的 version.py 中写明的变体，已安装的与新来的不同。",
        matters="可能在驱动上失败，或一声不响地退回 CPU。",
        action="从提供该变体的索引安装同一变体。",
        limits="其他包不说明自己面向什么构建。",
    ),
    "EG229": titled(
        "用到的符号变了",
        "项目自己的代码用到的符号改变或消失了。",
        finds="用 griffe 在不导入任何东西的情况下比较新旧两个版本的源码，只看项目代码用到的部分：导入的名称、导入模块的属性和调用的参数。",
        matters="代码用到这些符号的地方会失败，最迟在生产环境中失败。",
        action="查看写明的位置，并用新版本运行项目的测试。",
        limits="没有发现不算证明。对象的属性、getattr、星号导入、编译代码以及签名未变而行为改变的情况都看不到。不比较类型标注和常量的值。",
    ),
}
