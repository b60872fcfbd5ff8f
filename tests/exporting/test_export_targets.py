"""What each target writes, judged by the libraries of the tools that read it, and by our own readers."""

import importlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from packaging.pylock import Pylock
from packaging.requirements import Requirement

from envguard import comparing, exporting, formats
from envguard.environment import conda
from envguard.errors import EnvguardError, UsageError
from envguard.exporting import Exported, export
from envguard.formats import envguard_lock
from envguard.model import Pin, Rule, Selection, Snapshot, Source
from support import LINUX, run

toml = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

LOCKS = Path(__file__).parent.parent.parent / "fixtures" / "lockfiles"
DIGEST = "sha256:" + "a1" * 32
OTHER = "sha256:" + "b2" * 32
COMMIT = "c3" * 20
CHECKOUT = Source(kind="vcs", url="https://example.org/a/b.git", revision=COMMIT, subdirectory="sub")
ARCHIVE = Source(kind="archive", url="https://example.org/dir-1.0-py3-none-any.whl", digest=DIGEST)
FOLDER = Source(kind="directory", url="file:///srv/project", editable=True)
SIX = Pin(name="six", version="1.16.0", text="six==1.16.0")
TORCH = Pin(name="torch", version="2.5.0+cu124", text="torch==2.5.0+cu124", variant="cu124", record=DIGEST)
OLD = Pin(name="pytz", version="2004d", text="pytz===2004d")
LOOSE = Pin(name="idna", version=None, text="idna>=3", unverifiable=">= allows more than one version", path="l", line=7)
URL = "https://example.org/conda-forge/linux-64/zlib-1.3.1-h4ab_1.conda"
ZLIB = Pin(
    name="zlib",
    version="1.3.1",
    build="h4ab_1",
    channel="conda-forge",
    manager="conda",
    hashes=(DIGEST,),
    url=URL,
    text="zlib=1.3.1=h4ab_1",
)


def snapshot(*pins: Pin, **more: object) -> Snapshot:
    return Snapshot(path="/srv/envguard.lock", format="envguard.lock", sha256="0" * 64, pins=pins).replace(**more)


def written(made: Exported) -> list[str]:
    return [line for line in made.text.splitlines() if not line.startswith("#")]


def read_back(made: Exported, path: Path) -> list[Pin]:
    path.write_text(made.text)
    return list(formats.load(path).pins)


def essence(pins: "list[Pin] | tuple[Pin, ...]") -> set[object]:
    return {(pin.manager, pin.name, pin.version, pin.marker, pin.build, pin.channel, pin.source) for pin in pins}


def refusal(to: str, *pins: Pin) -> str:
    with pytest.raises(EnvguardError) as caught:
        export(snapshot(*pins), to)
    return str(caught.value)


# --- requirements ----------------------------------------------------------------------------------------------------


def test_requirements_say_every_kind_of_pin(tmp_path: Path) -> None:
    marked = SIX.replace(name="tomli", marker='python_version < "3.11"')
    checkout = Pin(name="b", version="1.0", source=CHECKOUT)
    archive = Pin(name="dir", version="1.0", source=ARCHIVE)
    folder = Pin(name="project", version="0.1", source=FOLDER)
    pins = (SIX, TORCH, OLD, marked, checkout, archive, folder)
    made = export(snapshot(*pins), "requirements")
    assert written(made) == [
        "six==1.16.0",
        "torch==2.5.0+cu124",
        "pytz===2004d",
        'tomli==1.16.0 ; python_version < "3.11"',
        f"b @ git+https://example.org/a/b.git@{COMMIT}#subdirectory=sub",
        "dir @ https://example.org/dir-1.0-py3-none-any.whl#" + DIGEST.replace(":", "="),
        "-e file:///srv/project",
    ]
    back = read_back(made, tmp_path / "requirements.txt")
    # The version of a checkout has no place beside its URL; the commit pins it.
    assert essence(back) == essence([*pins[:4], checkout.replace(version=None), archive, folder])
    assert not any(pin.unverifiable for pin in back)
    for line in written(made)[:6]:
        Requirement(line)


def test_hashes_are_written_where_all_have_some_that_pip_takes(tmp_path: Path) -> None:
    hashed = SIX.replace(hashes=(DIGEST, OTHER, "md5:" + "0" * 32))
    made = export(snapshot(hashed), "requirements")
    assert written(made) == [f"six==1.16.0 --hash={DIGEST} --hash={OTHER}"]
    assert read_back(made, tmp_path / "r.txt")[0].hashes == (DIGEST, OTHER)
    mixed = export(snapshot(hashed, TORCH), "requirements")
    assert "--hash" not in mixed.text
    assert "torch can have none" in mixed.remarks[0]


