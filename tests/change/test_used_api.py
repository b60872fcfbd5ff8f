"""Used symbols that changed between two real versions, and what cannot be seen."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from envguard.change.planning import used_api, used_symbols
from envguard.change.wheels import incoming
from envguard.errors import UsageError
from envguard.rules.catalog import CODES, KINDS
from wheel_making import make, the

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from envguard.change.planning.used_api import Comparison


@pytest.fixture(scope="module")
def unpacked(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    patterns = {
        "pillow 10": "?illow-10*",
        "pillow 9": "?illow-9*",
        "requests 2.31": "requests-2.31*",
        "requests 2.32": "requests-2.32*",
    }
    folder = tmp_path_factory.mktemp("unpacked")
    for name, pattern in patterns.items():
        incoming.read(the(wheels, pattern), unpack=str(folder / name))
    return {name: folder / name for name in patterns}


def compare(project: Path, code: str, top: str, old: Path, new: Path) -> Comparison:
    project.mkdir(exist_ok=True)
    (project / "app.py").write_text(code)
    return used_api.compare([project], [top], old, new)


def test_a_project_that_uses_what_pillow_10_brought(unpacked: dict[str, Path], tmp_path: Path) -> None:
    code = (
        "from PIL import Image, ImageOps as ops\n"
        "import PIL.ImageFont\n"
        "image = Image.open('x.png')\n"
        "ops.cover(image, (10, 10))\n"
        "font = PIL.ImageFont.load_default(size=12)\n"
        "ops.contain(image, (10, 10))\n"
    )
    found = compare(tmp_path / "app", code, "PIL", unpacked["pillow 10"], unpacked["pillow 9"])
    assert [(each.symbol, each.places) for each in found.changed] == [
        ("PIL.ImageFont.load_default", ("app.py:5",)),
        ("PIL.ImageOps.cover", ("app.py:4",)),
    ]
    change = used_api.change("pillow", "10.4.0", "9.5.0", found)
    assert change is not None
    assert change.code in CODES
    assert change.kind in KINDS
    assert (change.path, change.line) == ("app.py", 5)
    assert change.evidence[0].startswith("used symbols that changed: 2 of ")
    assert "PIL.ImageOps.cover was removed; used in app.py:4" in change.evidence
    assert "(size)" in change.evidence[1]
    assert not any("compatible" in line for line in (*change.evidence, *found.blind))


def test_a_project_that_does_not(unpacked: dict[str, Path], tmp_path: Path) -> None:
    code = (
        "import PIL\nfrom PIL import Image, ImageFont\n"
        "image = Image.open('x.png').convert('RGB')\n"
        "font = ImageFont.load_default()\n"
        "print(PIL.__version__, Image.new('RGB', (1, 1)))\n"
    )
    found = compare(tmp_path / "app", code, "PIL", unpacked["pillow 10"], unpacked["pillow 9"])
    assert found.changed == ()
    assert found.used == 7
    assert used_api.change("pillow", "10.4.0", "9.5.0", found) is None
    assert set(used_api.BLIND) <= set(found.blind)


def test_requests_has_nothing(unpacked: dict[str, Path], tmp_path: Path) -> None:
    code = (
        "import requests\nfrom requests.adapters import HTTPAdapter\n"
        "session = requests.Session()\nsession.mount('https://', HTTPAdapter(max_retries=3))\n"
        "try:\n    requests.get('https://example.org', timeout=3)\n"
        "except requests.exceptions.ConnectionError:\n    print(requests.__version__)\n"
    )
    found = compare(tmp_path / "app", code, "requests", unpacked["requests 2.31"], unpacked["requests 2.32"])
    assert (found.changed, found.files) == ((), 1)
    assert found.used >= 5


OLD = """
import os
raise SystemExit('imported')
LIMIT = 3
def stays(a, b=1): pass
def loses(a, b=1): pass
def gains(a): pass
def other_default(a, b=1): pass
def moved(a, b): pass
class Thing:
    def __init__(self, a, b=2): pass
    def method(self): pass
class Gone: pass
"""
NEW = """
import os
raise SystemExit('imported')
LIMIT = 4
def stays(a, b=1): pass
def loses(a): pass
def gains(a, c): pass
def other_default(a, b=2): pass
def moved(b, a): pass
class Thing:
    def __init__(self, a): pass
