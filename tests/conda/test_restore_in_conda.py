"""Each damage that people do to a conda environment, on a real one: after restore it is what py-rattler had made."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conda_place import Conda
from restore_place import PACKAGES, Yard, build

from envguard.change.mending import restoring

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(conda: Conda, tmp_path_factory: pytest.TempPathFactory) -> Yard:
    return build(tmp_path_factory.mktemp("restored"), conda)


@pytest.fixture
def yard(built: Yard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Yard]:
    """The environment as it was built."""
    built.put_back()
    with built.alone(monkeypatch, tmp_path) as alone:
        yield alone


def by_conda(*specs: str) -> Callable[[Yard], None]:
    def change(yard: Yard) -> None:
        yard.conda.install(yard.prefix, *specs)

    return change


def without(*names: str) -> tuple[str, ...]:
    return tuple(spec for spec in PACKAGES if spec.partition("=")[0] not in names)


def edited(path: str, old: bytes, new: bytes) -> Callable[[Yard], None]:
    def edit(yard: Yard) -> None:
        yard.replace(path.replace("SITE", str(yard.site.relative_to(yard.prefix))), old, new)

    return edit


def deleted(*paths: str) -> Callable[[Yard], None]:
    def delete(yard: Yard) -> None:
        for path in paths:
            (yard.prefix / path.replace("SITE", str(yard.site.relative_to(yard.prefix)))).unlink()

    return delete


def pip_over_conda(yard: Yard) -> None:
    yard.pip("install", "--no-index", "--no-deps", "-f", str(yard.folder / "other"), "six==1.17.0")


def pip_uninstalls(yard: Yard) -> None:
    yard.pip("uninstall", "-y", "six", "tool")


def record_removed(*names: str) -> Callable[[Yard], None]:
    def remove(yard: Yard) -> None:
        for name in names:
            yard.record(name).unlink()

    return remove


def torch_gone_with_its_record(yard: Yard) -> None:
    """Nothing that is there tells that conda's pytorch brings torch."""
    yard.record("pytorch").unlink()
    shutil.rmtree(yard.site / "torch")
    shutil.rmtree(yard.site / "torch-2.5.0.dist-info")


def record_broken(yard: Yard) -> None:
    path = yard.record("graphviz")
    path.unlink()
    path.write_text("{")


def record_edited(yard: Yard) -> None:
    path = yard.record("pytorch")
    said = json.loads(path.read_text())
    path.unlink()
    path.write_text(json.dumps({**said, "build": "py311_cu118_0"}))


def link_became_a_file(yard: Yard) -> None:
    link = yard.prefix / "lib" / "libgvc.so"
    data = link.read_bytes()
    link.unlink()
    link.write_bytes(data)


def file_became_a_folder(yard: Yard) -> None:
    deleted("share/graphviz/examples.txt")(yard)
    (yard.prefix / "share" / "graphviz" / "examples.txt" / "deep").mkdir(parents=True)
    (yard.prefix / "share" / "graphviz" / "examples.txt" / "deep" / "x").write_text("x")


def folder_became_a_link(yard: Yard) -> None:
    folder = yard.site / "torch" / "lib"
    shutil.move(folder, yard.folder / "elsewhere")
    folder.symlink_to(yard.folder / "elsewhere")


def file_added(yard: Yard) -> None:
    (yard.site / "torch" / "extra.py").write_text("x = 1\n")
    (yard.prefix / "lib" / "graphviz" / "libgvplugin_evil.so.6").write_bytes(b"\x7fELF")


def executable_bits(yard: Yard) -> None:
    (yard.prefix / "bin" / "dot").chmod(0o644)
    (yard.prefix / "lib" / "pkgconfig" / "libgvc.pc").chmod(0o755)


