"""Chinese: lines of evidence about what a plan, a commit or a file proposes, in the form of ``zh_lines``."""

from envguard.languages.zh_lines_native import LINES as _NATIVE

_PLAN = (
    ("asked for by {}, which requires {}", "由 {0} 带来，其要求是 {1}"),
    ("asked for by {}", "由 {0} 带来"),
    ("not named in the request", "请求中没有点名"),
    ("{} is installed now, which is not the locked version", "现在安装的是 {0}，并非锁定的版本"),
    ("traits: {} > {}", "特征：{0} > {1}"),
    ("traits: {}", "特征：{0}"),
    ("the golden file pins {}", "锁文件锁定了 {0}"),
    ("without the pins it would become {}", "不受锁定约束时会变成 {0}"),
    (
        "{} required it, and nothing that stays does; no installer removes it",
        "原本要求它的有 {0}；留下的包都不再要求它，而安装工具不会卸载它",
    ),
    (
        "the environment is not the golden one now: {}, which envguard check shows",
        "环境现在就与锁文件不符：{0}，运行 envguard check 可查看",
    ),
    ("left alone: {}: conda installed it, and pip would overwrite that", "不改动：{0}：由 conda 安装，pip 会把它覆盖"),
)

_USED = (
    ("used symbols that changed: {} of {}", "用到的 {1} 个符号中有 {0} 个变了"),
    ("{} was removed with its package; used in {}", "{0} 随所在的包一起被删除；用于 {1}"),
    ("{} was removed; used in {}", "{0} 已被删除；用于 {1}"),
    (
        "used symbols of {}: not in its Python sources, so not compared: {}",
        "用到的符号（{0}）：不在其 Python 源码中，因此没有比较：{1}",
    ),
    (
        "used symbols of {}: attributes of objects, getattr, importlib and compiled code are not seen",
        "用到的符号（{0}）：看不到对象的属性、getattr、importlib 和编译代码",
    ),
    (
        "used symbols of {}: behaviour behind an unchanged signature is not seen",
        "用到的符号（{0}）：看不到签名未变而行为改变的情况",
    ),
    ("used symbols of {}: only the first {} source files were read", "用到的符号（{0}）：只读取了前 {1} 个源文件"),
    (
        "used symbols of {}: {}: from {} import * hides what is used",
        "用到的符号（{0}）：{1}：from {2} import * 使人看不出用到了什么",
    ),
    ("used symbols of {}: {}: nested too deeply", "用到的符号（{0}）：{1}：嵌套过深"),
    ("used symbols of {}: {}: not read: no Python source", "用到的符号（{0}）：{1}：未读取：不是 Python 源码"),
    ("used symbols of {}: {}: not read: {}", "用到的符号（{0}）：{1}：未读取：{2}"),
)

_ARRIVING = (
    (
        "{} of {} would be overwritten: {} with other bytes, {} with the same, {} without a hash",
        "{1} 的 {0}将被覆盖：{2} 个内容不同，{3} 个相同，{4} 个没有哈希",
    ),
    (
        "{} of {} would be overwritten: {} with other bytes, {} with the same",
        "{1} 的 {0}将被覆盖：{2} 个内容不同，{3} 个相同",
    ),
    ("{} has other bytes", "{0} 内容不同"),
    ("removing {} or {} later removes the files of both", "以后卸载 {0} 或 {1} 都会删掉双方的文件"),
    ("{} would be installed", "将安装的是 {0}"),
    ("it would not be installed", "届时它不会被安装"),
    ("its Requires-Python is none: {}", "其 Requires-Python 无效：{0}"),
    ("its metadata has Requires-Python: {}", "其元数据中的 Requires-Python：{0}"),
    ("its tags are {}; none is one that this interpreter takes", "其标签是 {0}；这个解释器一个都不接受"),
    ("the index withdrew it: {}", "索引撤回了它：{0}"),
    ("{} is built for {}", "{0} 面向 {1} 构建"),
    (
        "what compiled files would meet is not known: not read natively were {}",
        "不知道编译文件届时会遇到什么：没有读取到 native 深度的有 {0}",
    ),
    ("the installer does not say which artifact it would take", "安装工具没有说明会用哪个产物"),
    (
        "an editable install is a link to a working folder, whose content can be anything",
        "可编辑安装只是指向工作目录的链接，其内容可以是任何东西",
    ),
    ("a folder: what will be built from it is not known before it is built", "目录：构建之前不知道会构建出什么"),
    ("a repository: what will be built from it is not known before it is built", "版本库：构建之前不知道会构建出什么"),
    (
        "a source archive: what will be built from it is not known before it is built",
        "源码包：构建之前不知道会构建出什么",
    ),
    (
        "no archive of it was found, and the network was not asked (give the folder that it lies in with --find-links)",
        "没有找到它的归档，也没有询问网络（用 --find-links 指明归档所在的目录）",
    ),
    ("no archive of it was found, and no URL of it is known", "没有找到它的归档，也不知道它的 URL"),
    ("no archive of it was found", "没有找到它的归档"),
    (
        "not the archive that the channel means: {}: its {} is not the one that the channel gives",
        "不是频道所指的归档：{0}：其 {1} 与频道给出的不符",
    ),
    ("the channel gives no digest of its archive", "频道没有给出其归档的摘要"),
    (
        "{}: it is compressed with zstandard, which envguard-lock[conda] reads",
        "{0}：用 zstandard 压缩，要有 envguard-lock[conda] 才能读取",
    ),
    (
        "Python {} would come in the place of {}: what it would find is not known before",
        "Python {1} 将换成 {0}：届时它会遇到什么，事先无法得知",
    ),
    (
        "conda's record of it would stay, and speak of files that are not there any more",
        "conda 的记录会留下，而其中所写的文件已经不在",
    ),
    (
        "{}: what its script does, which conda runs when it puts it in place",
        "{0}：其脚本会做什么，conda 安装它时会运行该脚本",
    ),
    ("it is {} inside, and the channel says {}", "内部写的是 {0}，而频道说是 {1}"),
    ("it is {} inside, and the installer says {}", "内部写的是 {0}，而安装工具说是 {1}"),
    ("{} requires {}, and {} is there", "{0} 要求 {1}，而那里是 {2}"),
    ("{} still requires it", "{0} 仍然要求它"),
    ("{} requires {}", "{0} 要求 {1}"),
)

