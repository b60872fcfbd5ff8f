"""RECORD: what is read, what is refused, and that the digest is the wheel's wherever it was installed."""

import base64
import csv
import hashlib
import io
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from envguard.facts import records
from envguard.facts.records import RecordError, Row, parse, portable_digest

INFO = "demo-1.0.dist-info"
HEX = hashlib.sha256(b"content").hexdigest()
ENCODED = base64.urlsafe_b64encode(bytes.fromhex(HEX)).rstrip(b"=").decode()


def digest_of(*paths: str) -> str:
    return portable_digest([Row(path, f"sha256:{HEX}", 7) for path in paths], INFO)


def test_a_plain_record() -> None:
    data = f"demo.py,sha256={ENCODED},7\n{INFO}/RECORD,,\n".encode()
    assert parse(data) == (Row("demo.py", f"sha256:{HEX}", 7), Row(f"{INFO}/RECORD", "", None))


def test_crlf_quotes_and_blank_lines_are_csv() -> None:
    data = f'"a,b.py",sha256={ENCODED},7\r\n\r\n"say ""hi"".py",,\r\n'.encode()
    assert [row.path for row in parse(data)] == ["a,b.py", 'say "hi".py']


def test_a_quoted_path_may_hold_a_line_break() -> None:
    assert parse(b'"two\nlines.py",,\n')[0].path == "two\nlines.py"


def test_only_line_feeds_end_a_row() -> None:
    assert [row.path for row in parse("odd\u2028name\x0b.py,,\n".encode())] == ["odd\u2028name\x0b.py"]


@pytest.mark.parametrize(("algorithm", "length"), [("sha256", 32), ("sha384", 48), ("sha512", 64), ("SHA256", 32)])
def test_hash_algorithms(algorithm: str, length: int) -> None:
    raw = hashlib.new(algorithm, b"content").digest()
    for encoded in (base64.urlsafe_b64encode(raw), base64.urlsafe_b64encode(raw).rstrip(b"=")):
        (row,) = parse(f"demo.py,{algorithm}={encoded.decode()},".encode())
        assert row.hash == f"{algorithm.lower()}:{raw.hex()}"
    assert len(raw) == length


def test_duplicate_rows_are_legal() -> None:
    compiled = "numpy/distutils/__pycache__/conv_template.cpython-311.pyc"
    assert len(parse(f"{compiled},sha256={ENCODED},7\n{compiled},,\n".encode())) == 2


def test_paths_are_normalised() -> None:
    assert [row.path for row in parse(b"./a.py,,\nb//c.py,,\nd/./e.py,,\nf/../g.py,,\n")] == [
        "a.py",
        "b/c.py",
        "d/e.py",
        "g.py",
    ]
    odd_names = ["pkg/.hidden", "pkg/..data/x", "..x.py", "x..", "pkg/a./b"]
    assert [row.path for row in parse("".join(f"{name},,\n" for name in odd_names).encode())] == odd_names


