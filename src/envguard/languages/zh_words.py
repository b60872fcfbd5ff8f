"""Chinese: verdicts, kinds of change, parts of a version and traits."""

VERDICTS = {
    "pinned": "一致",
    "safe": "安全",
    "cautious": "谨慎",
    "unverified": "无法验证",
    "forbidden": "禁止",
}

KINDS = {
    "removed": ("缺失", "锁定的包没有安装。"),
    "upgraded": ("升级", "安装的版本比锁定的版本新。"),
    "downgraded": ("降级", "安装的版本比锁定的版本旧。"),
    "different": ("版本不同", "安装的是另一个版本，而且两个版本无法比较新旧。"),
    "added": ("新增", "安装了锁文件中没有的包。"),
    "variant": ("变体改变", "版本相同，但面向另一种目标构建（cpu、cu124 等）。"),
    "source": ("来源改变", "同一个包，但安装自另一个来源。"),
    "duplicate": ("重复安装", "同一个包安装了不止一次。"),
    "rebuilt": ("产物改变", "版本相同，但不是同一个构建产物。"),
    "edited": ("文件被改", "文件内容与封存时不同。"),
    "deleted-file": ("文件丢失", "封存过的文件不见了。"),
    "added-file": ("多出文件", "原本没有封存文件的位置多出了文件。"),
    "mode": ("权限改变", "文件的可执行权限变了。"),
    "bytecode": ("字节码异常", "编译出的 .pyc 文件与源码不对应。"),
    "startup": ("启动文件改变", "Python 启动时运行或读取的文件（.pth、sitecustomize、pyvenv.cfg）变了。"),
    "broken": ("元数据损坏", "包的元数据损坏、不完整或自相矛盾。"),
    "interpreter": ("解释器改变", "Python、平台或 C 库不是原来的那一个。"),
    "unverifiable": ("无法比对", "锁文件中有一行无法比对。"),
    "shadowed": ("被遮蔽", "导入锁定的包时会从别处加载。"),
    "clobbered": ("被覆盖安装", "conda 的记录与已安装的元数据不一致：有别的安装工具动过。"),
    "leftover": ("残留记录", "conda 记录着一个包，但它的文件已经不在了。"),
    "unloadable": ("无法加载", "编译文件无法加载，而且导入时一定会用到它。"),
    "doubtful": ("存疑", "文件所需的东西缺失，但不知道是否真的会用到。"),
    "incompatible": ("不兼容", "驱动、CUDA 库与框架彼此不匹配。"),
    "overwritten": ("文件冲突", "两个包都声称拥有同一个文件，而内容不同。"),
    "unmet": ("依赖未满足", "包所要求的依赖没有安装，或版本不符。"),
    "hijacked": ("库被替换", "搜索路径让另一个库取代了环境自己的库。"),
    "undeclared": ("无主启动代码", "每次启动都会运行、却不属于任何包的代码。"),
    "floating": ("浮动镜像", "镜像的写法明天可能指向另一个镜像。"),
    "unpinned": ("未锁定", "构建时会装上当天最新的版本。"),
    "unread": ("无法读取", "仓库中有一个文件无法读取。"),
    "stale-rule": ("规则失效", "规则表中有一行已经到期，或从未匹配。"),
    "second-owner": ("另有所属", "envguard 自己的文件被其他包声称拥有或改动。"),
    # Kinds of observations that are no difference.
    "noted": ("备注", "值得留意，但不算问题。"),
}
"""Kind of change -> a word, and a sentence."""

PARTS = {
    "epoch": "版本的纪元号（`!` 之前的数字）。",
    "major": "版本号的第一位（主版本）。",
    "minor": "版本号的第二位（次版本）。",
    "micro": "版本号的第三位或更后面的数字（修订版本）。",
    "pre": "预发布标记（a、b、rc）。",
    "post": "后发布标记（post）。",
    "dev": "开发版标记（dev）。",
    "local": "本地标签（`+` 之后）或构建变体。",
    "other": "无法排序的版本，例如旧式版本号或 conda 的版本号。",
    "build": "conda 包的 build 字符串。",
    "channel": "conda 包的频道。",
    "place": "只有来源变了：record 摘要证明文件相同。",
    "implementation": "Python 的实现，例如 cpython。",
    "abi": "扩展模块的 ABI 标签。",
    "platform": "操作系统或机器架构。",
    "libc": "C 库或其版本。",
    "newest": "没有标签，或标签永远指向最新推送的镜像（latest、nightly、main）。",
    "tag": "标签指的是一个系列而不是某个发布版，例如 `3.11` 或 `2.8-runtime`。",
    "family": "同步发布的一组包，例如 torch 与 torchvision。",
}

TRAITS = {
    "pure": "不含编译文件：RECORD 中没有共享库，wheel 标签全部适用于任何平台。",
    "native": "含编译代码：RECORD 中有共享库，或 wheel 标签限定了平台。",
    "abi3": "所有扩展模块都只用 Python 的稳定 ABI：标签为 abi3，或只有 .abi3.so 文件。",
    "cuda": "面向 CUDA：包名属于 CUDA 系列、版本带 +cuNNN 标签、依赖 nvidia-*，或其文件链接了 CUDA 工具包的库、本身就是这样的库。",
    "torch-linked": "其中有编译文件链接了别的包提供的 libtorch 或 libc10。",
    "python-linked": "其中有编译文件链接了 libpython，因此绑定在该共享库上。",
    "numpy-1": "其中有编译文件是针对 NumPy 1 的 C-API 构建的。",
    "numpy-2": "其中有编译文件是针对 NumPy 2 的 C-API 构建的。",
    "editable": "以可编辑模式安装：代码在工作目录中，随时可能不留痕迹地改变。",
    "code": "其中有可以导入的内容：RECORD 中有 .py、.pyc 或扩展模块。",
    "startup": "带有 .pth 文件，Python 每次启动都会读取，并可能执行。",
    "conda": "由 conda 自己的记录说明。",
    "newer": "现有的比锁定的新（解释器与 C 库）。",
    "older": "现有的比锁定的旧（解释器与 C 库）。",
}

TERMS = {
    "no tag": "无标签",
    "no version": "无版本",
    "no compiled file": "没有编译文件",
    "not installed": "未安装",
    "not recorded": "未记录",
    "not there": "不存在",
    "no CUDA library beside a torch for the CPU": "CPU 版 torch 旁边没有 CUDA 库",
    "one distribution of ONNX Runtime": "只有一个 ONNX Runtime 发行包",
}
"""What stands in the place of a version where there is none."""
