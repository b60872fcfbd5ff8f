"""Chinese: EG4xx, compiled files, who owns which file, and what is required."""

from envguard.languages._titled import titled

CODES = {
    "EG401": titled(
        "库缺失",
        "编译文件所需的共享库不存在。",
        finds="每个共享库都按 ld.so 的方式解析，再到它自己的包、该包的依赖以及其代码所导入的包里查找。"
        "报告的是 DT_NEEDED 中的名称，或符号版本所指的库，以上各处都没有提供。",
        matters="导入失败（`cannot open shared object file`），或者错误被吞掉，之后在别处出问题。",
        action="重装写明的包，或安装匹配的构建（CPU 版 torch 配 CPU 版 torchvision）；依据中写明了现有的同系列的库。",
        limits="只有导入该包时必定加载的才算确定，由语法树判断。运行时按名称打开的库看不到。驱动库属于主机，从不报告。"
        "musl 不在模拟范围内。",
    ),
    "EG402": titled(
        "符号缺失",
        "编译文件所需的符号没有任何库导出。",
        finds="未定义且非弱的符号，在作用域内以及整个环境中都找不到所需版本的定义；"
        "同时给出本应导出它的库以及双方所属的包。",
        matters="文件链接时用的是另一个构建：导入时报 `undefined symbol`，或者只看到 `operator torchvision::nms does not "
        "exist`。",
        action="安装彼此配套的版本；依据中列出了元数据的要求。",
        limits="没有发现只说明没有符号缺失，不等于兼容：枚举和虚函数表的变化不留痕迹。库缺失时不检查符号。",
    ),
    "EG403": titled(
        "符号版本缺失",
        "库存在，但对编译文件来说太旧。",
        finds="加载器会选用的库没有定义所需的符号版本（GLIBC_2.34、GLIBCXX_3.4.30、CXXABI_1.3.13 等）。"
        "版本按集合比较，不按数字比较。",
        matters="导入时报 `version GLIBCXX_3.4.30 not found`，常见于换到更旧的基础镜像，"
        "或搜索路径最前面有一个外来的 libstdc++。",
        action="使用不低于 wheel 平台标签的基础镜像，或把较旧的库从 LD_LIBRARY_PATH 中去掉。",
        limits="库本身不带版本信息时，加载器只会警告，因此不报告。",
    ),
    "EG404": titled(
        "Python ABI 不符",
        "编译模块面向另一个 Python、机器架构或 C 库。",
        finds="扩展模块的文件后缀不被这个解释器导入（文件在，后缀却属于 cp310），它不接受的 wheel 标签，"
        "以及不是这台机器的共享库的文件。",
        matters="导入失败，报错却完全不提真正的原因，例如 `cannot import name` 或 `you should not import numpy from its "
        "source directory`。",
        action="用这个解释器的 pip 重装该包。",
        limits="只有标签不符时算存疑或备注。普通的 .so 文件不含 Python 版本：按其符号判断。",
    ),
    "EG405": titled(
        "NumPy ABI 不符",
        "扩展是针对另一代 NumPy 构建的。",
        finds="NumPy 2 之下的扩展模块带有 NumPy 1 头文件的导入代码（写的是 numpy.core 而不是 numpy._core），"
        "以及针对比已安装的 NumPy 更新的 C-API 构建的模块。",
        matters="报 `numpy.core.multiarray failed to import` 或 `numpy.dtype size changed`，"
        "而 pip 和 `pip check` 往往毫无异议。",
        action="安装针对现有 NumPy 构建的发布版，或安装依据中写明的 NumPy。",
        limits="对 NumPy 1 的模块，不追问程序是否会用到它。延迟查找 NumPy 的模块只作备注，因为已知的这类模块能正常工作。"
        "需要更新的 NumPy 的模块，只有元数据或导入表明会用到时才算。不是模块的库算存疑。文件中没有迹象不证明任何事。",
    ),
    "EG406": titled(
        "文件被覆盖",
        "两个包拥有相同的文件。",
        finds="两个发行包的 RECORD 声称拥有同样的代码文件而内容不同：共有多少路径、多少不同、现在是谁的内容。",
        matters="最后安装的覆盖了先前的，所以另一个运行的是别人的文件；卸载任何一个都会删掉双方的文件。",
        action="两个都卸载，再安装真正要用的那个。",
        limits="内容相同不算问题。命名空间包的桩文件、数据、脚本以及顶层的 tests 之类目录只作备注。"
        "没有哈希的条目不作为判断依据。",
    ),
    "EG407": titled(
        "依赖冲突",
        "已安装的包的依赖没有满足。",
        finds="某条 Requires-Dist 的环境标记对这个解释器成立，而所要求的包没有安装，或版本不在允许范围内："
        "也就是 `pip check` 的问题。",
        matters="包没有声称能这样工作，可能以任何方式失败。",
        action="安装所要求的版本，或换一个接受现有版本的发布版。",
        limits="元数据可能比代码更严。与 pip 一样，不追究 extra 的依赖。torch 家族内部的锁定属于 EG305。"
        "旧式 egg 的 requires.txt 不读取。",
    ),
    "EG408": titled(
        "库被劫持",
        "LD_LIBRARY_PATH 或 LD_PRELOAD 让另一个库取代了环境使用的库。",
        finds="解释器或环境中的编译文件所需的某个库，在本进程的这些变量下，加载器会取自环境之外或另一个发行包，"
        "没有这些变量则取自别处。给出两个文件、它们所属的包以及谁需要它们。",
        matters="经过测试的 libcudnn、libstdc++ 或 libc10 并不是实际运行的那一个。RUNPATH（较新的 torch wheel）"
        "即使对 wheel 自己的文件也让位于 LD_LIBRARY_PATH；RPATH 则不会。",
        action="为这个服务取消该变量，或从中去掉那个目录。如果确实要用另一个库，就保留它，并用一条规则接受这个问题。",
        limits="按这些变量现在的值判断；别的进程可能有不同的值。字节完全相同、环境自己的目录、别处都找不到的库、"
        "驱动库和内存分配器都不算问题。只覆盖个别符号的预加载文件只作备注，不比较。musl 不在模拟范围内。",
    ),
    "EG409": titled(
        "无主启动代码",
        "每次启动 Python 都会运行的代码，却没有任何包为它负责。",
        finds="含代码的 .pth 文件、sitecustomize 或 usercustomize，没有任何 RECORD 或 conda 记录列出它，并给出第一行代码。",
        matters="它先于程序（包括守卫本身）运行，可以改变任何东西。",
        action="查清是谁放的；删除它，或把它打进一个包里发布。",
        limits="virtualenv 和 setuptools 的文件按内容识别，操作系统的文件按位置识别，只作备注。有归属的文件做什么不作判断。"
        "用其他变量启动 Python 的情况看不到。",
    ),
}