def test_scripts_may_lie_three_folders_up_and_no_higher() -> None:
    assert parse(b"../../../bin/demo,,\n")[0].path == "../../../bin/demo"
    with pytest.raises(RecordError, match="leaves the installation"):
        parse(b"../../../../etc/passwd,,\n")
    with pytest.raises(RecordError, match="leaves the installation"):
        parse(b"a/../../../../../etc/passwd,,\n")
    with pytest.raises(RecordError, match="leaves the installation"):
        parse(b"../x,,\n", levels=0)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "lists no file"),
        (b"\n\n", "lists no file"),
        (b"\xff,,\n", "not UTF-8 at byte 0"),
        (b"a\0b,,\n", "NUL"),
        (b'"open,,\n', "not CSV"),
        (b"a.py,\n", "2 columns"),
        (b"a.py,,,\n", "4 columns"),
        (b'"a.py",,,\n', "4 columns"),
        (b"/etc/passwd,,\n", "absolute"),
        (b"C:\\x.py,,\n", "absolute"),
        (b"c:/x.py,,\n", "absolute"),
        (b",,\n", "names no file"),
        (b".,,\n", "names no file"),
        (b"a/..,,\n", "names no file"),
        (b"..,,\n", "names no file"),
        (b"pkg/,,\n", "names no file"),
        (b"a.py,md5=1B2M2Y8AsgTpgAmY7PhCfg,\n", "weak hash 'md5'"),
        (b"a.py,sha256,\n", "0 bytes"),
        (b"a.py,sha256=AAAA,\n", "3 bytes"),
        (b"a.py,sha256=A,\n", "no base64"),
        ("a.py,sha256=ä,\n".encode(), "no base64"),
        (b"a.py,,seven\n", "number of bytes"),
        (b"a.py,,-1\n", "number of bytes"),
        ("a.py,,٣\n".encode(), "number of bytes"),
        (b"a.py,," + b"9" * 5000, "number of bytes"),
        (b'"' + b"a" * 200_000 + b'",,\n', "not CSV"),
    ],
)
def test_what_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(RecordError, match=why):
        parse(data)


def test_a_record_of_absurd_size_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "RECORD_LIMIT", 10)
    with pytest.raises(RecordError, match="more than the 10"):
        parse(b"a.py,,\nb.py,,\n")


@given(st.binary(max_size=300))
def test_any_bytes_give_rows_or_a_record_error(data: bytes) -> None:
    try:
        rows = parse(data)
    except RecordError:
        return
    assert all(row.path and not row.path.startswith("/") for row in rows)


SEGMENTS = st.text(st.characters(exclude_characters="\0/", exclude_categories=["Cs"]), min_size=1, max_size=8)
PATHS = st.lists(SEGMENTS.filter(lambda text: text not in (".", "..")), min_size=1, max_size=3).map("/".join)
ROWS = st.lists(
    st.builds(
        Row,
        PATHS.filter(lambda path: path[1:2] != ":"),
        st.binary(min_size=32, max_size=32).map(lambda raw: "sha256:" + raw.hex()) | st.just(""),
        st.none() | st.integers(0, 2**40),
    ),
    min_size=1,
    max_size=8,
)