def test_what_requirements_cannot_say_is_a_comment_and_a_remark() -> None:
    made = export(snapshot(SIX, LOOSE, ZLIB, interpreter=LINUX), "requirements")
    assert written(made) == ["six==1.16.0"]
    assert "# not pinned: idna>=3  # >= allows more than one version" in made.text
    assert "# conda: zlib=1.3.1=h4ab_1" in made.text
    told = "\n".join(made.remarks)
    for words in ("idna: not pinned", "zlib: of conda", "the interpreter (cpython 3.11.7)"):
        assert words in told


def test_what_an_envguard_lock_knows_beyond_pins_is_remarked() -> None:
    rule = Rule(id="x", verdict="safe", reason="y")
    pin = TORCH.replace(version="2.5.0", text="torch==2.5.0")
    (remark,) = export(snapshot(pin, rules=(rule, rule)), "requirements").remarks
    assert remark == "requirements.txt has no place for 1 record digest, 1 build variant, 2 rules"
    assert export(snapshot(SIX), "requirements").remarks == ()


@pytest.mark.parametrize(("to", "told"), [("requirements", True), ("environment", True), ("cyclonedx", False)])
def test_a_build_of_another_index_is_remarked(to: str, told: bool) -> None:
    plain = Pin(name="torch", version="2.5.0+cu124", text="torch==2.5.0+cu124")
    remarks = export(snapshot(plain, SIX), to).remarks
    assert [remark.partition(":")[0] for remark in remarks if "--extra-index-url" in remark] == ["torch"] * told
    fetched = plain.replace(source=ARCHIVE)
    assert not any("--extra-index-url" in remark for remark in export(snapshot(fetched, SIX), to).remarks)


def test_what_may_be_absent_is_remarked() -> None:
    (remark,) = export(snapshot(SIX, SIX.replace(name="idna", optional=True)), "requirements").remarks
    assert remark.startswith("idna: may be absent by envguard.lock")


def test_pip_and_uv_take_the_requirements(wheelhouse: Path, tmp_path: Path) -> None:
    pins = (SIX, SIX.replace(name="idna", version="3.7"))
    made = export(snapshot(*pins), "requirements", wheels=str(wheelhouse))
    assert made.text.count("--hash=sha256:") == 2
    (tmp_path / "r.txt").write_text(made.text)
    where = ("--no-index", "--no-deps", "--find-links", wheelhouse, "--dry-run", "-r", tmp_path / "r.txt")
    pip = ("-m", "pip", "install", "--target", tmp_path / "t", *where)
    done = run(sys.executable, *pip, PIP_REQUIRE_VIRTUALENV="0")
    assert done.returncode == 0, done.stderr
    assert "Would install idna-3.7 six-1.16.0" in done.stdout
    uv = Path(sys.executable).parent / "uv"
    done = run(uv, "pip", "install", "--target", tmp_path / "u", "--cache-dir", tmp_path / "c", *where)
    assert done.returncode == 0, done.stderr
    assert "+ six==1.16.0" in done.stderr


# --- pylock ----------------------------------------------------------------------------------------------------------


def pylock(made: Exported) -> Pylock:
    return Pylock.from_dict(toml.loads(made.text))


def test_pylock_names_direct_sources() -> None:
    pins = (
        Pin(name="b", version="1.0", source=CHECKOUT),
        Pin(name="dir", version="1.0", source=ARCHIVE, marker="sys_platform == 'linux'"),
        Pin(name="project", version="0.1", source=FOLDER),
    )
    lock = pylock(export(snapshot(*pins, interpreter=LINUX), "pylock"))
    assert [package.name for package in lock.packages] == ["b", "dir", "project"]
    b, archive, folder = lock.packages
    assert b.vcs is not None
    assert (b.vcs.type, b.vcs.commit_id, b.vcs.subdirectory) == ("git", COMMIT, "sub")
    assert archive.archive is not None
    assert archive.archive.hashes == {"sha256": DIGEST.removeprefix("sha256:")}
    assert str(archive.marker) == 'sys_platform == "linux"'
    assert folder.directory is not None
    assert (folder.directory.path, folder.directory.editable, folder.version) == ("/srv/project", True, None)
    assert str(lock.requires_python) == "==3.11.*"


