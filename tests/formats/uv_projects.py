"""Projects for uv to lock, with a tiny index of their own: no network is needed."""

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

from packaging.markers import Marker, default_environment

UV_QUIET = ("--offline", "-q")

CONFLICTING = """
[project]
name = "demo"
version = "0.1.0"
requires-python = ">=3.10"
dependencies = ["alpha", "plugin", "beta<2; python_version < '3.11'", "beta>=2; python_version >= '3.11'"]
[project.optional-dependencies]
yaml = ["zeta"]
cpu = ["engine"]
gpu = ["engine"]
empty = []
[dependency-groups]
dev = ["epsilon"]
docs = ["gpulib", {include-group = "dev"}]
[tool.uv]
conflicts = [[{extra = "cpu"}, {extra = "gpu"}]]
[tool.uv.sources]
engine = [{index = "cpu", extra = "cpu"}, {index = "gpu", extra = "gpu"}]
"""
GROUPS = """
[project]
name = "grouped"
version = "1"
requires-python = ">=3.10"
dependencies = ["plugin"]
[dependency-groups]
dev = ["zeta; sys_platform == 'linux'", "gamma; sys_platform == 'win32'"]
cpu = ["engine"]
gpu = ["engine"]
[tool.uv]
conflicts = [[{group = "cpu"}, {group = "gpu"}]]
[tool.uv.sources]
engine = [{index = "cpu", group = "cpu"}, {index = "gpu", group = "gpu"}]
"""
WORKSPACE = """
[project]
name = "whole"
version = "1"
requires-python = ">=3.10"
dependencies = ["part[more]", "folder", "alpha", "wheel-here"]
[tool.uv.workspace]
members = ["packages/*"]
[tool.uv.sources]
part = {workspace = true}
folder = {path = "folder"}
wheel-here = {path = "../main/wheel_here-4.0-py3-none-any.whl"}
[build-system]
requires = []
build-backend = "none"
"""
VIRTUAL = """
[tool.uv.workspace]
members = ["packages/*"]
[dependency-groups]
dev = ["zeta"]
"""
MEMBER = """
[project]
name = "part"
version = "2"
requires-python = ">=3.10"
dependencies = ["beta"]
[project.optional-dependencies]
more = ["epsilon"]
[build-system]
requires = []
build-backend = "none"
"""
FOLDER = """
[project]
name = "folder"
version = "3"
dependencies = ["gpulib"]
[build-system]
requires = []
build-backend = "none"
"""
SOURCES = "".join(
    f'\n[[tool.uv.index]]\nname = "{name}"\nurl = "../{name}"\nformat = "flat"\n{more} = true\n'
    for name, more in (("cpu", "explicit"), ("gpu", "explicit"), ("main", "default"))
)


def index(folder: Path) -> None:
    """Write the wheels of three flat indexes."""
    for name, version, requires in (
        ("alpha", "1.0", ("beta>=1", "gamma; sys_platform=='win32'", "delta[fast]>=1; python_version>='3'")),
        ("beta", "1.0", ()),
        ("beta", "2.0", ()),
        ("gamma", "1.0", ()),
        ("delta", "1.5", ("epsilon; extra=='fast'",)),
        ("epsilon", "3.0", ()),
        ("zeta", "0.1", ()),
        ("plugin", "1.0", ("engine",)),
        ("gpulib", "12.8", ()),
        ("engine", "2.9.1", ()),
        ("wheel_here", "4.0", ()),
    ):
        _wheel(folder / "main", name, version, requires)
    _wheel(folder / "cpu", "engine", "2.9.1+cpu")
    _wheel(folder / "gpu", "engine", "2.9.1+cu128", ("gpulib",))


def project(folder: Path, pyproject: str, members: dict[str, str]) -> Path:
    """Write a project beside the indexes."""
    (folder / "project").mkdir()
    (folder / "project" / "pyproject.toml").write_text(pyproject + SOURCES)
    for place, content in members.items():
        inside = folder / "project" / place
        inside.mkdir(parents=True)
        (inside / "pyproject.toml").write_text(content)
    return folder / "project"


def exported(text: str, python: str) -> dict[str, str]:
    """What an export of uv installs: names and versions, folders with the version "-"."""
    environment = {key: str(value) for key, value in default_environment().items()}
    environment.update(python_full_version=python, python_version=python.rpartition(".")[0], extra="")
    found = {}
    for line in text.splitlines():
        requirement, _semicolon, marker = line.partition(" ; ")
        if marker and not Marker(marker).evaluate(environment):
            continue
        if named := re.fullmatch(r"([\w.-]+)==(\S+)", requirement):
            found[named[1]] = named[2]
        elif requirement:
            place = requirement.split()[-1].rstrip("/")
            file = place.rpartition("/")[2]
            found[re.split(r"-\d", file)[0].replace("_", "-")] = "-"
    return found


def _wheel(folder: Path, name: str, version: str, requires: Sequence[str] = ()) -> None:
    folder.mkdir(exist_ok=True)
    extras = sorted(set(re.findall(r"extra=='(\w+)'", " ".join(requires))))
    metadata = f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n"
    metadata += "".join(f"Provides-Extra: {extra}\n" for extra in extras)
    metadata += "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
    wheel = "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for member, content in (("METADATA", metadata), ("WHEEL", wheel), ("RECORD", "")):
            archive.writestr(f"{info}/{member}", content)
        archive.writestr(f"{name}.py", "")
