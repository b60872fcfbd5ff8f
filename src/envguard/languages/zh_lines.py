"""Chinese: lines of evidence, what was read and where, of the codes that people meet most.

The key is the English line with ``{}`` where a name, version or path stands; the first template that fits is taken, so
the narrower one stands above. ``{0}``, ``{1}`` ... say where these go. A line without an entry is told in English.
"""

_CHECKS = (
    ("found in {}", "见于 {0}"),
    ("no line of {} names it", "{0} 中没有任何一行列出它"),
    ("locked record {}", "锁定的 record：{0}"),
    ("installed record {}", "安装的 record：{0}"),
    ("locked tags {}", "锁定的标签：{0}"),
    ("installed tags {}", "安装的标签：{0}"),
    ("the lock seals a RECORD, and {} has none that can be read", "锁文件封存了 RECORD，而 {0} 没有可读的 RECORD"),
    ("prefix {}", "前缀：{0}"),
    ("no version in {}", "{0} 中没有版本"),
    (
        "which one answers depends on the order of the file system",
        "到底哪一个生效，取决于文件系统的排列顺序",
    ),
    ("installed version {}, recorded in {}", "安装的版本是 {0}，记录在 {1}"),
    ("locked digest {}", "锁定的摘要：{0}"),
    ("installed digest {}", "安装的摘要：{0}"),
    (
        "the record digest is the sealed one: the same files from another place",
        "record 摘要与封存的一致：文件相同，只是来源不同",
    ),
    ("an editable checkout does not record its commit", "可编辑安装不记录提交号"),
    ("locked version {}, sealed variant {}", "锁定的版本是 {0}，封存的变体是 {1}"),
    ("locked version {}", "锁定的版本：{0}"),
    ("installed version {} in {}", "安装的版本是 {0}，位于 {1}"),
    ("the package itself says {}", "包自己写明的是 {0}"),
    ("the line gives no exact version", "这一行没有给出确切版本"),
    ("the line gives neither an exact version nor a source", "这一行既没有确切版本也没有来源"),
    ("{} gives no version", "{0} 没有给出版本"),
    ("conda-meta still records {} in {}", "conda-meta 仍记录着 {0}，见于 {1}"),
    ("recorded in {}", "记录于 {0}"),
    ("no conda-meta below {}", "{0} 之下没有 conda-meta"),
    ("no record in conda-meta", "conda-meta 中没有记录"),
    ("an unknown installer put {} in {}", "未知的安装工具把 {0} 装到了 {1}"),
    ("{} put {} in {}", "{0} 把 {1} 装到了 {2}"),
    ("by conda's own rules it is not what the line allows", "按 conda 自己的规则，它不在这一行允许的范围内"),
    ("conda-meta records {} with {}", "conda-meta 中记录着 {0}，元数据为 {1}"),
    ("conda-meta records {}", "conda-meta 中记录着 {0}"),
    ("{} is gone", "{0} 已经不在了"),
    (
        "rule {} of {}: it ended on {} and would have decided here",
        "{1} 的规则 {0}：已于 {2} 到期，否则会由它决定这里的结论",
    ),
    ("rules that match nothing here: {}", "在这里什么都没有匹配到的规则：{0}"),
)

_PINS = (
    ("it names no version", "没有写明版本"),
    ("several specifiers instead of one exact version", "给出的是多个限定，而不是一个确切版本"),
    ("a wildcard allows more than one version", "通配符允许不止一个版本"),
    ("{} allows more than one version", "{0} 允许不止一个版本"),
    ("an environment variable in it is not expanded", "其中的环境变量没有展开"),
    ("a local folder names no version", "本地目录没有写明版本"),
    ("a local folder is not fixed by the lock", "本地目录没有被锁文件固定"),
    ("it names no commit", "没有写明提交号"),
    ("its revision is no full commit", "其修订号不是完整的提交号"),
    ("its URL gives neither version nor digest", "其 URL 既没有版本也没有摘要"),
    ("its URL does not name the distribution", "其 URL 没有写明发行包"),
    (
        "it includes a file by an environment variable, which is not expanded",
        "它通过环境变量包含文件，而环境变量没有展开",
    ),
    ("{} constraints that nothing requires, the first is {}", "有 {0} 条约束没有任何包要求，第一条是 {1}"),
)

