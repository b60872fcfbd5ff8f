"""One real conda environment: silent while untouched, and the right word after each damage."""

from __future__ import annotations

import importlib.util
import json
from typing import TYPE_CHECKING

import pytest

from envguard import guard, making
from envguard.environment import scan
from envguard.errors import DriftError

if TYPE_CHECKING:
    from pathlib import Path

    from conda_place import Conda, Place

    from envguard.model import Depth, Report

pytestmark = pytest.mark.slow

DEPTHS: tuple[Depth, ...] = ("versions", "records", "files")


def look(lock: Path, place: Place, depth: Depth) -> Report:
    return guard.check(str(lock), python=place.python, depth=depth)


def codes(report: Report) -> set[tuple[str, str]]:
    return {(finding.change.code, finding.change.package) for finding in report.findings}


def at_every_depth(lock: Path, place: Place) -> set[tuple[str, str]]:
    """What is said at depth versions; deeper, the same must be said."""
    versions, *deeper = (codes(look(lock, place, depth)) for depth in DEPTHS)
    assert deeper == [versions, versions]
    return versions


@pytest.fixture(params=[False, True], ids=["records", "manifest"])
def lock(request: pytest.FixtureRequest, place: Place, tmp_path: Path) -> Path:
    """A golden file of the untouched copy, without and with a manifest."""
    path = tmp_path / "envguard.lock"
    making.freeze(str(path), python=place.python, depth="files" if request.param else "records")
    return path


def test_untouched(lock: Path, place: Place) -> None:
    for depth in DEPTHS:
        report = look(lock, place, depth)
        assert report.findings == ()
        assert report.pinned
        assert report.skipped == ()


def test_the_golden_file_names_conda_packages_and_what_pip_sees(lock: Path, place: Place) -> None:
    lines = lock.read_text().splitlines()
    conda = [line for line in lines if line.startswith("# envguard: conda ")]
    assert {line.split()[3].partition("=")[0] for line in conda} == {
        "graphviz", "markupsafe", "pip", "python", "pytorch", "six",
    }  # fmt: skip
    torch = next(line for line in conda if "pytorch" in line)
    record = json.loads(place.record("pytorch").read_text())
    assert f"pytorch=2.5.0={record['build']} sha256={record['sha256']} channel=channel/linux-64" in torch
    assert "cu121" in record["build"]
    (dist,) = [line for line in lines if line.startswith("torch==2.5.0")]
    assert "record=sha256:" in dist
    assert "variant=cu121" in dist
    assert any(line.startswith("idna==3.7") for line in lines)
    assert "feedstock_root" not in lock.read_text()


def test_the_folder_of_the_build_machine_is_no_source(place: Place) -> None:
    live = scan(python=place.python)
    assert {item.name: (item.installer, item.source) for item in live.distributions} == {
        "idna": ("pip", None),
        "markupsafe": ("conda", None),
        "pip": ("conda", None),
        "six": ("conda", None),
        "torch": ("conda", None),
    }
    assert {each.name: each.python_name for each in live.conda or ()} == {
        "graphviz": "",
        "markupsafe": "markupsafe",
        "pip": "pip",
        "python": "",
        "pytorch": "torch",
        "six": "six",
    }
    assert live.observations == ()


def test_pip_over_conda(lock: Path, place: Place) -> None:
    place.pip("install", "--no-deps", "six==1.17.0")
    assert at_every_depth(lock, place) == {("EG102", "six"), ("EG113", "six")}


def test_pip_over_conda_with_the_same_version(lock: Path, place: Place) -> None:
    place.pip("install", "--no-deps", "--force-reinstall", "six==1.16.0")
    assert at_every_depth(lock, place) == {("EG113", "six")}


@pytest.mark.parametrize("name", ["six", "markupsafe"])
def test_pip_uninstall_of_a_conda_package(lock: Path, place: Place, name: str) -> None:
    place.pip("uninstall", "-y", name)
    assert at_every_depth(lock, place) == {("EG101", name), ("EG114", name)}


def test_pip_alone_has_moved(lock: Path, place: Place) -> None:
    place.pip("install", "--no-deps", "idna==3.8")
    assert at_every_depth(lock, place) == {("EG102", "idna")}