def written(rows: list[Row]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for path, digest, size in rows:
        raw = base64.urlsafe_b64encode(bytes.fromhex(digest[7:])).rstrip(b"=").decode()
        writer.writerow([path, f"sha256={raw}" if digest else "", "" if size is None else size])
    return out.getvalue().encode()


@given(ROWS)
def test_what_the_csv_module_writes_is_read_back(rows: list[Row]) -> None:
    assert parse(written(rows)) == tuple(rows)


@given(ROWS, st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter_to_the_digest(rows: list[Row], random: "object") -> None:
    shuffled = rows + rows
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert portable_digest(shuffled, INFO) == portable_digest(rows, INFO)


@given(ROWS, ROWS)
def test_different_rows_have_different_digests(left: list[Row], right: list[Row]) -> None:
    same = {row[:2] for row in left if row.hash} == {row[:2] for row in right if row.hash}
    assert (portable_digest(left, INFO) == portable_digest(right, INFO)) is same


def test_the_digest_is_what_the_documentation_says() -> None:
    text = f'"a,b.py",sha256:{HEX}\ndemo.py,sha256:{HEX}\n'
    assert digest_of("demo.py", "a,b.py") == "sha256:" + hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "path",
    [
        "../../../bin/demo",
        "../../../share/demo/data.json",
        "bin/demo",
        "share/demo/data.json",
        "__pycache__/demo.cpython-311.pyc",
        "pkg/__pycache__/mod.cpython-313.pyc",
        *(f"{INFO}/{name}" for name in sorted(records.INSTALLER_NOTES)),
    ],
)
def test_what_depends_on_the_place_is_left_out(path: str) -> None:
    assert digest_of("demo.py", path) == digest_of("demo.py")


@pytest.mark.parametrize("path", ["demo.so", f"{INFO}/METADATA", "ghost.pyc", "pkg/RECORD", "other-1.dist-info/RECORD"])
def test_everything_else_counts(path: str) -> None:
    assert digest_of("demo.py", path) != digest_of("demo.py")


def test_a_file_in_the_other_library_folder_counts_as_in_site_packages() -> None:
    assert digest_of("../../../lib64/python3.11/site-packages/demo.so") == digest_of("demo.so")


def test_no_hash_no_digest() -> None:
    assert portable_digest([Row("demo.py", "", None)], INFO) == ""


def test_bytecode_and_place() -> None:
    assert records.is_bytecode("a/__pycache__/b.pyc")
    assert not records.is_bytecode("a/b.pyc")
    assert records.leaves_site_packages("../../bin/x")
    assert not records.leaves_site_packages("..x")


def test_a_file_that_is_no_wheel(tmp_path: Path) -> None:
    (tmp_path / "no.whl").write_bytes(b"PK not a zip")
    with pytest.raises(RecordError, match="not a readable wheel"):
        records.rows_from_wheel(str(tmp_path / "no.whl"))
    with zipfile.ZipFile(tmp_path / "empty.whl", "w") as archive:
        archive.writestr("a.py", "")
    with pytest.raises(RecordError, match="this has 0"):
        records.rows_from_wheel(str(tmp_path / "empty.whl"))
    with pytest.raises(RecordError, match="not a readable wheel"):
        records.rows_from_wheel(str(tmp_path / "missing.whl"))


# The claim itself: one wheel, one digest, whoever installs it and wherever.

ODD_FILES = {
    "demo/__init__.py": "",
    "demo/with,comma.txt": "quoted in RECORD",
    "ghost.pyc": "not byte code, yet shipped",
    "demo-1.0.data/purelib/pure_part.py": "",
    "demo-1.0.data/platlib/demo/plat.py": "",
    "demo-1.0.data/scripts/demo-tool": "#!python\nprint(1)\n",
    "demo-1.0.data/scripts/demo-binary": "no shebang",
    "demo-1.0.data/data/share/demo/data.json": "{}",
    "demo-1.0.data/data/etc/demo.conf": "x",
    "demo-1.0.data/headers/demo.h": "int x;",
}


def install(run_tool: "object", how: str, venv: Path, *wheels: Path, python: str = sys.executable) -> Path:
    """A new virtual environment with some wheels in it; its site-packages."""
    run = run_tool
    assert callable(run)
    if not venv.exists():
        run("uv", "venv", "--quiet", "--python", python, venv)
    if how == "pip":
        run(sys.executable, "-m", "pip", "--python", venv, "install", "-q", "--no-index", "--no-deps", *wheels)
    else:
        run("uv", "pip", "install", "-q", "--offline", "--no-deps", "--python", venv / "bin" / "python", *wheels)
    return Path(sysconfig.get_path("purelib", vars={"base": str(venv)})) if python == sys.executable else site(venv)


def find_python(version: str) -> str:
    """An interpreter that is already on this machine and starts, or an empty string."""
    kept_by_pyenv = sorted(str(path) for path in Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    for python in (*kept_by_pyenv, shutil.which(f"python{version}")):
        if python and subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0:
            return python
    return ""


def site(venv: Path) -> Path:
    (found,) = venv.glob("lib/python*/site-packages")
    return found


def installed_digests(site_packages: Path) -> dict[str, str]:
    return {
        folder.name: portable_digest(parse((folder / "RECORD").read_bytes()), folder.name)
        for folder in site_packages.glob("*.dist-info")
    }


def wheel_digests(*wheels: Path) -> dict[str, str]:
    return {name: portable_digest(rows, name) for name, rows in (records.rows_from_wheel(str(w)) for w in wheels)}


@pytest.mark.skipif(shutil.which("uv", path=str(Path(sys.executable).parent)) is None, reason="uv is not installed")
class TestOneWheelOneDigest:
    def test_a_wheel_with_every_odd_part(self, tmp_path: Path, run_tool: object, build_wheel: object) -> None:
        assert callable(build_wheel)
        scheme = f"demo-1.0.data/data/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages/by_data.py"
        wheel = build_wheel(
            tmp_path,
            "demo",
            {**ODD_FILES, scheme: "x = 1\n"},
            unlisted={f"{INFO}/RECORD.jws": "signature"},
            entry_points="[console_scripts]\ndemo = demo:main\n",
        )
        expected = wheel_digests(wheel)
        for how in ("pip", "uv"):
            for place in ("a", "a/much/deeper/place"):
                found = installed_digests(install(run_tool, how, tmp_path / how / place / "venv", wheel))
                assert found == expected, (how, place)

    def test_a_target_folder(self, tmp_path: Path, run_tool: object, build_wheel: object) -> None:
        assert callable(run_tool)
        assert callable(build_wheel)
        entry_points = "[console_scripts]\ndemo = demo:main\n"
        wheel = build_wheel(tmp_path, "demo", ODD_FILES, entry_points=entry_points)
        options = ("install", "-q", "--no-deps", "--target")
        run_tool(sys.executable, "-m", "pip", *options, tmp_path / "by-pip", "--no-index", wheel)
        run_tool("uv", "pip", *options, tmp_path / "by-uv", "--offline", "--python", sys.executable, wheel)
        assert installed_digests(tmp_path / "by-pip") == wheel_digests(wheel)
        assert installed_digests(tmp_path / "by-uv") == wheel_digests(wheel)

    def test_one_byte_of_one_file_changes_it(self, tmp_path: Path, build_wheel: object) -> None:
        assert callable(build_wheel)
        one = build_wheel(tmp_path / "1", "demo", {"demo.py": "x = 1\n"})
        two = build_wheel(tmp_path / "2", "demo", {"demo.py": "x = 2\n"})
        assert wheel_digests(one) != wheel_digests(two)

    def test_another_python(self, tmp_path: Path, run_tool: object, build_wheel: object) -> None:
        assert callable(build_wheel)
        wheel = build_wheel(tmp_path, "demo", ODD_FILES)
        running = f"3.{sys.version_info[1]}"
        others = [found for minor in range(10, 14) if f"3.{minor}" != running and (found := find_python(f"3.{minor}"))]
        if not others:
            pytest.skip("only one Python here")
        for number, python in enumerate(others):
            site_packages = install(run_tool, "uv", tmp_path / f"venv{number}", wheel, python=python)
            assert installed_digests(site_packages) == wheel_digests(wheel), python

    @pytest.mark.slow
    def test_real_wheels(self, tmp_path: Path, run_tool: object) -> None:
        assert callable(run_tool)
        names = [
            *("six", "attrs", "click", "packaging", "certifi", "requests", "setuptools", "wheel", "pip", "coverage"),
            *("zope.interface", "protobuf", "pyyaml", "markupsafe", "safetensors", "psutil", "greenlet", "ninja"),
            *("ruff", "jupyterlab-widgets", "widgetsnbextension", "ipykernel", "jupyterlab-pygments", "debugpy"),
            *("python-dateutil", "google-auth", "cffi", "regex", "tzdata", "pybind11", "z3-solver", "uv"),
        ]
        numpy = ["numpy==2.3.5"] if sys.version_info >= (3, 11) else ["numpy"]
        wheelhouse = tmp_path / "wheels"
        run_tool(
            sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "-d", wheelhouse,
            *names, *numpy,
        )  # fmt: skip
        wheels = sorted(wheelhouse.glob("*.whl"))
        assert len(wheels) == len(names) + 1
        expected = wheel_digests(*wheels)
        for how in ("pip", "uv"):
            for place in ("a", os.path.join("b", "much", "deeper")):
                found = installed_digests(install(run_tool, how, tmp_path / how / place / "venv", *wheels))
                assert found == expected, (how, place)