_FILES = (
    ("{}: missing, RECORD lists it", "{0}：文件缺失，RECORD 中有它"),
    ("{}: not a regular file, RECORD lists one", "{0}：不是普通文件，而 RECORD 中是"),
    ("{}: sha256 {} in RECORD, {} found", "{0}：RECORD 中的 sha256 为 {1}，实际为 {2}"),
    ("{}: sha256 {} in RECORD, {}, {} bytes found", "{0}：RECORD 中的 sha256 为 {1}，实际为 {2}，{3} 字节"),
    ("{}: cannot be read: {}", "{0}：无法读取：{1}"),
    ("{}: not in the manifest; {}", "{0}：不在文件清单中；{1}"),
    ("{}: missing; {} expected", "{0}：文件缺失；应为 {1}"),
    ("{}: {} expected, {} found", "{0}：应为 {1}，实际为 {2}"),
    ("{}: became executable", "{0}：变成了可执行文件"),
    ("{}: was executable", "{0}：原本是可执行文件"),
    ("{}: in no RECORD", "{0}：不在任何 RECORD 中"),
    ("{}: in no RECORD, and conda does not list it", "{0}：不在任何 RECORD 中，conda 也没有列出"),
    ("{}: missing, conda's record lists it", "{0}：文件缺失，conda 的记录中有它"),
    (
        "{}: Python would run it, and it is not what its source compiles to",
        "{0}：Python 会运行它，而它不是由源码编译而来",
    ),
    ("{}: Python would run it, and it or its source is gone", "{0}：Python 会运行它，而它或它的源码已经不在了"),
    ("1 file", "1 个文件"),
    ("{} files", "{0} 个文件"),
    ("and {} more", "另有 {0} 项"),
    (
        "without a manifest: executable bits, byte code in __pycache__, pyvenv.cfg, and edits of RECORD itself",
        "没有文件清单，因此看不到：可执行权限、__pycache__ 中的字节码、pyvenv.cfg，以及对 RECORD 本身的改动",
    ),
    (
        "{} files that depend on the place of installation (console scripts, RECORD, INSTALLER, pyvenv.cfg): the manifest was made in {}",
        "{0} 个随安装位置变化的文件（命令行脚本、RECORD、INSTALLER、pyvenv.cfg）：文件清单是在 {1} 生成的",
    ),
    (
        "{} compiled functions that numba keeps in __pycache__ and writes at run time",
        "{0} 个由 numba 在运行时写入 __pycache__ 的编译函数",
    ),
    (
        "{} files that no RECORD lists and Python does not import",
        "{0} 个不在任何 RECORD 中、也不会被 Python 导入的文件",
    ),
    ("{} files that RECORD lists without a hash", "{0} 个在 RECORD 中没有哈希的文件"),
    ("{}: what lies behind this link, outside the environment", "{0}：这个链接指向环境之外，其中的内容"),
)

_METADATA = (
    ("left behind by an interrupted installation: {}", "安装中断留下的残留：{0}"),
    (
        "named like an egg, and neither a folder with EGG-INFO nor a zip file",
        "名字像 egg，却既不是含 EGG-INFO 的目录，也不是 zip 文件",
    ),
    ("METADATA is empty", "METADATA 是空的"),
    ("METADATA is nothing but NUL bytes", "METADATA 全是 NUL 字节"),
    ("METADATA is not UTF-8", "METADATA 不是 UTF-8"),
    ("METADATA has no Name", "METADATA 没有 Name"),
    ("METADATA has no Version", "METADATA 没有 Version"),
    ("METADATA says {}, the name of its folder says {}", "METADATA 写的是 {0}，目录名写的是 {1}"),
    ("METADATA: no such file", "METADATA：文件不存在"),
    ("METADATA: missing", "METADATA：文件缺失"),
    ("RECORD: no such file", "RECORD：文件不存在"),
    ("RECORD: missing", "RECORD：文件缺失"),
    ("this record of conda is not JSON", "这条 conda 记录不是 JSON"),
    ("this record of conda is not a JSON object", "这条 conda 记录不是 JSON 对象"),
    ("this record of conda has no {}", "这条 conda 记录缺少 {0}"),
    ("import {} finds {}, which no distribution owns", "import {0} 会找到 {1}，它不属于任何发行包"),
    ("import {} finds {}", "import {0} 会找到 {1}"),
    ("{} has {}", "{0} 中的是 {1}"),
    ("{} is not installed", "{0} 没有安装"),
    (
        "the folder of the program that will be started, and what it adds to sys.path, are not known from outside",
        "从外部无法知道将要启动的程序所在的目录，以及它会往 sys.path 里加什么",
    ),
    (
        "start-up code in .pth files was not run, so what it changes is not known: {}",
        "没有运行 .pth 文件中的启动代码，因此不知道它会改变什么：{0}",
    ),
    (
        "without a usable RECORD, so which artifact they come from is not known: {}",
        "没有可用的 RECORD，因此不知道它们来自哪个构建产物：{0}",
    ),
    ("in a zip file, so their files are not verified: {}", "在 zip 文件中，因此没有验证其文件：{0}"),
    (
        "envguard-lock is installed in editable mode, so its own files are not verified",
        "envguard-lock 以可编辑模式安装，因此没有验证它自己的文件",
    ),
    (
        "envguard-lock has no usable RECORD, so its own files are not verified",
        "envguard-lock 没有可用的 RECORD，因此没有验证它自己的文件",
    ),
    (
        "envguard runs from {}, which no RECORD lists, so its own files are not verified",
        "envguard 从 {0} 运行，没有任何 RECORD 列出它，因此没有验证它自己的文件",
    ),
    ("{} claims {}", "{0} 声称拥有 {1}"),
    ("{} is not in the RECORD of envguard-lock", "{0} 不在 envguard-lock 的 RECORD 中"),
    (
        "{} is not the file that the RECORD of envguard-lock names",
        "{0} 与 envguard-lock 的 RECORD 中写的文件不符",
    ),
)

