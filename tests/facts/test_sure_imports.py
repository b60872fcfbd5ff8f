"""Which imports of a source are sure, against what running it does."""

import random
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from envguard.facts.sure_imports import SOURCE_LIMIT, Imported, Source, attempts, conditions, read_source

HERE = conditions("3.11.7", "linux", "cpython")


def sure(text: str) -> list[str]:
    """Names of what a source surely imports."""
    imports = read_source(textwrap.dedent(text).encode(), HERE).imports
    return ["." * each.level + each.module + "".join(f":{name}" for name in each.names) for each in imports]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import a, b.c\nfrom d import e as f, g", ["a", "b.c", "d:e:g"]),
        ("from . import h\nfrom ..i import *", [".:h", "..i"]),
        ("def f():\n    import a", []),
        ("class C:\n    import a", ["a"]),
        ("if TYPE_CHECKING:\n    import a\nelse:\n    import b", ["b"]),
        ("if typing.TYPE_CHECKING:\n    import a", []),
        ("if not TYPE_CHECKING:\n    import a", ["a"]),
        ("if __name__ == '__main__':\n    import a", []),
        ("if sys.platform == 'win32':\n    import a\nelse:\n    import b", ["b"]),
        ("if sys.platform.startswith('linux'):\n    import a", ["a"]),
        ("if sys.platform in ('win32', 'cygwin'):\n    import a", []),
        ("if os.name == 'nt':\n    import a\nelif os.name == 'posix':\n    import b", ["b"]),
        ("if sys.version_info >= (3, 11):\n    import a\nelse:\n    import b", ["a"]),
        ("if sys.version_info < (3,):\n    import a\nelse:\n    import b", ["b"]),
        ("if sys.version_info > (3, 11):\n    import a", []),
        ("if sys.version_info[:2] >= (3, 9):\n    import a", []),
        ("if sys.version_info >= (3, 8) and sys.platform == 'linux':\n    import a", ["a"]),
        ("if something() or True:\n    import a", ["a"]),
        ("if something():\n    import a", []),
        ("if something():\n    import a\n    import b\nelse:\n    import b\n    import c", ["b"]),
        ("try:\n    import a\nexcept ImportError:\n    pass", []),
        ("try:\n    import a\nexcept ImportError:\n    a = None\nelse:\n    import b\nfinally:\n    import c", ["c"]),
        ("try:\n    import a\nexcept ImportError as e:\n    raise RuntimeError from e", ["a"]),
        ("try:\n    import a\nexcept ImportError as e:\n    if strict:\n        raise", []),
        ("try:\n    import a\nexcept ImportError as e:\n    if x:\n        raise\n    else:\n        raise y", ["a"]),
        ("try:\n    import a\nexcept ModuleNotFoundError:\n    pass", []),
        ("try:\n    import a\nexcept (KeyError, ValueError):\n    pass", ["a"]),
        ("try:\n    import a\nexcept (KeyError, ImportError):\n    pass", []),
        ("try:\n    import a\nexcept WHATEVER:\n    pass", []),
        ("try:\n    import a\nexcept:\n    pass", []),
        ("try:\n    import a\nfinally:\n    pass", ["a"]),
        ("with suppress(ImportError):\n    import a", []),
        ("with try_import() as t:\n    import a", []),
        ("with warnings.catch_warnings():\n    import a", ["a"]),
        ("for x in y:\n    import a", []),
        ("while True:\n    import a", []),
        ("raise SystemExit\nimport a", []),
        ("import a\nimport a", ["a"]),
        ("'\\d'\nimport a", ["a"]),
    ],
)  # fmt: skip
def test_what_is_sure(text: str, expected: list[str]) -> None:
    assert sure(text) == expected


def test_a_name_that_the_module_defines_itself() -> None:
    text = (
        b"from .x import y\nz: int = 1\na = b = 2\n(c, d) = 1, 2\ndef e(): pass\nclass F: pass\nasync def g(): pass\n"
    )
    assert read_source(text, HERE).bound == {"z", "a", "b", "e", "F", "g"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"import a\0",
        b"\xff\xfe\x00",
        b"import",
        b"(" * 5000,
        b"-" * 90_000 + b"1",
        b"+".join([b"1"] * 40_000),
        b"a" + b".b" * 40_000,
        b"a" + b"()" * 40_000,
        b"if a: pass\n" + b"elif b: pass\n" * 6000,
        b"".join(b" " * level + b"if a:\n" for level in range(150)),
        b"x = " + b"9" * 6000,
        b"# coding: no-such-thing\nimport a",
        b"import " + b".".join([b"a"] * (SOURCE_LIMIT // 2 - 8)),
        b"import a" + b"\\\n.a" * 10_000,
        (b"import a" + b".a" * 62 + b"\n") * 700,
        b"import a\n" * (SOURCE_LIMIT // 9 + 1),
        b"f'" + b"{" * 5000,
        b"\xef\xbb\xbf\xef\xbb\xbfimport a",
    ],
    ids=range(20),
)
def test_hostile_sources(data: bytes) -> None:
    begin = time.thread_time()
    source = read_source(data, HERE)
    assert isinstance(source, Source)
    assert len(attempts(data)) == 2
    assert time.thread_time() - begin < 10


def test_a_source_that_ends_python_itself_is_not_parsed(tmp_path: Path) -> None:
    """Python 3.10 dies of expressions that are nested deeply enough; a process of its own shows that none does."""
    script = (
        "from envguard.facts.sure_imports import SOURCE_LIMIT as most, conditions, read_source\n"
        "known = conditions('3.10.0', 'linux', 'cpython')\n"
        "for piece in (b'+1', b'.b', b'()', b'[0]', b'-', b'not ', b'a,', b'if a:\\n ', b'lambda:', b'*a'):\n"
        "    read_source(b'a' + piece * (most // len(piece) - 2), known)\n"
        "print('alive')"
    )
    source = Path(__file__).parents[2] / "src"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        env={"PYTHONPATH": str(source)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "alive", done.stderr


def test_random_bytes_are_no_error() -> None:
    seed = random.randrange(1 << 30)
    print("seed", seed)
    chance = random.Random(seed)
    good = Path(__file__).read_bytes()
    for _ in range(150):
        data = bytearray(good[: chance.randrange(200, 2000)])
        for _ in range(chance.randrange(1, 20)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        assert isinstance(read_source(bytes(data), HERE), Source)


def test_an_import_is_a_value() -> None:
    assert read_source(b"from a import b", HERE).imports == (Imported("a", 0, ("b",)),)


@pytest.mark.parametrize(
    ("text", "without", "others"),
    [
        (b"try:\n  import a\nexcept ImportError:\n  pass", ["a"], []),
        (b"def f():\n  try:\n    if x:\n      from a import b\n  except Exception:\n    return", ["a"], []),
        (b"try:\n  import a\nexcept ImportError:\n  raise\nimport b", [], ["a", "b"]),
        (b"try:\n  pass\nexcept ImportError:\n  import a", [], ["a"]),
        (b"def f():\n  import a", [], ["a"]),
        (b"\0", [], []),
    ],
)
def test_what_a_source_can_do_without(text: bytes, without: list[str], others: list[str]) -> None:
    forgiven, needed = attempts(text)
    assert ([each.module for each in forgiven], sorted(each.module for each in needed)) == (without, others)