def test_pylock_with_wheels_is_selected_and_synced(wheelhouse: Path, tmp_path: Path) -> None:
    shutil.copytree(wheelhouse, tmp_path / "house")
    pins = (SIX, SIX.replace(name="idna", version="3.7"))
    made = export(snapshot(*pins), "pylock", wheels=str(tmp_path / "house"), base=str(tmp_path))
    selected = {package.name: getattr(wheel, "path", None) for package, wheel in pylock(made).select()}
    assert selected == {
        "six": "house/six-1.16.0-py2.py3-none-any.whl",
        "idna": "house/idna-3.7-py3-none-any.whl",
    }
    (tmp_path / "pylock.toml").write_text(made.text)
    assert essence(formats.load(tmp_path / "pylock.toml").pins) == essence(pins)
    uv = Path(sys.executable).parent / "uv"
    command = ("pip", "install", "--dry-run", "--target", tmp_path / "u", "--cache-dir", tmp_path / "c")
    done = run(uv, *command, "--offline", "-r", tmp_path / "pylock.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "+ six==1.16.0" in done.stderr


@pytest.mark.parametrize(
    ("pin", "why"),
    [
        (SIX, "cannot name six: file name and hash of their artifacts are not known (--wheels FOLDER"),
        (LOOSE, "cannot name idna: the lock does not pin them"),
        (ZLIB, "cannot name zlib: conda packages have no place in it"),
        (Pin(name="a", version="1", source=ARCHIVE.replace(digest="")), "no digest of their archive"),
    ],
)
def test_pylock_refuses_what_it_cannot_fix(pin: Pin, why: str) -> None:
    assert why in refusal("pylock", pin)


def test_a_wheel_must_be_the_one_that_is_sealed(wheelhouse: Path) -> None:
    for false in (SIX.replace(record=DIGEST), SIX.replace(hashes=(DIGEST,))):
        with pytest.raises(EnvguardError, match=r"differs|none of the hashes"):
            export(snapshot(false), "pylock", wheels=str(wheelhouse))
    with pytest.raises(UsageError, match="--wheels: no such file"):
        export(snapshot(SIX), "pylock", wheels="/nosuch")


# --- environment.yml -------------------------------------------------------------------------------------------------


def test_environment_lists_conda_and_pip(tmp_path: Path) -> None:
    folder = Pin(name="project", version="0.1", source=FOLDER)
    marked = SIX.replace(name="tomli", marker="python_version < '3.11'")
    pins = (ZLIB, SIX, TORCH, marked, folder)
    made = export(snapshot(*pins, interpreter=LINUX), "environment")
    told = yaml.load(made.text, yaml.SafeLoader)
    assert told["channels"] == ["conda-forge"]
    assert told["dependencies"][:2] == ["conda-forge::zlib=1.3.1=h4ab_1", "python=3.11.7"]
    assert told["dependencies"][2]["pip"][0] == "six==1.16.0"
    back = read_back(made, tmp_path / "environment.yml")
    assert essence([pin for pin in back if pin.name != "python"]) == essence(
        [pin.replace(marker=pin.marker.replace("'", '"')) for pin in pins]
    )
    assert any("python=3.11.7 was added" in remark for remark in made.remarks)
    assert any("1 digest of conda packages" in remark for remark in made.remarks)


@pytest.mark.parametrize("pins", [(), (LOOSE,), (ZLIB.replace(unverifiable="loose"),), (SIX,), (ZLIB,)])
def test_environment_is_yaml_whatever_is_in_it(pins: tuple[Pin, ...], tmp_path: Path) -> None:
    made = export(snapshot(*pins), "environment")
    assert len(yaml.load(made.text, yaml.SafeLoader)["dependencies"]) == sum(not pin.unverifiable for pin in pins)
    assert len(read_back(made, tmp_path / "environment.yml")) == sum(not pin.unverifiable for pin in pins)


def test_environment_keeps_words_that_yaml_reads_otherwise(tmp_path: Path) -> None:
    odd = [ZLIB.replace(name=name, version="1.10", build="", channel="") for name in ("no", "y", "null", "_libgcc")]
    assert essence(read_back(export(snapshot(*odd), "environment"), tmp_path / "environment.yml")) == essence(odd)


# --- @EXPLICIT -------------------------------------------------------------------------------------------------------

CONDAS_LINE = re.compile(
    r"(?:(?P<url>.+)(?:[/\\]))?(?P<file>[^/\\#]+(?:\.tar\.bz2|\.conda))"
    r"(?:#(?:(?P<md5>[0-9a-f]{32})|(?:(?:sha256:)?(?P<sha256>[0-9a-f]{64}))))?$"
)
"""What conda accepts, by its documentation of explicit lists."""


def test_explicit_is_a_list_of_urls() -> None:
    made = export(snapshot(ZLIB, SIX), "explicit")
    head, line = written(made)
    assert head == "@EXPLICIT"
    found = CONDAS_LINE.fullmatch(line)
    assert found is not None
    assert found["sha256"] == DIGEST.removeprefix("sha256:")
    assert found["file"] == "zlib-1.3.1-h4ab_1.conda"
    assert "# platform: linux-64" in made.text
    assert "# pip six==1.16.0" in made.text
    assert "six: of pip" in made.remarks[0]


def test_explicit_is_read_back(tmp_path: Path) -> None:
    archive = Pin(name="dir", version="1.0", source=ARCHIVE)
    back = read_back(export(snapshot(ZLIB, archive, interpreter=LINUX), "explicit"), tmp_path / "explicit.txt")
    assert essence(back[:1]) == essence([ZLIB])
    assert (back[0].hashes, back[0].url) == (ZLIB.hashes, ZLIB.url)
    # To that reader an artifact is what its digest says, wherever it lies.
    assert [(pin.name, pin.version, pin.hashes) for pin in back[1:]] == [("dir", "1.0", (DIGEST,))]


def test_a_frozen_conda_package_keeps_its_url_and_loses_its_token(tmp_path: Path) -> None:
    (tmp_path / "conda-meta").mkdir()
    record = {"name": "zlib", "version": "1.3.1", "build": "h4ab_1", "channel": "conda-forge", "subdir": "linux-64"}
    record |= {"url": URL.replace("example.org/", "user:pw@example.org/t/secret/"), "sha256": DIGEST[7:]}
    (tmp_path / "conda-meta" / "zlib-1.3.1-h4ab_1.json").write_text(json.dumps(record))
    packages, _broken = conda.packages(str(tmp_path))
    data = envguard_lock.write(interpreter=LINUX, conda=packages or ())
    assert b"secret" not in data
    assert b"user:pw" not in data
    assert essence(envguard_lock.parse(data, path="l").pins) == essence([ZLIB])
    assert written(export(envguard_lock.parse(data, path="l"), "explicit"))[1] == f"{URL}#{DIGEST}"


def test_explicit_refuses_what_it_cannot_place() -> None:
    bare = ZLIB.replace(url="")
    assert "cannot name zlib: the URL of their archive" in refusal("explicit", bare)
    assert "has none" in refusal("explicit", SIX)
    # A URL of another package must not be taken for this one's.
    assert "cannot name zlib" in refusal("explicit", ZLIB.replace(build="other"))


# --- CycloneDX -------------------------------------------------------------------------------------------------------

EVERYTHING = (
    SIX.replace(hashes=(DIGEST, OTHER)),
    TORCH.replace(hashes=(DIGEST,), tags=("cp311-cp311-linux_x86_64",)),
    LOOSE,
    ZLIB,
    Pin(name="b", version="1.0", source=CHECKOUT),
    Pin(name="dir", version="1.0", source=ARCHIVE),
    Pin(name="project", version="0.1", source=FOLDER),
    SIX.replace(version="1.17.0", marker="python_version < '3'"),
)


def test_cyclonedx_names_components_by_purl() -> None:
    told = json.loads(export(snapshot(*EVERYTHING, interpreter=LINUX), "cyclonedx").text)
    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.6")
    assert {"serialNumber", "timestamp"}.isdisjoint({*told, *told["metadata"]})
    by_purl = {component.get("purl"): component for component in told["components"]}
    torch = by_purl["pkg:pypi/torch@2.5.0%2Bcu124"]
    assert torch["hashes"] == [{"alg": "SHA-256", "content": DIGEST.removeprefix("sha256:")}]
    assert {"name": "envguard:variant", "value": "cu124"} in torch["properties"]
    assert "pkg:conda/zlib@1.3.1?build=h4ab_1&channel=conda-forge&subdir=linux-64&type=conda" in by_purl
    assert f"pkg:pypi/b@1.0?vcs_url=git%2Bhttps://example.org/a/b.git%40{COMMIT}" in by_purl
    # Two digests of one kind belong to two artifacts, of which one is installed.
    assert "hashes" not in by_purl["pkg:pypi/six@1.16.0"]
    references = [component["bom-ref"] for component in told["components"]]
    assert len(references) == len(set(references)) == len(EVERYTHING)


def test_cyclonedx_is_read_back(tmp_path: Path) -> None:
    pins = (SIX, TORCH.replace(hashes=(DIGEST,)), ZLIB)
    back = read_back(export(snapshot(*pins), "cyclonedx"), tmp_path / "bom.json")
    assert {(pin.manager, pin.name, pin.version, pin.build) for pin in back} == {
        (pin.manager, pin.name, pin.version, pin.build) for pin in pins
    }


@pytest.mark.slow
def test_cyclonedx_is_valid_to_its_own_library(tmp_path: Path) -> None:
    made = export(snapshot(*EVERYTHING, interpreter=LINUX), "cyclonedx")
    (tmp_path / "bom.json").write_text(made.text)
    assert run(sys.executable, "-m", "venv", tmp_path / "v").returncode == 0
    python = tmp_path / "v" / "bin" / "python"
    done = run(python, "-m", "pip", "install", "-q", "cyclonedx-python-lib[json-validation]")
    assert done.returncode == 0, done.stderr
    code = (
        "import sys; from cyclonedx.schema import SchemaVersion; from cyclonedx.validation.json import *; "
        "from cyclonedx.model.bom import Bom; import json; text = open(sys.argv[1]).read(); "
        "print(JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)); "
        "print(len(Bom.from_json(json.loads(text)).components))"
    )
    done = run(python, "-c", code, tmp_path / "bom.json")
    assert done.stdout.split() == ["None", str(len(EVERYTHING))], done.stdout + done.stderr


# --- all of them -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("to", exporting.names())
def test_the_same_lock_gives_the_same_bytes(to: str, wheelhouse: Path) -> None:
    pins = (ZLIB,) if to == "explicit" else (SIX,)
    first, second = (export(snapshot(*pins), to, wheels=str(wheelhouse)) for _time in range(2))
    assert first == second
    assert first.text.isascii()
    assert first.text.endswith("\n")


@pytest.mark.parametrize("to", exporting.names())
@pytest.mark.parametrize(
    "hostile",
    [
        SIX.replace(version="1.0\n--index-url https://evil.example.org"),
        SIX.replace(name="six\n-r /etc/passwd"),
        SIX.replace(marker="python_version > '3'\n-e ."),
        SIX.replace(source=ARCHIVE.replace(url="https://example.org/a b.whl")),
        ZLIB.replace(channel="a\n- b"),
        ZLIB.replace(build="\u2028"),
    ],
)
def test_text_of_a_lock_cannot_become_a_line_of_its_own(to: str, hostile: Pin) -> None:
    assert "cannot be written for another tool" in refusal(to, hostile)


@pytest.mark.parametrize("to", ["requirements", "environment", "cyclonedx"])
def test_text_in_comments_stays_on_its_line(to: str) -> None:
    hostile = LOOSE.replace(text="idna>=3\n--index-url https://evil.example.org\r\u2028x", unverifiable="a\nb")
    made = export(snapshot(hostile), to)
    assert not any(line.lstrip().startswith(("--index", "b")) for line in made.text.splitlines())


def test_no_such_target() -> None:
    with pytest.raises(UsageError, match="one of cyclonedx, environment, explicit, pylock, requirements"):
        export(snapshot(SIX), "xml")


def test_every_target_takes_a_frozen_environment(base_venv: Path, tmp_path: Path, wheelhouse: Path) -> None:
    code = "import sys, envguard; envguard.freeze(sys.argv[1], python=sys.argv[2])"
    lock = tmp_path / "envguard.lock"
    done = subprocess.run([sys.executable, "-c", code, lock, base_venv], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    frozen = comparing.load(str(lock))
    known = [pin for pin in frozen.pins if pin.name not in ("pip", "setuptools")]
    frozen = frozen.replace(pins=tuple(known))
    lock_of = pylock(export(frozen, "pylock", wheels=str(wheelhouse)))
    assert [package.name for package in lock_of.packages] == [pin.name for pin in known]
    for to in ("requirements", "environment", "cyclonedx"):
        assert all(pin.name in export(frozen, to).text for pin in known)


@pytest.mark.parametrize(
    "lock", [path for path in sorted(LOCKS.rglob("*")) if path.is_file()], ids=lambda path: path.name
)
def test_every_lock_is_written_or_refused_with_a_reason(lock: Path, tmp_path: Path) -> None:
    if lock.name == "README.md":
        return
    try:
        whole = formats.load(lock, selection=Selection(interpreter=LINUX))
    except EnvguardError:
        return  # no reader for it, or it needs a part to be named
    for to in exporting.names():
        try:
            made = export(whole, to)
        except EnvguardError as refused:
            assert refused.problem  # noqa: PT017 - either is right, silence is not
            continue
        for pin in whole.pins:
            told = made.text + "\n".join(made.remarks)
            assert pin.unverifiable or pin.name in told.lower(), (to, pin)