"""


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Path]:
    folder = tmp_path_factory.mktemp("versions")
    exports = "from pack.core import stays, loses as short, Gone\n"
    for version, code in (("1.0", OLD), ("2.0", NEW)):
        kept = exports if version == "1.0" else exports.replace(", Gone", "")
        wheel = make(folder, "pack", version, {"pack/__init__.py": kept, "pack/core.py": code})
        incoming.read(wheel, unpack=str(folder / version))
    return folder / "1.0", folder / "2.0"


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("from pack import core\ncore.stays(1, b=2)", []),
        ("from pack import core\ncore.loses(1)", []),
        ("from pack import core\ncore.loses(1, 2)", ["pack.core.loses"]),
        ("from pack import core\ncore.loses(1, b=2)", ["pack.core.loses"]),
        ("from pack import core\ncore.loses(*args)", ["pack.core.loses"]),
        ("from pack import core\nmap(core.loses, [1])", []),
        ("from pack import short\nshort(1, b=2)", ["pack.short"]),
        ("import pack as p\np.short(1, b=2)", ["pack.short"]),
        ("import pack.core as c\nc.gains(1)", ["pack.core.gains"]),
        ("import pack.core as c\nc.gains(1, c=2)", []),
        ("import pack.core as c\nc.other_default(1)", ["pack.core.other_default"]),
        ("import pack.core as c\nc.other_default(1, 2)", []),
        ("import pack.core as c\nc.moved(1, 2)", ["pack.core.moved"]),
        ("import pack.core as c\nc.moved(a=1, b=2)", []),
        ("from pack.core import Thing\nThing(1, 2)", ["pack.core.Thing"]),
        ("from pack.core import Thing\nThing(1)", []),
        ("from pack.core import Thing\nThing.method", ["pack.core.Thing.method"]),
        ("from pack import Gone", ["pack.Gone"]),
        ("def f():\n    from pack import Gone as G\n    return G()", ["pack.Gone"]),
        ("import pack.core\nprint(pack.core.LIMIT)", []),
        ("import other\nother.core.loses(1, 2)", []),
        ("from .pack import Gone", []),
        ("core.loses(1, 2)", []),
    ],
)
def test_uses_that_meet_a_change(versions: Sequence[Path], tmp_path: Path, code: str, changed: list[str]) -> None:
    found = compare(tmp_path / "app", code, "pack", *versions)
    assert sorted({each.symbol for each in found.changed}) == changed


def test_what_is_not_seen_is_said(versions: Sequence[Path], tmp_path: Path) -> None:
    app = tmp_path / "app"
    app.mkdir()
    (app / "broken.py").write_text("def (")
    (app / ".venv").mkdir()
    (app / ".venv" / "theirs.py").write_text("from pack import Gone")
    (app / "env").mkdir()
    (app / "env" / "pyvenv.cfg").write_text("")
    (app / "env" / "theirs.py").write_text("from pack import Gone")
    found = compare(app, "from pack import *\nfrom pack.core import made_at_run_time\n", "pack", *versions)
    assert found.changed == ()
    assert any("app.py:1: from pack import * hides" in line for line in found.blind)
    assert any(line.startswith("broken.py: not read") for line in found.blind)
    assert any("not compared: pack.core.made_at_run_time" in line for line in found.blind)


def test_names_that_a_module_makes_when_asked(tmp_path: Path) -> None:
    old = make(tmp_path, "pack", "1.0", {"pack/__init__.py": "def thing(): pass\n"})
    new = make(tmp_path, "pack", "2.0", {"pack/__init__.py": "def __getattr__(name): ...\n"})
    incoming.read(old, unpack=str(tmp_path / "1"))
    incoming.read(new, unpack=str(tmp_path / "2"))
    found = compare(tmp_path / "app", "import pack\npack.thing()", "pack", tmp_path / "1", tmp_path / "2")
    assert found.changed == ()
    assert any("pack.thing" in line for line in found.blind)


def test_a_package_that_is_gone(versions: Sequence[Path], tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    found = compare(tmp_path / "app", "import pack\n", "pack", versions[0], tmp_path / "nothing")
    assert [each.what for each in found.changed] == ["was removed with its package"]


def test_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "griffe", None)
    with pytest.raises(UsageError, match=r"griffe.*envguard-lock\[api\]"):
        used_api.compare([tmp_path], ["pack"], tmp_path, tmp_path)


def test_uses_are_read_from_syntax_alone(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import numpy as np\nraise SystemExit\nnp.random.rand(3)\n")
    seen = used_symbols.find([tmp_path], ["numpy"])
    assert {(use.symbol, use.place) for use in seen.uses} == {("numpy", "a.py:1"), ("numpy.random.rand", "a.py:3")}
