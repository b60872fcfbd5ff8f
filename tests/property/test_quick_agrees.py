"""The quick path and the full pipeline must agree: one says "pinned" exactly where the other finds nothing."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings, strategies as st

import envguard
from envguard import comparing, quick
from envguard.errors import EnvguardError

NAMES = ("alpha", "beta", "gamma_x", "Delta.Y", "torch")
VERSIONS = ("1.0", "2.0", "2.0+cpu", "1!3.0rc1")


def install(site: Path, name: str, version: str) -> None:
    """What an installer leaves behind, byte for byte like pip but for the hashes, which nobody reads here."""
    folder = site / f"{name}-{version}.dist-info"
    package = site / name.lower().replace(".", "_")
    package.mkdir(exist_ok=True)
    folder.mkdir(exist_ok=True)
    (package / "__init__.py").write_text(f"V = {version!r}\n")
    (package / "version.py").write_text(f"__version__ = {version!r}\ncuda = None\nhip = None\n")
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (folder / "WHEEL").write_text("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    (folder / "INSTALLER").write_text("pip\n")
    rows = [f"{package.name}/__init__.py,sha256={'A' * 43},10", f"{package.name}/version.py,sha256={'B' * 43},10"]
    rows += [f"{folder.name}/{file},," for file in ("RECORD", "METADATA", "WHEEL", "INSTALLER")]
    (folder / "RECORD").write_text("\n".join(rows) + "\n")


@contextmanager
def environment(installed: dict[str, str]) -> Iterator[tuple[Path, list[str]]]:
    top = Path(tempfile.mkdtemp())
    site, before = top / "site", top / "before"
    site.mkdir()
    before.mkdir()
    for name, version in installed.items():
        install(site, name, version)
    try:
        yield site, [str(before), str(site)]
    finally:
        shutil.rmtree(top)


def nothing(_site: Path) -> None:
    """The control: everything stays as it is."""


def remove(site: Path) -> None:
    shutil.rmtree(site / "alpha-1.0.dist-info")


def add(site: Path) -> None:
    install(site, "omega", "1.0")


def upgrade(site: Path) -> None:
    remove(site)
    install(site, "alpha", "9.0")


def duplicate(site: Path) -> None:
    install(site, "alpha", "0.5")


def leftover(site: Path) -> None:
    (site / "~lpha-1.0.dist-info").mkdir()


def other_artifact(site: Path) -> None:
    record = site / "alpha-1.0.dist-info" / "RECORD"
    record.write_text(record.read_text().replace("A" * 43, "C" * 43))


def other_metadata_version(site: Path) -> None:
    metadata = site / "alpha-1.0.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text().replace("Version: 1.0", "Version: 1.5"))


def other_source(site: Path) -> None:
    (site / "alpha-1.0.dist-info" / "direct_url.json").write_text(
        '{"url": "https://x.example/alpha-1.0.whl", "archive_info": {}}'
    )


def no_record(site: Path) -> None:
    (site / "alpha-1.0.dist-info" / "RECORD").unlink()


def shadow_module(site: Path) -> None:
    (site.parent / "before" / "alpha.py").write_text("")


def shadow_package(site: Path) -> None:
    (site.parent / "before" / "alpha").mkdir()
    (site.parent / "before" / "alpha" / "__init__.py").write_text("")


def harmless_folder(site: Path) -> None:
    """A folder without __init__ loses to the regular package behind it (PEP 420)."""
    (site.parent / "before" / "alpha").mkdir()


def unrelated_module(site: Path) -> None:
    (site.parent / "before" / "serve.py").write_text("")


SEEN_BY_NAME = (remove, add, upgrade, duplicate, leftover, shadow_module, shadow_package)
SEEN_IN_RECORDS = (other_artifact, other_metadata_version, other_source, no_record)
HARMLESS = (nothing, harmless_folder, unrelated_module)


@pytest.mark.parametrize("depth", ["versions", "records"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    installed=st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VERSIONS), max_size=4),
    change=st.sampled_from((*SEEN_BY_NAME, *SEEN_IN_RECORDS, *HARMLESS)),
)
def test_quick_path_and_full_pipeline_agree(depth: str, installed: dict[str, str], change) -> None:  # type: ignore[no-untyped-def] # hypothesis fills it
    event(change.__name__)
    with environment({**installed, "alpha": "1.0"}) as (site, paths):
        lock = site.parent / "envguard.lock"
        data = envguard.freeze(lock, paths=paths).data
        assert quick.prove(data, depth, paths) is not None, "a fresh lock must be proven quickly"
        change(site)
        proven = quick.prove(data, depth, paths) is not None
        try:
            pinned = comparing.check(str(lock), data, depth=depth, paths=paths).pinned  # type: ignore[arg-type]
        except EnvguardError:
            pinned = False
        if proven:
            assert pinned, "the quick path passed what the full pipeline refuses"
        expected = change in HARMLESS or (depth == "versions" and change in (other_artifact, no_record))
        if change in HARMLESS:
            assert proven
        assert pinned == expected or (depth == "versions" and change in SEEN_IN_RECORDS)


def test_every_change_by_name_is_seen_at_depth_versions() -> None:
    for change in SEEN_BY_NAME:
        with environment({"alpha": "1.0", "beta": "2.0"}) as (site, paths):
            data = envguard.freeze(site.parent / "envguard.lock", paths=paths).data
            change(site)
            assert quick.prove(data, "versions", paths) is None, change.__name__


def test_every_change_of_content_is_seen_at_depth_records() -> None:
    for change in (*SEEN_BY_NAME, *SEEN_IN_RECORDS):
        with environment({"alpha": "1.0", "beta": "2.0"}) as (site, paths):
            lock = site.parent / "envguard.lock"
            data = envguard.freeze(lock, paths=paths).data
            change(site)
            assert quick.prove(data, "records", paths) is None, change.__name__
            try:
                report = comparing.check(str(lock), data, depth="records", paths=paths)
            except EnvguardError:
                continue
            assert not report.pinned, change.__name__