def test_a_changed_build_string(lock: Path, place: Place) -> None:
    record = place.record("pytorch")
    build = json.loads(record.read_text())["build"]
    text = record.read_text()
    record.unlink()
    record.write_text(text.replace(f'"build": "{build}"', '"build": "py311_cu118_0"'))
    assert at_every_depth(lock, place) == {("EG107", "pytorch")}


def test_another_build_installed_by_conda(lock: Path, place: Place) -> None:
    place.conda.install(place.prefix, "python", "pip", "six=1.16.0", "markupsafe", "graphviz", "pytorch=2.5.0=*cpu*")
    assert at_every_depth(lock, place) == {("EG104", "torch")}


@pytest.mark.parametrize("name", ["six", "graphviz", "python"])
def test_a_removed_record(lock: Path, place: Place, name: str) -> None:
    place.record(name).unlink()
    assert at_every_depth(lock, place) == {("EG101", name)}


@pytest.mark.parametrize(
    ("file", "edit", "package"),
    [
        ("SITE/six.py", (b"import sys\n", b"import sys; sys\n"), "six"),
        ("SITE/torch/version.py", (b"hip = None", b"hip = None # "), "torch"),
        ("bin/dot", (b"print", b"exit()\nprint"), "graphviz"),
        ("lib/pkgconfig/libgvc.pc", (b"libdir", b"libDir"), "graphviz"),
        ("lib/libgvc.so.6", (b"after", b"aftEr"), "graphviz"),
        ("lib/graphviz/config6", (b"core", b"evil"), "graphviz"),
        ("bin/pip", (b"exec", b"true; exec"), "pip"),
    ],
)
def test_an_edited_file(lock: Path, place: Place, file: str, edit: tuple[bytes, bytes], package: str) -> None:
    place.replace(file.replace("SITE", str(place.site.relative_to(place.prefix))), *edit)
    report = look(lock, place, "files")
    assert codes(report) == {("EG108", package)}
    assert report.findings[0].change.kind == "edited"
    assert file.rpartition("/")[2] in report.findings[0].change.evidence[1]


def test_a_file_that_conda_alone_rewrote_and_gave_no_digest_for(place: Place, conda: Conda, tmp_path: Path) -> None:
    """The digest in the package and the placeholder are enough."""
    record = place.record("graphviz")
    content = json.loads(record.read_text())
    for row in content["paths_data"]["paths"]:
        row.pop("sha256_in_prefix", None)
    record.unlink()
    # The copy still holds the path that the environment was installed into.
    for file in ("bin/dot", "lib/pkgconfig/libgvc.pc", "lib/libgvc.so.6"):
        here, there = str(place.prefix).encode(), str(conda.prefix).encode()
        old = (place.prefix / file).read_bytes()
        if file.endswith(".6"):
            text = there + b"/lib/graphviz\0"
            shift = len(here) - len(there)
            assert shift < 40
            old = old.replace(text + b"\0" * max(shift, 0), here + b"/lib/graphviz\0" + b"\0" * max(-shift, 0))
        place.replace(
            file, (place.prefix / file).read_bytes(), old.replace(there + b"/", here + b"/").replace(there, here)
        )
    record.write_text(json.dumps(content))
    lock = tmp_path / "envguard.lock"
    making.freeze(str(lock), python=place.python)
    assert codes(look(lock, place, "files")) == set()
    place.replace("lib/libgvc.so.6", b"after", b"aftEr")
    place.replace("bin/dot", b"share", b"shore")
    (finding,) = look(lock, place, "files").findings
    assert finding.change.evidence[0] == "2 files"
    assert "with the prefix taken out" in finding.change.evidence[1]


@pytest.mark.parametrize(
    ("file", "package"),
    [
        ("SITE/torch/evil.py", "torch"),
        ("SITE/markupsafe/extra.so", "markupsafe"),
        ("lib/graphviz/libgvplugin_evil.so.6", "graphviz"),
        ("lib/libcudart.so.12", ""),
    ],
)
def test_an_added_file(lock: Path, place: Place, file: str, package: str) -> None:
    target = place.prefix / file.replace("SITE", str(place.site.relative_to(place.prefix)))
    target.write_text("x = 1\n")
    report = look(lock, place, "files")
    assert [(f.change.code, f.change.kind, f.change.package) for f in report.findings] == [
        ("EG108", "added-file", package)
    ]


