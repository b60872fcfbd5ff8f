"""Chinese: EG3xx, driver, CUDA libraries, torch and ONNX Runtime."""

from envguard.languages._titled import titled

CODES = {
    "EG301": titled(
        "驱动过旧",
        "NVIDIA 驱动低于已安装的 CUDA 版本所需的最低版本。",
        finds="驱动低于某个已安装构建的 CUDA 主版本所需的最低版本：11 需要 450.80.02，12 需要 525.60.13，13 需要 580"
        "（次版本兼容）；每一代 CUDA 报告一次，并列出所有使用者。",
        matters="所有 CUDA 调用都会失败，或者框架一声不响地退回 CPU。",
        action="升级主机驱动，或安装驱动所支持的 CUDA 版本的构建。",
        limits="没有上限：新驱动可以运行旧 CUDA。没有驱动的机器不作判断，因为镜像常在没有 GPU 的机器上检查。"
        "较新的 libcuda.so.1 配较旧的内核模块（前向兼容）只作备注。Jetson 驱动的编号方式不同，不作判断。"
        "静态链接的 CUDA 看不出版本。",
    ),
    "EG302": titled(
        "CUDA 版本混用",
        "文件需要的 CUDA 库与已安装的不是同一代。",
        finds="例如某个共享库需要 libcublas.so.11，而只安装了 libcublas.so.12；依据是 DT_NEEDED，"
        "若它已被改掉，则依据符号版本。",
        matters="它无法加载：导入失败，或者某个 provider 被跳过，计算落到 CPU 上。",
        action="安装与 torch 自带的 CUDA 版本一致的构建，或在旁边安装相应的 nvidia-* wheel。",
        limits="系统库按加载器的方式查找。程序运行时按名称打开（dlopen）的库，除非文件中有声明，否则看不到。"
        "带编号、只加载其一的变体只作备注。",
    ),
    "EG303": titled(
        "cuDNN 版本不符",
        "文件需要的 cuDNN 与已安装的不是同一代。",
        finds="某个共享库需要 libcudnn.so.8，而安装的是 libcudnn.so.9，或者反过来。",
        matters="第 8 代和第 9 代不能互相替代：导入失败，或者某个 provider 被跳过。",
        action="加 --no-deps 重装框架所锁定的 nvidia-cudnn wheel。",
        limits="同一代之内的小版本不作比较。",
    ),
    "EG304": titled(
        "ONNX Runtime provider",
        "ONNX Runtime 的 CUDA provider 在这里无法加载。",
        finds="libonnxruntime_providers_cuda.so 所需的 CUDA 或 cuDNN 库没有安装、属于另一代，或位于加载器不会查找的位置；"
        "或者两个 ONNX Runtime 发行包共用一个目录：由 RECORD 中的哈希判断那里的模块属于谁。",
        matters="ONNX Runtime 会改在 CPU 上运行，只在日志里留下一行：服务结果正确，却慢二十倍。",
        action="安装针对现有 CUDA 版本构建的 onnxruntime-gpu（索引上自 1.19 起为 CUDA 12），并且只保留一个 ONNX Runtime "
        "发行包。",
        limits="文件只能证明缺了什么，不能证明会话真的会用 GPU；`envguard doctor --probe` 会直接询问库本身。"
        "只有先导入 torch 才能找到的库只作备注。没有安装其他代的 CUDA 时只算存疑，因为 CUDA 可能位于只有该服务的 "
        "LD_LIBRARY_PATH 才指向的位置。",
    ),
    "EG305": titled(
        "torch 家族不配套",
        "torch、torchvision 与 torchaudio 彼此不配套。",
        finds="它们之间的 Requires-Dist 锁定没有满足，或构建所用的 CUDA 版本不同（看本地标签；wheel 不带标签时看各自的 "
        "version.py）；torchvision 不接受 CUDA 主版本不同，torchaudio 不接受主版本或次版本不同。",
        matters="算子会消失（`operator torchvision::nms does not exist`），更糟的是，所有符号都能解析，"
        "运行的却是错误的内核。",
        action="用一条命令从同一个索引安装同期发布的三个版本。",
        limits="没有锁定 torch 的发布版只按标签和符号（EG402）判断。既没有标签也没写明 CUDA 版本的构建不作判断。",
    ),
    "EG306": titled(
        "CPU 环境中的 CUDA",
        "CPU 版 torch 旁边装着 CUDA 库。",
        finds="在 CPU 版 torch 旁边有 nvidia-*、cuda-toolkit、cuda-bindings、cuda-pathfinder 或 triton 发行包，"
        "没有任何包（包括任何 extra）要求它们，也没有编译文件链接它们，并给出占用的 MB 数；"
        "或者该 torch 的某些依赖的环境标记在目标平台上成立。",
        matters="每个镜像都白白带上好几 GB，而且很可能本来想装的是 CUDA 版。",
        action="卸载它们，或安装 CUDA 版的 torch。",
        limits="手工指定过的 extra 不留痕迹；只有自己的代码才打开的库会被当作无人需要。编译器和 NVIDIA 的其他产品不计入。"
        "`--target` 读取的是已安装的 torch 的元数据。",
    ),
    "EG307": titled(
        "GPU 架构不支持",
        "已安装的构建没有适用于这块 GPU 的代码。",
        finds="GPU 的计算能力在 .nv_fatbin 段中没有任何可用的 SASS，也没有可用的 PTX。SASS 可在主版本相同、"
        "次版本相等或更高的 GPU 上运行；PTX 要求驱动认识该工具包的 CUDA 版本。",
        matters="第一次运算就会报 `no kernel image is available for execution on the device`。",
        action="安装包含该 GPU 架构的构建，或换用构建中列出的 GPU。",
        limits="需要知道 GPU 的计算能力，而这只有 NVML 能提供；不知道就说不知道。运行时编译的内核（Triton）不在文件中。"
        "sm_90a 按 sm_90 处理。",
    ),
}
