import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from envguard.errors import LockError
from envguard.formats import load
from envguard.model import Snapshot

Golden = Callable[..., Snapshot]
NAME = "environment.yml"


def conda(golden: Golden, spec: str) -> tuple[str, str | None, str, str, bool]:
    pin = golden(f"channels: [x]\ndependencies:\n  - {spec}\n", NAME).pins[0]
    assert (pin.line, pin.manager) == (3, "conda")
    return pin.name, pin.version, pin.build, pin.channel, not pin.unverifiable


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("numpy=1.26.4=py311_0", ("numpy", "1.26.4", "py311_0", "")),
        ("python=3.10", ("python", "3.10", "", "")),
        ("zlib==1.20", ("zlib", "1.20", "", "")),
        ("zlib 1.20", ("zlib", "1.20", "", "")),
        ("zlib ==1.20", ("zlib", "1.20", "", "")),
        ("zlib 1.20 h4_0", ("zlib", "1.20", "h4_0", "")),
        ("zlib=1.20=*", ("zlib", "1.20", "", "")),
        ("a=1=*cuda*", ("a", "1", "*cuda*", "")),
        ("a=1=py311_cu121_*", ("a", "1", "py311_cu121_*", "")),
        ("tzdata=2024-01-01", ("tzdata", "2024-01-01", "", "")),
        ("tzdata=2024a=0", ("tzdata", "2024a", "0", "")),
        ("PyYAML=6.0=a_1", ("pyyaml", "6.0", "a_1", "")),
        ("_libgcc_mutex=0.1=main", ("_libgcc_mutex", "0.1", "main", "")),
        ("pytorch::pytorch=2.1.0", ("pytorch", "2.1.0", "", "pytorch")),
        ("conda-forge/linux-64::a==1=h_0", ("a", "1", "h_0", "conda-forge")),
        ("conda-forge/noarch::a==1=h_0", ("a", "1", "h_0", "conda-forge")),
        ("pkgs/main::a=1=0", ("a", "1", "0", "pkgs/main")),
        ("https://u:pw@conda.example.org/t/TOKEN/team/linux-64::a=1=0", ("a", "1", "0", "team")),
        ("cuda-nvcc=12.4 # [linux]", ("cuda-nvcc", "12.4", "", "")),
    ],
)
def test_exact_dependencies(golden: Golden, spec: str, expected: tuple[str, str, str, str]) -> None:
    assert conda(golden, spec) == (*expected, True)


@pytest.mark.parametrize(
    "spec",
    ["no", "numpy>=1.26", "numpy=1.26.*", "numpy 1.26|1.27", "numpy~=1.2", "numpy!=1", "a=1[build=*x*]",
     "a[version=1]", "__cuda=12", "a=1=pypi_0", "a >=1,<2", "numpy !=1", "a=1.2=^py.*$", "${X}=1",
     "https://example.org/linux-64/a-1-0.conda"],
)  # fmt: skip
def test_loose_dependencies_are_never_pins(golden: Golden, spec: str) -> None:
    name, _version, _build, _channel, exact = conda(golden, f"'{spec}'")
    assert not exact
    assert name in spec


def test_a_full_export_is_complete_and_the_pip_list_belongs_to_it(lockfiles: Path) -> None:
    snapshot = load(lockfiles / "conda_environment" / "full-export.yml")
    assert snapshot.complete, snapshot.incomplete_why
    assert snapshot.format == NAME
    assert [(pin.manager, pin.name, pin.version, pin.line) for pin in snapshot.pins] == [
        ("conda", "_libgcc_mutex", "0.1", 6),
        ("conda", "python", "3.11.7", 7),
        ("conda", "pytorch", "2.5.0", 8),
        ("conda", "typing_extensions", "4.12.2", 9),
        ("pip", "certifi", "2024.2.2", 12),
        ("pip", "torchvision", "0.20.0+cu121", 13),
    ]
    assert "secret" not in repr(snapshot)


@pytest.mark.parametrize(
    ("file", "loose", "why"), [("no-builds.yml", 0, "2 of 2 conda packages"), ("from-history.yml", 5, "no build")]
)
def test_exports_without_builds_are_incomplete(lockfiles: Path, file: str, loose: int, why: str) -> None:
    snapshot = load(lockfiles / "conda_environment" / file)
    assert sum(bool(pin.unverifiable) for pin in snapshot.pins) == loose
    assert not snapshot.complete
    assert why in snapshot.incomplete_why


def test_the_pip_list_is_a_requirements_file_with_the_lines_of_this_one(golden: Golden, tmp_path: Path) -> None:
    (tmp_path / "more.txt").write_text("\nidna==3.7\n")
    snapshot = golden(
        "dependencies:\n- python=3.11=0\n- pip:\n  - --pre\n  - six==1.0 \\\n  - '; python_version > ''3'''\n"
        "  - -r more.txt\n  - |\n    attrs==1\n"
        "    # Editable install with no version control (zed==2)\n    -e /srv/zed\n"
        "- pip: [b]\n- pip:\n",
        NAME,
    )
    assert [(pin.name, pin.version, Path(pin.path).name, pin.line) for pin in snapshot.pins[1:]] == [
        ("six", "1.0", NAME, 5),
        ("idna", "3.7", "more.txt", 2),
        ("attrs", "1", NAME, 9),
        ("zed", "2", NAME, 11),
        ("b", None, NAME, 12),
    ]


