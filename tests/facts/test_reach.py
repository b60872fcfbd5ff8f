"""Which extension modules an import leads to, against what really got imported."""

import json
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

import pytest
from linkage_places import SMALL, download, environment_of

from envguard.facts.reach import Reach
from envguard.facts.suffixes import extension_suffixes
from envguard.facts.sure_imports import conditions
from support import run, site_packages

HERE = conditions(".".join(map(str, sys.version_info[:3])), sys.platform, sys.implementation.name)
SOABI = str(sysconfig.get_config_var("SOABI"))
SUFFIXES = extension_suffixes(SOABI)
EXTENSION = f".{SOABI}.so"


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def reached(folder: Path, *names: str, late: tuple[str, ...] = ()) -> dict[str, tuple[str, str]]:
    """Module and importer, relative, by the path of each extension module."""
    reach = Reach([str(folder)], SUFFIXES, HERE, lambda path: "foreign" not in path, late=late)
    found = reach.extensions(names)
    return {short(path, folder): (way.module, short(way.importer, folder)) for path, way in found.items()}


def short(path: str, folder: Path) -> str:
    return str(Path(path).relative_to(folder)) if path else ""


def test_imports_are_followed_through_packages(tmp_path: Path) -> None:
    write(tmp_path, {
        "a/__init__.py": "from a.b import c\nfrom . import _direct\nimport foreign",
        f"a/_direct{EXTENSION}": "",
        "a/b/__init__.py": "",
        "a/b/c.py": "from ..d import *",
        "a/d.py": "from ._one import x\ndef f():\n    from ._lazy import y",
        "a/_one.abi3.so": "",
        "a/_lazy.abi3.so": "",
        "a/_unused.so": "",
        "foreign.so": "",
    })  # fmt: skip
    assert reached(tmp_path, "a") == {
        f"a/_direct{EXTENSION}": ("a._direct", "a/__init__.py"),
        "a/_one.abi3.so": ("a._one", "a/d.py"),
    }


def test_a_name_that_the_package_defines_is_no_module(tmp_path: Path) -> None:
    write(tmp_path, {"a/__init__.py": "from .b import x", "a/b.py": "from a import _c", "a/_c.so": ""})
    assert list(reached(tmp_path, "a")) == ["a/_c.so"]
    write(tmp_path, {"a/__init__.py": "def _c(): ...\nfrom .b import x"})
    assert reached(tmp_path, "a") == {}


def test_the_order_of_python(tmp_path: Path) -> None:
    """A package comes before an extension module, that before a source, and a namespace last."""
    write(tmp_path, {"a/__init__.py": "", "a.so": "", "b.so": "", "b.py": "", "c.py": "", "c/d.so": "", "e/f.so": ""})
    assert reached(tmp_path, "a", "b", "c", "e") == {"b.so": ("b", "")}
    assert reached(tmp_path, "e.f") == {"e/f.so": ("e.f", "")}


def test_packages_in_a_namespace_are_entrances(tmp_path: Path) -> None:
    write(tmp_path, {"google/protobuf/__init__.py": "from google._upb import _message", "google/_upb/_message.so": ""})
    assert list(reached(tmp_path, "google")) == ["google/_upb/_message.so"]


def test_suffixes_that_are_not_tried(tmp_path: Path) -> None:
    other = ".cpython-27-x86_64-linux-gnu.so"
    write(tmp_path, {"a/__init__.py": "from . import _x, _y", f"a/_x{other}": "", f"a/_y{other}": "", "a/_y.py": ""})
    assert reached(tmp_path, "a") == {}
    assert list(reached(tmp_path, "a", late=(other,))) == [f"a/_x{other}"]


@pytest.mark.parametrize(
    "text",
    [
        "from .a import b",  # itself
        "import " + ".".join("a" * 500),
        "from " + "." * 300 + " import x",
        "from . import " + ", ".join(f"x{number}" for number in range(5000)),
        "import a.a.a.a.a.a",
        "\0",
        "import a\udc80".encode("utf-8", "surrogateescape").decode("latin-1"),
    ],
)
def test_odd_sources(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"a/__init__.py": text})
    assert reached(tmp_path, "a", "a.b", "", ".", "a..b", "a/b", "x" * 300) == {}


def test_a_ring_and_a_long_chain(tmp_path: Path) -> None:
    count = 4000
    write(tmp_path, {f"m{number}.py": f"import m{(number + 1) % count}" for number in range(count)})
    write(tmp_path, {"near.py": "import _x\nimport m0", "_x.so": ""})
    assert reached(tmp_path, "near") == {"_x.so": ("_x", "near.py")}


@pytest.mark.slow
def test_all_that_is_said_is_imported(tmp_path: Path) -> None:
    wheels = download(tmp_path / "wheels", *SMALL, "lxml==5.3.1", "msgpack==1.1.0", "PyYAML==6.0.2")
    venv = environment_of(tmp_path, wheels)
    site = site_packages(venv)
    tops = ("orjson", "zmq", "PIL", "markupsafe", "_cffi_backend", "cffi", "psutil", "lxml", "msgpack", "yaml")
    total = 0
    for top in tops:
        code = (
            f"import json, sys, {top}\n"
            "files = [str(getattr(module, '__file__', '')) for module in list(sys.modules.values())]\n"
            "print(json.dumps([file for file in files if file.endswith('.so')]))"
        )
        done = run(venv / "bin" / "python", "-c", code)
        assert done.returncode == 0, done.stderr
        really = {path for path in json.loads(done.stdout) if path.startswith(str(site))}
        said = set(Reach([str(site)], SUFFIXES, HERE, lambda path: path.startswith(str(site))).extensions([top]))
        assert said <= really, top
        total += len(said)
    assert total >= 2
