"""Chinese: the reason of each built-in row, and what to do instead. Placeholders are filled in as in English."""

_BACK = "pip install --no-deps {package}=={locked}"
_REPAIR = "用 pip install --no-deps --force-reinstall 重装锁定的版本，或重新构建镜像"
_IMAGE = "在经过验证的镜像中运行，或在此环境中重新验证后再次冻结"
_ARTIFACT = "用经过验证的那个构建产物重装 {package}"
_TAG = "写明完整版本和摘要：name:VERSION@sha256:DIGEST"

ROWS = {
    "removed": ("导入它的代码会失败，或者走进从未验证过的回退路径", _BACK),
    "added-cuda": (
        "它带来了不在验证范围内的 CUDA 库，可能被误加载",
        "pip uninstall {package}",
    ),
    "added-editable": (
        "它只是指向工作目录的链接：每次保存文件，代码都会变",
        "安装正式构建的版本，或 pip uninstall {package}",
    ),
    "added-pure": ("只有 Python 代码，经过验证的部分没有任何变化", ""),
    "added-native": (
        "它可能带来编译好的库，与锁定的包在同一进程中冲突",
        "pip uninstall {package}，或连同它一起验证后再次冻结",
    ),
    "moved-cuda": ("CUDA 库、驱动以及针对它们编译的代码，要么一起变，要么都不变", _BACK),
    "downgraded-pure": ("旧版本可能缺少现有代码调用的接口", _BACK),
    "downgraded": ("旧的构建可能缺少其他包在验证时用到的函数和符号，也带着后来才修复的缺陷", _BACK),
    "upgraded-epoch": ("纪元号不同意味着编号方式不同：两个版本无法比较", _BACK),
    "upgraded-micro-pure": ("不含编译代码的包的修订版", ""),
    "upgraded-pure": ("新版本可能改变行为或接口", _BACK),
    "upgraded-micro": ("虽是修订版，但编译代码已不是验证过的那一份", _BACK),
    "upgraded-native": ("功能版本不同的编译代码（或可能含有编译代码的包），可能破坏针对旧版构建的其他包", _BACK),
    "different": ("两个版本无法排序，没有任何理由认为这个变化可以接受", _BACK),
    "variant": (
        "同一版本但面向另一种目标构建：可能在驱动上失败，或悄悄退回 CPU",
        "从提供该变体的索引加 --no-deps 重装锁文件中的 {package} 变体",
    ),
    "source-same-files": ("record 摘要证明文件相同", ""),
    "source": ("来源不同，同一个版本号背后可能是不同的代码", "按锁文件写明的来源加 --no-deps 重装 {package}"),
    "rebuilt-pure": ("版本相同，但文件不是验证过的那一份", _ARTIFACT),
    "rebuilt": ("同一版本的另一次编译：编译器、库或编译选项可能不同", _ARTIFACT),
    "duplicate": (
        "两个版本混在一起，是安装中断或强制安装留下的痕迹",
        "反复 pip uninstall {package} 直到没有残留，再加 --no-deps 安装锁定的版本",
    ),
    "broken": ("元数据说不清实际装了什么，是安装中断留下的痕迹", "先清除残留，然后" + _REPAIR),
    "edited": ("这个文件不是验证过的那一份", _REPAIR),
    "deleted-file": ("验证过的文件不见了", _REPAIR),
    "added-file": ("包里多出一个没人验证过的文件，可能被导入或加载", "删除它，或者" + _REPAIR),
    "mode": ("可执行权限与封存时不同", _REPAIR),
    "bytecode": ("Python 会运行与旁边源码不对应的编译代码", "删除 __pycache__ 目录"),
    "startup": ("它在程序第一行之前就会运行，或左右 Python 的启动", "删除它，或重新构建镜像"),
    "shadowed": ("Python 会导入别的代码，而不是锁定的包", "删除或改名遮蔽它的文件，或用 -P 启动 Python"),
    "clobbered": (
        "conda 记录的包与实际的不同，下一条 conda 命令可能把两者混在一起",
        "用 conda install --force-reinstall 重装记录中的包，或先 conda remove 再用 pip 安装",
    ),
    "leftover": (
        "conda 以为某个包还在，其实文件已经没有了",
        "用 conda install --force-reinstall 重装记录中的包，或 conda remove 它",
    ),
    "unloadable": (
        "它无法加载：导入会失败，或走进从未验证过的回退路径",
        "安装当初一起验证过的构建，依据中写明了双方",
    ),
    "incompatible": (
        "在 GPU 上会失败，或者一声不响地在 CPU 上运行",
        "安装驱动所支持的同一代 CUDA 的构建，或恢复经过验证的镜像",
    ),
    "doubtful": (
        "凡是用到它的都会失败，但单看文件无法判断是否有人用到",
        "补装缺失的部分，或写一条规则说明为什么永远用不到",
    ),
    "overwritten": (
        "最后安装的覆盖了先前的，卸载任何一个都会弄坏另一个",
        "两个都卸载，再加 --no-deps 安装真正要用的那个",
    ),
    "unmet-family": ("这些包按版本逐一配套构建", "用一条命令从同一个索引安装同期发布的版本"),
    "unmet": ("包自己声明了它不支持这样的组合", "加 --no-deps 安装它所要求的版本，或换一个接受现有版本的发布版"),
    "hijacked": ("实际运行的库，不是随包安装的那一个", "为这个服务取消 LD_LIBRARY_PATH 或 LD_PRELOAD"),
    "undeclared": ("它先于一切运行，却没有任何包为它负责", "删除它，或把它打进一个包里发布"),
    "python-micro": ("同一 Python 的另一个修订版：ABI 相同，行为可能有差别", _IMAGE),
    "libc-newer": ("同类 C 库的新版本可以运行针对旧版链接的程序", ""),
    "interpreter": ("编译过的包是为另一个 Python、平台或 C 库构建的", _IMAGE),
    "floating-newest": ("它永远指向最新推送的镜像：仓库没有任何改动，明天就可能是另一个镜像", _TAG),
    "floating": ("这个标签会随着系列的下一次发布或重建指向另一个镜像", _TAG),
    "unpinned": ("镜像里会装上构建当天最新的版本", "写明验证过的版本（==），或从 envguard.lock 安装"),
    "unread": ("读不了的内容，什么都有可能", "修正文件，或指定其他文件"),
    "unverifiable": ("无法比对的内容可能在不知不觉中漂移", "在锁文件中写明确切版本，或用 envguard freeze 生成锁文件"),
    "stale-rule": ("这条规则已经不再放行或拦截任何变化", "写明理由并延长期限，或删除这条规则，然后重新冻结"),
    "second-owner": (
        "守卫自己的文件若被替换，给出什么答案都有可能",
        "卸载另一个发行包，然后 pip install --no-deps --force-reinstall envguard-lock",
    ),
    "unforeseen": ("没有规则涉及这种变化", "查看依据；如果这是新的变化类型，请升级 envguard"),
    # What a proposed change would do.
    "breaks": (
        "某个编译文件将无法加载：导入会失败，或走进从未验证过的回退路径",
        "保持不动，或双方一起换成彼此配套的构建",
    ),
    "may-break": ("凡是用到这个文件的都会失败，但单看文件无法判断是否有人用到", "先在环境的副本中试验"),
    "mismatches": ("在 GPU 上会失败，或者一声不响地在 CPU 上运行", "选用驱动所支持的同一代 CUDA 的构建，并一起变动"),
    "may-mismatch": ("单看文件无法判断 GPU 各部分届时是否匹配", "先在带 GPU 的机器上用环境的副本试验"),
    "overwrites": (
        "两个包拥有相同的文件：后装的生效，卸载任何一个都会弄坏另一个",
        "先卸载另一个包，或者不装 {package}",
    ),
    "unmet-after-family": ("这些包按版本逐一配套构建", "用一条命令从同一个索引把它们一起换成同期发布的版本"),
    "unmet-after": ("包自己声明了它不支持这样的组合", "选一个 {package} 接受的版本，或把 {package} 也一起变动"),
    "used-symbols": (
        "项目自己的代码用到的内容已经和以前不同",
        "查看写明的位置，并用 {package} {installed} 运行项目的测试",
    ),
    "unfit": (
        "它面向另一个 Python 或平台构建：安装工具会拒绝，强行装上也无法加载",
        "选一个适用于这个解释器的 {package} wheel",
    ),
    "withdrawn": ("发布者撤回了这个版本，多半是因为有缺陷", "选一个没有撤回的发布版"),
    "brings-first-cuda": (
        "到目前为止这里没有任何东西使用 CUDA：会带来好几 GB 可能被误加载的库",
        "从提供 CPU 构建的索引安装 {package} 的 CPU 构建",
    ),
    "brings-cuda": ("会带来不在验证范围内的 CUDA 库", "确认它们与驱动和其他包所用的是同一代"),
    "restored": ("这正是锁文件所写的", ""),
    "held": (
        "请求无法与验证过的内容同时满足",
        "请求一个能接受 {package} {locked} 的版本，或用 --free 判断更大的变动",
    ),
    "unopened-conda": (
        "没能读取 conda 包的归档，其中的文件可能是任何内容",
        "在单独的环境中试一试，文件会在那里检查：envguard try",
    ),
    "unopened": (
        "安装之前读不了的内容，什么都有可能",
        "请求一个有 wheel 的 {package} 版本，或自己构建一个，并用 --find-links 指明其目录",
    ),
    # What a commit proposes.
    "interpreter-replaced": (
        "镜像中的 torch 是为镜像自带的 Python 编译的，换成另一个就加载不了",
        "使用镜像自带的 Python，或换用针对所需 Python 构建的镜像",
    ),
    "interpreter-beside": (
        "它可能排到镜像自带的 Python 之前，而镜像中的 torch 是为后者编译的",
        "使用镜像自带的 Python，或只用完整路径调用另一个",
    ),
    "lock-removed": (
        "没有锁文件就不再比较任何内容，装了什么都会通过",
        "用 git restore --staged --worktree 恢复该文件",
    ),
    "loosened": (
        "规则和它本来要拦下的变化放在一起，两者都没有单独经过评审",
        "先单独提交规则并经过评审，然后再提交变化",
    ),
    "apart": ("只能同步变动的包没有一起变动", "用一条命令从同一个索引把它们全部变动"),
    "torch-together": (
        "这些包按版本逐一配套构建，与其他版本放在一起会导入失败",
        "用一条命令从同一个索引把它们一起换成同期发布的版本",
    ),
}

_KEEP = "保留 {package} {locked}；如果必须变动，先在副本中试验：envguard try"
_LEAVE_OUT = "不装 {package}；如果确实需要，先在副本中试验：envguard try"
ADVICE = {
    "keep {package} {locked}; if it must move, try it in a copy first: envguard try": _KEEP,
    "leave {package} out; if it is needed, try it in a copy first: envguard try": _LEAVE_OUT,
    "keep {package}, or remove what requires it too": "保留 {package}，或把要求它的包也一并卸载",
    "leave {package} out, or take a build of it for the CPU": "不装 {package}，或使用它的 CPU 构建",
    "install a built release of {package}": "安装 {package} 的正式构建版本",
    "take {package} in the variant of the golden file, from the index that has it": "从提供该变体的索引取得锁文件中的 {package} 变体",
    "take {package} from the origin that the golden file names": "按锁文件写明的来源取得 {package}",
    "take the artifact of {package} that was validated": "使用经过验证的 {package} 构建产物",
}
"""Other advice that is given with the reason of a built-in row: English -> Chinese."""
