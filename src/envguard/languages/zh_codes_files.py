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
        "构建过程安装或切换到另一个 Python，盖过了镜像中 torch 所针对的那一个。",
        finds="镜像自带为某个 Python 构建的框架，而之后的步骤安装了另一个 Python，或把默认的 Python 切换成另一个。",
        matters="镜像里的编译包是为原来的 Python 构建的，换了解释器就导入不了，或者又从头装一份没人验证过的。",
        action="使用镜像自带的 Python，或换一个 Python 版本合适的基础镜像。",
        limits="只读文本，不运行任何命令，也不询问镜像仓库。",
    ),
}
