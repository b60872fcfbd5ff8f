"""Chinese: EG5xx, what the files of a repository say about the environments that will be built from it."""

from envguard.languages._titled import titled

CODES = {
    "EG501": titled(
        "浮动镜像标签",
        "镜像的写法明天可能指向另一个镜像。",
        finds="Dockerfile、compose 文件、GitHub workflow、GitLab CI 和 Kubernetes 清单中的镜像：没有标签，或标签是 `latest`、"
        "`nightly`、`main` 之类（禁止）；或标签指的是一个系列，例如 `python:3.11`、`ubuntu:22.04`、"
        "`pytorch/pytorch:2.8-runtime`（谨慎）。读不了的文件为无法验证。",
        matters="同一个提交换一天构建就是另一个环境，而历史记录里看不出原因。",
        action="写明摘要：`name:VERSION@sha256:DIGEST`。Renovate 之类的工具会通过经过评审的提交来更新它。",
        limits="只看写法，不询问镜像仓库。摘要最好。三段数字、日期、提交号或构建号视为固定，只作备注，尽管其所有者仍可能重新推送；"
        "postgres 的两段数字、nvcr.io 的年.月也视为固定。ARG 的默认值和 `${VAR:-x}` 视为取值；在此没有值的变量只作备注。"
        "`.env` 文件、include、Helm 模板以及基础镜像自己的基础镜像不读取。",
    ),
    "EG502": titled(
        "未锁定的依赖",
        "构建时会装上当天最新的版本。",
        finds="RUN、workflow 的 `run` 和 GitLab CI 脚本中的 `pip install`、`uv pip install` 以及 "
        "`conda|mamba|micromamba install|create|update`，其依赖不是确切版本：没有版本、`>=`、`~=`、`==2.*`、"
        "代码仓库的分支、conda 的 `=1.26`。",
        matters="同一个提交的两次构建装上了不同的包，测试过的并不是实际运行的那一份。",
        action="从锁文件安装（`-r envguard.lock`），或写 `==` 加验证过的版本。",
        limits="只读文本，不运行 shell：来自没有值的变量、命令替换或约束的内容只作备注。`-r FILE` 和 `--require-hashes` "
        "予以通过，但不读取该文件。确切的依赖又带来不确切的依赖，这一点不予说明。pipx、`uv tool`、`uv add`、poetry 和 apt "
        "不读取。",
    ),
    "EG503": titled(
        "解释器被替换",
        "构建过程用另一个 Python 盖过了镜像中 torch 所针对的那一个。",
        finds="在自带 torch 的镜像（`pytorch/pytorch`、`nvcr.io/nvidia/pytorch`、`rocm/pytorch` 之类）或在其中运行的 workflow 任务里："
        "`conda install python=`、`COPY --from=python:3.x /usr/local`、把另一个 Python 设为 `python` 的 `update-alternatives` 和链接、"
        "`pyenv global`、以另一个 Python 的目录开头的 PATH、`actions/setup-python`（禁止）；"
        "用 apt、uv、pyenv 或源码在旁边另装一个 Python，而这里没有让它排到最前（谨慎）。",
        matters="torch 的扩展模块绑定在一个 Python 的 ABI 上。换成另一个，导入时会报 `dynamic module does not define module export "
        "function`，或者根本找不到 torch。",
        action="使用镜像自带的 Python（`python -m pip`），或换用针对所需 Python 构建的镜像。",
        limits="镜像按名称识别，不知道它自带哪个 Python：写明相同版本的也无法区分。用镜像自带的 Python 建立的虚拟环境、`python3-dev`、"
        "`python3-pip` 之类不算替换。文件中只是调用的脚本不读取。",
    ),
}
