"""Chinese: EG1xx, what is installed is not what was locked."""

from envguard.languages._titled import titled

CODES = {
    "EG101": titled(
        "包缺失",
        "锁定的包没有安装。",
        finds="锁文件中锁定了某个包，而环境里没有对应的发行包，或 conda 中没有对应的记录。",
        matters="导入它的代码会失败，或者走进从未验证过的回退路径；很多库在可选依赖缺失时会一声不响地变慢或改变行为。",
        action="严格按锁文件安装，不让依赖解析器动其他包：`pip install --no-deps NAME==VERSION`。",
        limits="环境标记在此处不成立的条目不作要求。conda 包只在 conda-meta 中查找。",
    ),
    "EG102": titled(
        "版本漂移",
        "安装的版本与锁定的版本不同。",
        finds="发行包的版本与锁定的不相等。变化类型为 `upgraded`、`downgraded`，两个版本无法排序时为 `different`；"
        "同时说明变动的是哪一部分：major、minor、micro 等。",
        matters="模型是在锁定的版本上验证的。因为升级别的东西而被顺带改动的版本，是原本正常的环境出故障最常见的原因。",
        action="用 `pip install --no-deps NAME==VERSION` 回滚，或验证新版本后重新冻结。",
        limits="是否相等按 PEP 440 判断（1.0 与 1.0.0 相同）。conda 的版本号按文本比较。",
    ),
    "EG103": titled(
        "未锁定的包",
        "安装了锁文件中没有的包。",
        finds="锁文件声明列出了全部的包，而环境里有一个发行包不在其中。",
        matters="没人验证过的包可能遮蔽模块、注册会被自动加载的插件，或覆盖锁定包的文件。",
        action="用 `pip uninstall NAME` 卸载，或有意加入后重新冻结。",
        limits="锁文件只列出部分环境时不报告。envguard 自己永远不报告；对于其他格式的锁文件，pip、setuptools、wheel 和 "
        "distribute 不计入，与 pip freeze 的做法一致。内嵌（vendored）在别的包里的副本不算发行包。",
    ),
    "EG104": titled(
        "变体漂移",
        "版本相同，但面向另一种目标构建。",
        finds="构建变体（例如 torch 的 cpu 或 cu124 构建）与锁定的不同。信息来自本地版本标签；索引上的 wheel 不带标签，"
        "因此也会以文本方式读取 torch/version.py。",
        matters="为另一代 CUDA 构建的包会在驱动上失败、悄悄退回 CPU，或给本不该有 CUDA 的镜像带来好几 GB 的库。",
        action="从提供该变体的索引重装锁定的变体：`pip install --no-deps NAME==VERSION+LABEL`。",
        limits="双方都没说明面向什么构建时，不作判断。锁文件既没有标签也没有封存变体时，接受任何不带标签的构建。",
    ),
    "EG105": titled(
        "来源漂移",
        "安装来源与锁定的不同。",
        finds="发行包记录的来源（PEP 610 的 direct_url.json）与锁定的不同：索引变成了 URL、URL 或压缩包摘要不同、"
        "提交不同、正式发布变成了可编辑目录，或 conda 频道不同。",
        matters="来源不同，同一个版本号背后可能是不同的代码。可编辑安装的代码每次保存都会变。",
        action="按锁定的来源重装：复制锁文件中那一行的依赖写法。",
        limits="安装工具不记录索引本身，所以这里分不清两个索引；它们的产物由 EG107 区分。URL 中的凭据不参与比较。",
    ),
    "EG106": titled(
        "元数据重复",
        "同一个包安装了不止一次。",
        finds="sys.path 的同一个目录中，同一个规范化包名有两个或更多元数据目录，并列出各自的版本。",
        matters="这是安装中断或强制安装留下的痕迹。各个工具对到底装了哪一个说法不一，两个版本的文件也可能混在一起。",
        action="反复 `pip uninstall NAME` 直到没有残留，然后 `pip install --no-deps NAME==VERSION`。",
        limits="分别位于 sys.path 两个目录中的副本不算重复：生效并参与比较的是前一个，能看到系统包的虚拟环境正需要如此。",
    ),
    "EG107": titled(
        "产物漂移",
        "版本相同，但不是同一个构建产物。",
        finds="发行包的 record 摘要（RECORD 中排序后的路径与哈希，不含随安装位置变化的部分）与封存的不同；"
        "或者 conda 包的 build 不同。",
        matters="名称和版本相同，文件却不同：重新构建过的 wheel、另一个平台标签、私有构建，或被替换的包。",
        action="重装验证过的产物，锁文件有哈希时按哈希安装：`pip install --no-deps --force-reinstall NAME==VERSION`。",
        limits="RECORD 说明的是安装了什么，不是文件现在的内容；逐字节比较请用深度 files。",
    ),
    "EG108": titled(
        "文件漂移",
        "包的文件与封存时不同。",
        finds="文件被修改、删除或新增，可执行权限改变，字节码与源码不对应，以及启动文件（.pth、sitecustomize、"
        "pyvenv.cfg）改变。仅在深度 files 检查。",
        matters="打过补丁的文件、复制了一半的文件、被投毒的 .pyc，会在版本号完全不变的情况下改变实际运行的代码。",
        action="`pip install --no-deps --force-reinstall NAME==VERSION`，或重新构建镜像。",
        limits="没有封存文件清单（`freeze --depth files`）时，只能比较 RECORD 列出的文件，报告会说明这一点。"
        "site-packages 之外只查看 RECORD 或 conda 列出的文件。",
    ),
    "EG109": titled(
        "元数据损坏",
        "包的元数据损坏或自相矛盾。",
        finds="元数据目录缺少 METADATA 或 RECORD、目录名与 METADATA 不符、以 `~` 开头的残留、无法读取的元数据、"
        "封存过的 RECORD 不见了。",
        matters="安装曾经中断或被手工改动：实际装了什么无从得知。",
        action="清除残留后重装：`pip install --no-deps --force-reinstall NAME==VERSION`。",
        limits="如果锁文件就是从旧式 egg-info 冻结而来，则予以接受。",
    ),
    "EG110": titled(
        "解释器漂移",
        "Python、平台或 C 库不是原来的那一个。",
        finds="解释器的版本、实现、ABI 标签、操作系统、机器架构或 C 库与封存的不同。",
        matters="扩展模块是针对一种 ABI 和一个最低 C 库版本编译的；锁文件中的环境标记也是按一种 Python 求值的。",
        action="在经过验证的镜像中运行，或在此环境中重新验证后再次冻结。",
        limits="只有 envguard 自己的锁文件写明了是在哪个解释器上冻结的。内核、驱动和 CPU 特性不在其中。",
    ),
    "EG111": titled(
        "无法验证的锁定",
        "锁文件中有一行无法比对。",
        finds="依赖没有唯一确定的版本（范围、`*`、未展开的变量、本地路径），或所锁定的发行包读不出已安装的版本。",
        matters="无法比对的内容可能在不知不觉中漂移；它绝不会被当作相等。",
        action="在锁文件中写明确切版本，最好用 `envguard freeze` 生成。",
        limits='项目的规则可以让结论更严，或在限期内放行：放宽结论需要写明 `change = ["unverifiable"]` 和 `until`。',
    ),
    "EG112": titled(
        "导入来源",
        "导入锁定的包时会从别处加载。",
        finds="sys.path 靠前的位置或用户 site 目录中有一个模块或目录，会先于锁定的发行包被 Python 找到：例如脚本旁边的 "
        "torch.py，或可写工作目录中的 torchvision/ 目录。",
        matters="所有版本都对，运行的却是别的代码。",
        action="把遮蔽它的文件改名或删除，或用 -P 或 -I 启动 Python，使工作目录不进入 sys.path。",
        limits="这里模拟 Python 的路径查找，不运行任何代码：程序自己的导入钩子看不到。",
    ),
    "EG113": titled(
        "conda 包被覆盖",
        "conda 的包被 pip 覆盖安装。",
        finds="conda-meta 中某条记录对应的元数据目录不是实际安装的那一个：版本不同，或换了安装工具。"
        "只要前缀下有 conda-meta，无论用哪种锁文件都会报告。",
        matters="从此 conda 按一个并不存在的版本求解；它的下一条命令可能删掉 pip 安装的文件，或把两者混在一起。",
        action="二选一：`conda install --force-reinstall NAME=VERSION`，或先用 conda 删除这个包再用 pip 安装。",
        limits="列出环境会让 conda 删除这样的记录：此后只有写明该包的锁文件才能发现。",
    ),
    "EG114": titled(
        "conda 残留记录",
        "conda 的包在它不知情时被删除。",
        finds="conda-meta 中有一条记录，但对应的元数据目录已经不在了，`pip uninstall` 就会造成这种情况。"
        "只要前缀下有 conda-meta，无论用哪种锁文件都会报告。",
        matters="在 conda 看来这个包还在，依赖它的包也都指望着它。",
        action="`conda install --force-reinstall NAME=VERSION`，或 `conda remove NAME`。",
        limits="没有 Python 元数据的包（例如 C 库）只有在深度 files 才能发现。",
    ),
}
