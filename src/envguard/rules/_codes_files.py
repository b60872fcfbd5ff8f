"""EG5xx: what the files of a repository say about the environments that will be built from it."""

from envguard.rules._code import code

CODES = (
    code(
        "EG501",
        "floating-image-tag",
        "An image is named by words that may name another one tomorrow.",
        finds="In Dockerfiles, compose files, GitHub workflows, GitLab CI and Kubernetes manifests: images without a "
        "tag, with `latest`, `nightly`, `main` and their like (forbidden), or with a tag that names a series, such as "
        "`python:3.11`, `ubuntu:22.04` or `pytorch/pytorch:2.8-runtime` (cautious). Files that cannot be read are "
        "unverified.",
        matters="The same commit builds another environment on another day, and nothing in the history says why.",
        action="Name the digest: `name:VERSION@sha256:DIGEST`. Renovate and its like move it by a reviewed commit.",
        limits="Known by the words alone; no registry is asked. A digest is best. Three numbers, a date, a commit or a "
        "build number count as fixed and are only noted, though their owner could push them again; two numbers do so "
        "for postgres, and year.month for nvcr.io. Defaults of ARG and `${VAR:-x}` count as values; a variable "
        "without a value here is noted. `.env` files, includes, Helm templates and the base images' own base are not "
        "read.",
    ),
    code(
        "EG502",
        "unpinned-requirement",
        "A build installs whatever version is newest on that day.",
        finds="`pip install`, `uv pip install` and `conda|mamba|micromamba install|create|update` in RUN, in the `run` "
        "of workflows and in the scripts of GitLab CI, whose requirements are not exact: no version, `>=`, `~=`, "
        "`==2.*`, a branch of a repository, conda's `=1.26`.",
        matters="Two builds of one commit hold different packages, and the one that was tested is not the one that "
        "runs.",
        action="Install from a lock (`-r envguard.lock`), or write `==` and the version that was validated.",
        limits="The text is read, no shell is run: what comes from variables without a value here, from command "
        "substitutions or from constraints is noted. `-r FILE` and `--require-hashes` pass, and the file is not "
        "read. That an exact requirement brings others that are not exact is not said. pipx, `uv tool`, `uv add`, "
        "poetry and apt are not read.",
    ),
    code(
        "EG503",
        "interpreter-replaced",
        "A build puts another Python over the one that the image's torch was compiled for.",
        finds="In an image that brings torch (`pytorch/pytorch`, `nvcr.io/nvidia/pytorch`, `rocm/pytorch` and their "
        "like) or in a workflow's job inside of one: `conda install python=`, `COPY --from=python:3.x /usr/local`, "
        "`update-alternatives` and links that make another one `python`, `pyenv global`, PATH that begins with another "
        "Python's folder, `actions/setup-python` (forbidden); another Python installed beside it by apt, uv, pyenv or "
        "from source, which nothing here makes the first one (cautious).",
        matters="Extension modules of torch carry the ABI of one Python. Under another one the import says `dynamic "
        "module does not define module export function`, or does not find torch at all.",
        action="Use the image's own Python (`python -m pip`), or take the image that was built for the Python that is "
        "needed.",
        limits="Images are known by their names, which Python they bring is not known: one that names the same version "
        "is not told apart. Virtual environments of the image's own Python, `python3-dev`, `python3-pip` and their "
        "like are no replacement. Scripts that the file only calls are not read.",
    ),
)