@pytest.mark.parametrize(
    ("file", "kind"), [("lib/graphviz/config6", "deleted-file"), ("lib/libgvc.so", "deleted-file")]
)
def test_a_deleted_file(lock: Path, place: Place, file: str, kind: str) -> None:
    (place.prefix / file).unlink()
    report = look(lock, place, "files")
    assert [(f.change.code, f.change.kind, f.change.package) for f in report.findings] == [("EG108", kind, "graphviz")]


def test_a_link_that_became_a_file(lock: Path, place: Place) -> None:
    link = place.prefix / "lib" / "libgvc.so"
    data = link.read_bytes()
    link.unlink()
    link.write_bytes(data)
    assert ("EG108", "graphviz") in codes(look(lock, place, "files"))


def test_pips_graphviz_is_not_condas(lock: Path, place: Place) -> None:
    place.record("graphviz").unlink()
    folder = place.site / "graphviz-9.0.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: graphviz\nVersion: 9.0.0\n")
    (folder / "INSTALLER").write_text("pip\n")
    (folder / "RECORD").write_text("graphviz-9.0.0.dist-info/METADATA,,\n")
    said = codes(look(lock, place, "versions"))
    assert said == {("EG101", "graphviz"), ("EG103", "graphviz")}


def _environment_yml(place: Place, folder: Path, **spec: str) -> Path:
    specs = []
    for file in sorted((place.prefix / "conda-meta").glob("*.json")):
        record = json.loads(file.read_text())
        specs.append(spec.get(record["name"], f"{record['name']}={record['version']}={record['build']}"))
    lines = ["name: app", "channels:", "  - channel", "dependencies:", *(f"  - {each}" for each in specs)]
    path = folder / "environment.yml"
    path.write_text("\n".join([*lines, "  - pip:", "    - idna==3.7", ""]))
    return path


@pytest.mark.parametrize(
    "pytorch", ["", "pytorch=2.5.0=*cu121*", "pytorch=2.5.0=py3*_cu121_*", "channel::pytorch==2.5.0"]
)
def test_an_environment_yml(place: Place, tmp_path: Path, pytorch: str) -> None:
    lock = _environment_yml(place, tmp_path, **({"pytorch": pytorch} if pytorch else {}))
    for depth in DEPTHS:
        report = look(lock, place, depth)
        assert report.findings == ()


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("pytorch=2.5.0=*cpu*", {("EG107", "pytorch")}),
        ("pytorch=2.4.0=*cu121*", {("EG102", "pytorch")}),
        # By conda's order 2.5 is 2.5.0, which py-rattler knows; without it other texts are other versions.
        ("pytorch=2.5=*cu121*", set() if importlib.util.find_spec("rattler") else {("EG102", "pytorch")}),
        ("conda-forge::pytorch=2.5.0", {("EG105", "pytorch")}),
        ("pytorch>=2.5", {("EG111", "pytorch")}),
    ],
)
def test_an_environment_yml_that_means_something_else(
    place: Place, tmp_path: Path, spec: str, said: set[tuple[str, str]]
) -> None:
    lock = _environment_yml(place, tmp_path, pytorch=spec)
    assert codes(look(lock, place, "records")) == said


def test_pip_over_conda_against_an_environment_yml(place: Place, tmp_path: Path) -> None:
    lock = _environment_yml(place, tmp_path)
    place.pip("install", "--no-deps", "six==1.17.0")
    assert codes(look(lock, place, "records")) == {("EG102", "six"), ("EG113", "six")}


def test_an_environment_in_which_pip_overwrote_conda_does_not_become_golden(place: Place, tmp_path: Path) -> None:
    place.pip("install", "--no-deps", "six==1.17.0")
    with pytest.raises(DriftError, match="EG113"):
        making.freeze(str(tmp_path / "envguard.lock"), python=place.python)
