"""Two readers that are not ours must see nothing that ours does not: pip's own, and pip-requirements-parser."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pip_requirements_parser import RequirementsFile

from envguard.formats import load
from envguard.model import Pin, Snapshot
from envguard.versions import normalise, relation

HERE = Path(__file__).parent
FIXTURES = HERE.parent.parent / "fixtures" / "lockfiles" / "requirements"
# pip evaluates what is on its own disk: these folders are gone, so pip names nothing and no comparison is possible.
GENERATED = ("conda-env2.pipfreeze.txt", "conda-env2.piplist.txt", "requirements-pip-compile-hashes.txt",
             "requirements-uv-export.txt")  # fmt: skip


@pytest.fixture(scope="session")
def files(corpus: Path) -> list[Path]:
    return [
        *sorted((corpus / "requirements").iterdir()),
        *(corpus / "generated" / name for name in GENERATED),
    ]


def ask_pip(files: list[Path], folder: Path) -> dict[str, list[dict[str, object]] | str]:
    done = subprocess.run(
        [sys.executable, str(HERE / "pip_reader.py"), *map(str, files)],
        cwd=folder, env={"PATH": "/usr/bin:/bin", "PYTHONUTF8": "1", "PIP_CONFIG_FILE": "/dev/null"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    answer: dict[str, list[dict[str, object]] | str] = json.loads(done.stdout)
    return answer


def missing(snapshot: Snapshot, seen: list[dict[str, object]]) -> list[str]:
    """What pip sees and the snapshot has not, or has with another version."""
    faults = []
    for item in seen:
        name = item["name"] and normalise(str(item["name"]))
        if name is None:
            fits = [
                pin for pin in snapshot.pins if pin.line == item["line"] or pin.text.removeprefix("-e ") == item["text"]
            ]
        else:
            fits = [pin for pin in snapshot.pins if pin.name == name and _agrees(pin, item["version"])]
        if not fits:
            faults.append(f"{item}")
    return faults


def _agrees(pin: Pin, version: object) -> bool:
    if version is None:
        return pin.version is None or pin.source is not None or bool(pin.unverifiable)
    return pin.version is not None and relation(pin.version, str(version)) == "equal"


def test_pip_sees_nothing_that_is_missing_here(files: list[Path], tmp_path: Path) -> None:
    answer = ask_pip(files, tmp_path)
    assert len(answer) == len(files)
    compared = 0
    for path in files:
        seen = answer[str(path)]
        if isinstance(seen, str):  # pip refuses the whole file; we may, or keep lines that cannot be verified
            continue
        assert missing(load(path), seen) == [], path
        compared += len(seen)
    assert compared > 1000


def test_pip_requirements_parser_sees_nothing_that_is_missing_here(files: list[Path]) -> None:
    compared = 0
    for path in files:
        snapshot = load(path)
        for theirs in RequirementsFile.from_file(str(path), include_nested=True).requirements:
            if not theirs.name:
                continue
            version = theirs.get_pinned_version if theirs.is_pinned else None
            mine = [pin for pin in snapshot.pins if pin.name == normalise(theirs.name)]
            assert mine, (path, theirs.line)
            if version is not None:
                fits = [pin for pin in mine if pin.version and relation(pin.version, version) == "equal"]
                assert fits, (path, theirs.line)
                hashes = {value.lower() for value in theirs.hash_options}
                assert any(set(pin.hashes) == hashes for pin in fits), (path, theirs.line)
            compared += 1
    assert compared > 1000


def test_own_fixtures_against_both_readers(tmp_path: Path) -> None:
    files = sorted(FIXTURES.glob("*.txt"))
    answer = ask_pip(files, tmp_path)
    for path in files:
        seen = answer[str(path)]
        if path.name != "pip-freeze-editable.txt":  # its folders do not exist, which pip refuses
            assert isinstance(seen, list), seen
            assert missing(load(path), seen) == [], path
        names = {normalise(line.name) for line in RequirementsFile.from_file(str(path)).requirements if line.name}
        assert names <= {pin.name for pin in load(path).pins}


ODD = (
    "six==1.0 \\\n --hash=sha256:ab\n", "a==1\\\n.5\n", "a==1 \\\n# c\nb==2\n", "a==1 # c \\\nb==2\n", "\\\na==1\n",
    "a==1\\", " a==1\n\tb==2\n", "a==1\x0cb==2\n", "a==1\u2028b==2\n", "a ; python_version > '3' # c\n",
    "a==1 --hash sha256:" + "0" * 64, "-e git+https://example.org/x.git@1#egg=x\n", "#\n#a==1\n  # b\nc==1",
    "a[x,y]  ==1.0\n", "a (>=1)\n", "--pre\na===foo\n", "\\a==1\\\n.5\n", "a==1\r\rb==2", "a@https://example.org/x.zip\n",
)  # fmt: skip


def test_odd_spellings_as_pip_reads_them(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.txt" for number in range(len(ODD))]
    for path, content in zip(files, ODD, strict=True):
        path.write_bytes(content.encode())
    answer = ask_pip(files, tmp_path)
    for path, content in zip(files, ODD, strict=True):
        seen = answer[str(path)]
        assert isinstance(seen, list), (content, seen)
        snapshot = load(path, format="requirements.txt")
        assert missing(snapshot, seen) == [], content
        assert len(snapshot.pins) == len(seen), content