_REPOSITORY = (
    ("{}: no tag, which means latest", "{0}：没有标签，也就是 latest"),
    ("{}: the tag means whatever was pushed last", "{0}：这个标签永远指向最新推送的镜像"),
    ("{}: the tag names a series, not one release", "{0}：这个标签指的是一个系列，而不是某个发布版"),
    ("{}: a full version, but no digest", "{0}：版本完整，但没有摘要"),
    ("{}: the digest names one image", "{0}：摘要唯一确定一个镜像"),
    ("{}: its tag has a variable without a value here", "{0}：标签中的变量在此没有值"),
    ("{}: its name is a variable without a value here", "{0}：名称是在此没有值的变量"),
    ("{}: its digest is a variable without a value here", "{0}：摘要是在此没有值的变量"),
    ("{}: no version", "{0}：没有版本"),
    ("{}: not one version", "{0}：不是唯一的版本"),
    ("{}: a branch or tag of a repository, not a commit", "{0}：代码仓库的分支或标签，而不是提交"),
    ("{}: a variable without a value here", "{0}：在此没有值的变量"),
    ("{}: constraints decide", "{0}：由约束文件决定"),
    ("{}: everything moves to its newest version", "{0}：全部更新到最新版本"),
)

_NOTED = tuple((f"{{}}: {english}", "{0}：" + chinese.replace("{0}", "{1}")) for english, chinese in _REPOSITORY)
"""In a note the file and line stand in front."""

_SKIPPED = (
    ("the environment was read at depth {} only", "环境只读取到深度 {0}"),
    ("the golden file does not say which Python it was made for", "锁文件没有说明是为哪个 Python 生成的"),
    (
        "the golden file does not say which of its packages are needed here",
        "锁文件没有说明其中哪些包是这里需要的",
    ),
    (
        "the golden file seals no record digest; envguard freeze does",
        "锁文件没有封存 record 摘要；envguard freeze 会封存",
    ),
    ("the golden file names only some of what is installed", "锁文件只列出了部分已安装的包"),
)

LINES = (*_CHECKS, *_PINS, *_FILES, *_METADATA, *_SKIPPED, *_NOTED, *_REPOSITORY)
"""English line -> Chinese line."""

VALUES = (
    ("{} and {} more", "{0} 等，另有 {1} 项"),
    ("{} of {}", "{1} 的 {0}"),
    ("1 file", "1 个文件"),
    ("{} files", "{0} 个文件"),
    ("1 difference", "1 处差异"),
    ("{} differences", "{0} 处差异"),
    ("none", "无"),
    ("1 path is", "1 个路径"),
    ("{} paths are", "{0} 个路径"),
    ("sha256 {}, {} bytes", "sha256 {0}，{1} 字节"),
    ("neither file nor link", "既非文件也非链接"),
    ("nothing readable", "无法读取的内容"),
    ("one of them", "其中之一"),
    ("(unknown)", "（未知）"),
    ("permission denied", "权限不足"),
    ("no such file or directory", "文件或目录不存在"),
    ("is a directory", "是一个目录"),
    ("not a regular file", "不是普通文件"),
    ("a regular file", "普通文件"),
    ("missing", "文件缺失"),
)
"""The same for what may stand in a field of a line."""