DAMAGES: dict[str, Callable[[Yard], None]] = {
    "another version": by_conda(*without("six"), "six=1.17.0"),
    "another build": by_conda(*without("pytorch"), "pytorch=2.5.0=*cpu*"),
    "removed": by_conda(*without("tool", "graphviz", "six")),
    "pip over conda": pip_over_conda,
    "pip uninstall": pip_uninstalls,
    "edited text": edited("bin/dot", b"print", b"pront"),
    "edited binary": edited("lib/libgvc.so.6", b"after", b"aftEr"),
    "edited module": edited("SITE/torch/version.py", b"hip = None", b"hip = True"),
    "edited entry point": edited("bin/tool", b"import sys", b"import os, sys"),
    "edited metadata": edited("SITE/torch-2.5.0.dist-info/METADATA", b"torch", b"torch"),
    "start-up of the interpreter": edited("pyvenv.cfg", b"home", b"# \nhome"),
    "deleted files": deleted("lib/graphviz/config6", "lib/libgvc.so", "bin/tool", "bin/tool-script", "SITE/six.py"),
    "deleted links of python": deleted("bin/python3"),
    "no record": record_removed("six", "graphviz", "python", "tool"),
    "no record, no distribution": torch_gone_with_its_record,
    "broken record": record_broken,
    "edited record": record_edited,
    "file for link": link_became_a_file,
    "folder for file": file_became_a_folder,
    "link for folder": folder_became_a_link,
    "added files": file_added,
    "executable bits": executable_bits,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_after_a_damage_it_is_what_it_was(yard: Yard, damage: str) -> None:
    DAMAGES[damage](yard)
    if damage != "edited metadata":
        assert not restoring.plan_restore(str(yard.lock), yard.options()).seen.report.pinned
    outcome = yard.restore()
    assert outcome.report.findings == (), outcome.left
    assert outcome.left == ()
    assert yard.state() == yard.golden
    assert yard.check().startswith("0 ")
    assert not (yard.prefix / ".envguard").exists()


def test_what_restore_wrote_is_read_by_condas_own_tools(yard: Yard) -> None:
    record_removed("six", "graphviz", "tool")(yard)
    assert yard.restore().complete
    program = "import sys, rattler\nfor path in sys.argv[1:]: print(rattler.PrefixRecord.from_path(path).name.source)"
    paths = [str(yard.record(name)) for name in ("six", "graphviz", "tool")]
    command = [str(yard.conda.tools), "-c", program, *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["six", "graphviz", "tool"], done.stderr
    by_conda(*without("six"), "six=1.17.0")(yard)
    by_conda(*PACKAGES)(yard)
    assert yard.check().startswith("0 ")


def test_an_extra_package_goes_only_when_asked(yard: Yard) -> None:
    by_conda(*PACKAGES, "markupsafe")(yard)
    outcome = yard.restore()
    assert [step.package for step in outcome.left] == ["markupsafe"]
    assert "--prune" in outcome.left[0].what
    assert (yard.site / "markupsafe" / "__init__.py").exists()
    outcome = yard.restore(prune=True)
    assert outcome.report.findings == (), outcome.left
    assert yard.state() == yard.golden


def test_packages_of_conda_and_of_pip_in_one_run(yard: Yard) -> None:
    pip_uninstalls(yard)
    yard.pip("uninstall", "-y", "toolz")
    edited("lib/libgvc.so.6", b"after", b"aftEr")(yard)
    outcome = yard.restore()
    assert outcome.complete, outcome.left
    assert {step.package for step in outcome.done} == {"graphviz", "six", "tool", "toolz"}
    assert yard.state() == yard.golden


def test_without_a_manifest_too(yard: Yard, tmp_path: Path) -> None:
    from envguard import making

    lock = tmp_path / "envguard.lock"
    making.freeze(lock, python=yard.python)
    by_conda(*without("tool", "six"), "six=1.17.0")(yard)
    edited("bin/dot", b"print", b"pront")(yard)
    outcome = restoring.restore(str(lock), yard.options())
    assert outcome.report.findings == (), outcome.left
    assert yard.state() == yard.golden


def test_archives_of_a_folder_of_a_channel_and_of_a_cache(yard: Yard, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.move(yard.channel, elsewhere)
    damage = deleted("lib/graphviz/config6", "SITE/six.py")
    for links, cache in (
        ((str(elsewhere),), ""),
        (tuple(str(elsewhere / each) for each in ("linux-64", "noarch")), ""),
        ((), str(elsewhere / "linux-64")),
    ):
        damage(yard)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CONDA_PKGS_DIRS", f"{cache}:{elsewhere / 'noarch'}" if cache else "")
            assert yard.restore(find_links=links).complete
        assert yard.state() == yard.golden
    shutil.copytree(elsewhere, yard.channel)


def test_a_missing_archive_is_named_and_the_rest_is_done(yard: Yard) -> None:
    yard.archive("graphviz").unlink()
    deleted("lib/graphviz/config6", "SITE/six.py")(yard)
    outcome = yard.restore()
    assert [step.package for step in outcome.done] == ["six"]
    (left,) = outcome.left
    assert left.package == "graphviz"
    assert "config6 is missing" in left.what
    assert "no archive of it was found" in left.what
    assert yard.check().startswith("1 ")


def test_a_tampered_archive_is_refused_and_named(yard: Yard) -> None:
    archive = yard.archive("graphviz")
    data = bytearray(archive.read_bytes())
    data[len(data) // 2] ^= 1
    archive.write_bytes(data)
    by_conda(*without("graphviz"))(yard)
    before = yard.state()
    (left,) = yard.restore().left
    assert (left.package, "its SHA256 is not the one that the golden file gives" in left.what) == ("graphviz", True)
    assert archive.name in left.what
    assert yard.state() == before


def test_what_cannot_be_made_as_it_was_is_named_and_nothing_is_half_done(yard: Yard, tmp_path: Path) -> None:
    """The environment was moved before it was frozen: its files name another place."""
    from envguard import making

    moved = Yard(tmp_path, yard.conda)
    shutil.copytree(yard.prefix, moved.prefix, symlinks=True)
    shutil.copytree(yard.wheels, moved.wheels)
    moved.lock.parent.mkdir()
    making.freeze(moved.lock, depth="files", python=moved.python)
    golden = moved.state()
    (moved.prefix / "lib" / "graphviz" / "config6").unlink()
    assert moved.restore().complete
    assert moved.state() == golden
    (moved.prefix / "bin" / "dot").unlink()
    (moved.prefix / "lib" / "graphviz" / "config6").unlink()
    outcome = moved.restore()
    assert not outcome.complete
    assert golden.keys() - moved.state().keys() == {"bin/dot"}
    for each in [path for path in golden if "graphviz" in path or "libgvc" in path]:
        (moved.prefix / each).unlink(missing_ok=True)
    before = moved.state()
    outcome = moved.restore()
    assert [step.package for step in outcome.left] == ["graphviz"]
    assert "bin/dot" in outcome.left[0].what
    assert moved.state() == before