def test_json_and_files_without_dependencies(golden: Golden) -> None:
    exported = golden('{"name": "x",\n "channels": ["a"],\n "dependencies": [\n  "m=0.1=py_0"\n ]}', "environment.json")
    assert [(pin.name, pin.build, pin.line) for pin in exported.pins] == [("m", "py_0", 4)]
    for content in ("name: x\nchannels: [a]\n", "channels: [a]\ndependencies:\n", "dependencies: []\n"):
        empty = golden(content, NAME)
        assert empty.pins == ()
        assert not empty.complete


def test_one_package_twice(golden: Golden) -> None:
    same = golden("dependencies:\n- cuda=11.8=0 # [linux]\n- cuda=11.8=0 # [win]\n", NAME)
    assert len(same.pins) == 1
    other = golden("dependencies:\n- cuda=11.8=0\n- cuda=11.8=1\n", NAME)
    assert ["contradicts" in pin.unverifiable for pin in other.pins] == [True, True]
    by_pip_too = golden("dependencies:\n- six=1.0=0\n- pip: [six==2.0]\n", NAME)
    assert all(not pin.unverifiable for pin in by_pip_too.pins)


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        ("dependencies: &a [b]\n", 1, "alias or anchor"),
        ("channels: [x]\ndependencies:\n- *a\n", 3, "alias or anchor"),
        ("dependencies:\n- !!python/object/apply:os.system [x]\n", 2, "a tag"),
        ("dependencies:\n- !x b\n", 2, "a tag"),
        ("dependencies:\n- a=1=0\nname: x\ndependencies:\n- b=1=0\n", 4, "stands twice"),
        ("dependencies:\n- a\n---\ndependencies: []\n", 3, "second document"),
        ("dependencies:\n" + "- " * 50_000, 2, "nested"),
        ("dependencies: " + "[" * 100_000, 1, "nested"),
        ("dependencies: " + "{a: " * 5_000, 1, "nested"),
        ("dependencies:\n- ? " + "? " * 5_000, 2, "nested"),
        ("dependencies:\n\t- a\n", 2, "not YAML"),
        ("dependencies:\n- a=1=b\x07\n", 2, "not YAML"),
        ("dependencies:\n- 'a\n", 0, "not YAML"),
        ("dependencies:\n- a\n<<<<<<< HEAD\n- b\n", 3, "merge conflict"),
        ("dependencies: x\n", 1, "no list"),
        ("dependencies:\n- npm: [x]\n", 2, "neither"),
        ("dependencies:\n- [a]\n", 2, "neither"),
        ("dependencies:\n- pip: six\n", 2, "no list"),
        ("dependencies:\n- pip:\n  - six==1\n  - a: b\n", 4, "no text"),
        ("dependencies:\n- pip:\n  - six==1\n  - a b c\n", 4, "not a requirement"),
        ("dependencies:\n- pip:\n  - -r ../x.txt\n", 3, "outside"),
        ("dependencies:\n- a\n- =1\n", 3, "not a conda dependency"),
        ("dependencies:\n- a\n- " + "b" * 3_000, 3, "more than 2000"),
        ("dependencies:\n" + "- a\n" * 50_001, 0, "more than 50000"),
        ("dependencies:\n" + "#" * (4 << 20), 0, "characters of YAML"),
    ],
)
def test_refused_with_its_line(golden: Golden, content: str, line: int, what: str) -> None:
    with pytest.raises(LockError, match=what) as caught:
        golden(content, NAME)
    assert line in (0, caught.value.line)
    assert len(str(caught.value)) < 500
    assert str(caught.value).isprintable()


def test_without_pyyaml_the_error_names_the_extra(golden: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(LockError, match=r"envguard-lock\[conda\]"):
        golden("dependencies: [a]\n", NAME)


def test_without_the_c_parser_the_answers_are_the_same(lockfiles: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import yaml

    files = sorted((lockfiles / "conda_environment").glob("*.yml"))
    with_c = [load(file) for file in files]
    monkeypatch.delattr(yaml, "CBaseLoader", raising=False)
    assert [load(file) for file in files] == with_c


def test_real_environments(corpus: Path) -> None:
    files = [*(corpus / "conda-env").iterdir(), *(corpus / "generated").glob("conda-env-export*")]
    files += [corpus / "generated" / f"conda-env3.environment-{kind}" for kind in ("json", "yaml")]
    for file in files:
        snapshot = load(file)
        assert snapshot.format == NAME
        lines = file.read_text().splitlines()
        for pin in snapshot.pins:
            assert pin.text.partition(" #")[0].split()[0].rstrip(";") in lines[pin.line - 1], (file, pin)
        entries = [line.strip(" -\"',") for line in lines if line.lstrip().startswith(("- ", '"'))]
        exact = {f"{pin.name}={pin.version}={pin.build}" for pin in snapshot.pins if pin.build}
        full = re.compile(r"[\w.-]+=[\w.]+=\w+")
        assert {entry for entry in entries if full.fullmatch(entry)} <= exact, file
    assert load(corpus / "conda-env" / "fedaiot-droplet.yml").complete