_COMMIT = (
    ("{} stayed; what it requires is not known from these files", "{0} 没有变动；从这些文件无法得知它要求什么"),
    ("{} stayed", "{0} 没有变动"),
    ("whether they do here is not known", "在此是否如此不得而知"),
    (
        "neither the project nor a package that moved asked for it, so it counts one class graver",
        "项目和其他变动的包都没有要求它，因此结论加重一级",
    ),
    ("required by {}", "要求它的有 {0}"),
    (
        "{} moved and requires it; whether it needed another version is not known",
        "{0} 变动了，而且要求它；是否需要另一个版本不得而知",
    ),
    ("{} moved and requires {}", "{0} 变动了，而且要求 {1}"),
    (
        "who asked for what moved: {} does not say who requires whom",
        "不知道变动由谁要求：{0} 没有写明包之间的依赖关系",
    ),
    (
        "whether all that moved was asked for: nothing here says what the project itself requires",
        "不知道变动是否都有人要求：这里没有写明项目自己要求什么",
    ),
    (
        "whether the artifacts are the same: {} seals no record digest of them",
        "不知道构建产物是否相同：{0} 没有封存它们的 record 摘要",
    ),
    ("the two have no hash in common", "两者没有任何相同的哈希"),
    ("locked {}", "锁定的是 {0}"),
    ("now {}", "现在是 {0}"),
    ("{} is in {} and not in {}", "{0} 在 {1} 中有，在 {2} 中没有"),
    ("the rules of {} say nothing", "{0} 的规则不认为这是问题"),
)

_INTERPRETERS = (
    ("uses: {} puts another Python first", "uses：{0} 会让另一个 Python 排到最前"),
    ("make install of Python's own sources", "用 Python 自己的源码执行 make install"),
    ("{} is installed beside the image's own", "{0} 会装在镜像自带的 Python 旁边"),
    ("{} {} {} replaces the Python of the base environment", "{0} {1} {2} 会替换 base 环境的 Python"),
    ("update-alternatives makes {} the one that is called", "update-alternatives 会让 {0} 成为被调用的那一个"),
    ("{} becomes a link to {}", "{0} 会变成指向 {1} 的链接"),
    ("Python's own sources: {}", "Python 自己的源码：{0}"),
    ("{} brings a Python of its own", "{0} 自带一个 Python"),
    ("PATH begins with {}", "PATH 以 {0} 开头"),
    ("{} of {} is copied over {}", "{1} 的 {0} 会被复制覆盖到 {2}"),
)

# What follows is put together by the source from two parts, or said by griffe.
_KINDS = {"upgraded": "升级", "downgraded": "降级", "different": "版本不同", "variant": "变体改变"}
_SOURCES = {"directory": "目录", "archive": "压缩包", "vcs": "代码仓库"}
_VERDICTS = {"safe": "安全", "cautious": "谨慎", "unverified": "无法验证", "forbidden": "禁止"}
SYMBOLS = {
    "positional parameter was moved": "位置参数换了位置",
    "parameter was removed": "参数被删除",
    "parameter kind was changed": "参数的种类变了",
    "parameter default was changed": "参数的默认值变了",
    "parameter is now required": "参数变成必填",
    "parameter was added as required": "新增了必填参数",
}
"""What griffe says of a parameter, as ``change.used_api`` tells it."""
TENSES = (
    ("is installed", "would be installed"),
    ("are installed", "would be installed"),
    ("installed instead:", "there would be instead:"),
    ("installed is ", "there would be "),
)
"""The same as in ``change.loading``: what is said of an environment as it would be."""
_FUTURE = (
    ("已安装的却是", "届时却是"),
    ("已安装的", "将安装的"),
    ("没有安装发行包", "届时没有发行包"),
    ("安装在", "将安装在"),
    ("都没有安装", "届时都没有"),
)


def _later(english: str, chinese: str) -> tuple[str, str]:
    for now, then in TENSES:
        english = english.replace(now, then)
    for now, then in _FUTURE:
        chinese = chinese.replace(now, then)
    return english, chinese


LATER = tuple(pair for line in _NATIVE if (pair := _later(*line))[0] != line[0])
COMPOSED = (
    *(
        (
            f"left alone: {{}}: it comes from {kind} {{}}, and not from an index",
            f"不改动：{{0}}：来自{word} {{1}}，而不是索引",
        )
        for kind, word in _SOURCES.items()
    ),
    *((f"{{}} {kind} from {{}} to {{}}", f"{{0}} {word}：从 {{1}} 到 {{2}}") for kind, word in _KINDS.items()),
    *(
        (f"the rules of {{}} say {verdict} (rule {{}})", f"{{0}} 的规则判为{word}（规则 {{1}}）")
        for verdict, word in _VERDICTS.items()
    ),
    *(
        (f"{{}} changed: {english} ({{}}); used in {{}}", f"{{0}}：{word}（{{1}}）；用于 {{2}}")
        for english, word in SYMBOLS.items()
    ),
)
LINES = (*_PLAN, *_USED, *_ARRIVING, *_COMMIT, *_INTERPRETERS)
