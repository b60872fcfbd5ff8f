"""conda's own order of versions: never that of PEP 440, and asked of py-rattler alone."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envguard.checks import _conda_order
from envguard.model import CondaPackage

if TYPE_CHECKING:
    from conda_place import Conda

SOURCE = Path(_conda_order.__file__).parents[2]
RECORD = CondaPackage(name="zlib", version="1.2.13", build="h1_0", subdir="linux-64")
ASK = """
import json, sys
from envguard.checks import _conda_order
from envguard.model import CondaPackage
record = CondaPackage(name="zlib", version="1.2.13", build="h1_0", subdir="linux-64")
pairs, specs = json.loads(sys.argv[1])
print(json.dumps([[_conda_order.same_version(*pair) for pair in pairs],
                  [_conda_order.contradicts(spec, record) for spec in specs]]))
"""


def test_without_rattler_only_equal_texts_are_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_conda_order, "_rattler", lambda: None)
    assert _conda_order.same_version("1.1.1k", "1.1.1k")
    assert not _conda_order.same_version("1.2", "1.2.0")
    assert not _conda_order.contradicts("zlib >=99", RECORD)


@pytest.mark.slow
def test_with_rattler_condas_order_decides(conda: Conda) -> None:
    pairs = [
        ("1.2", "1.2.0", True),
        ("1.0-1", "1.0.1", True),
        ("1.1.1k", "1.1.1K", True),
        ("1.1.1k", "1.1.1l", False),
        ("1.0.post1", "1.0-1", False),
        ("v1.0", "1.0", False),
        ("2.5.0", "2.5.0+cu121", False),
        ("not a version!", "1", False),
    ]
    specs = [
        ("zlib >=1.2,<2", False),
        ("zlib >=1.3", True),
        ("zlib=1.2.*", False),
        ("conda-forge::zlib>=2", True),
        ("zlib[build=*h2*]", True),
        ("openssl", True),
        ("zlib ]]", False),
        ("", False),
    ]
    asked = json.dumps([[pair[:2] for pair in pairs], [spec for spec, _answer in specs]])
    done = subprocess.run(
        [str(conda.tools), "-c", ASK, asked],
        env={"PYTHONPATH": str(SOURCE), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == [[pair[2] for pair in pairs], [answer for _spec, answer in specs]]
