"""What we say that a package puts where is what py-rattler puts there, whatever the prefix."""

import bz2
import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from conda_place import Conda

from envguard.change.conda import archive, layout
from envguard.change.conda.rewriting import SHEBANG_LIMIT
from envguard.facts import conda_files

pytestmark = pytest.mark.slow

PLACEHOLDER = "/opt/build" + "_placehold" * 20
_INSTALL = """
import asyncio, importlib, os, sys
import rattler
from pathlib import Path
async def main(channel, cache, *prefixes):
    await importlib.import_module("rattler.index").index_fs(Path(channel), write_shards=False, force=True)
    records = await rattler.solve(
        sources=[Path(channel).as_uri()], specs=[rattler.MatchSpec("odd"), rattler.MatchSpec("odd-python")],
        platforms=["linux-64", "noarch"], virtual_packages=[],
    )
    for prefix in prefixes:
        await rattler.install(records, target_prefix=prefix, cache_dir=Path(cache), show_progress=False)
asyncio.run(main(*sys.argv[1:]))
sys.stdout.flush()
os._exit(0)
"""


def pack(channel: Path, name: str, files: dict[str, tuple[bytes, str]], **index: object) -> None:
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    said = {"name": name, "version": "1", "build": "0", "build_number": 0, "depends": [], "subdir": "linux-64", **index}
    if index:
        said["depends"] = [f"python {version}.*"]
    rows = []
    for path, (data, mode) in files.items():
        row = {"_path": path, "path_type": "hardlink", "sha256": layout.hexdigest(data), "size_in_bytes": len(data)}
        rows.append({**row, "prefix_placeholder": PLACEHOLDER, "file_mode": mode} if mode else row)
    points = {"type": "python", "entry_points": ["odd = odd:main", "odd-deep = odd.deep:App.run"]}
    link = {"noarch": points, "package_metadata_version": 1}
    about = {"index": said, "paths": {"paths": rows, "paths_version": 1}, **({"link": link} if index else {})}
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        members = {f"info/{part}.json": json.dumps(content).encode() for part, content in about.items()}
        members |= {path: data for path, (data, _mode) in files.items()}
        for path, data in members.items():
            member = tarfile.TarInfo(path)
            member.size, member.mode = len(data), 0o755 if path.startswith(("bin/", "python-scripts/")) else 0o664
            tar.addfile(member, io.BytesIO(data))
    archived = channel / str(said["subdir"]) / f"{name}-1-0.tar.bz2"
    archived.write_bytes(bz2.compress(made.getvalue()))


@pytest.fixture(scope="module")
def channel(conda: Conda, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("odd") / "channel"
    for subdir in ("linux-64", "noarch"):
        (folder / subdir).mkdir(parents=True)
    python = next((conda.folder / "channel" / "linux-64").glob("python-*.conda"))
    os.link(python, folder / "linux-64" / python.name)
    there = PLACEHOLDER.encode()
    texts = {
        "of-python": b"#!@/bin/python\nimport x; y='@/a'\n",
        "options": b"#!@/bin/python3.11 -E -s\n@\n",
        "perl": b"#!@/bin/perl -w\n@\n",
        "blank": b"#! @/bin/perl -w\n@\n",
        "env": b"#!/usr/bin/env python\n# @@\n",
        "latin": b"#!@/bin/python\n# \xe9@\n",
        "no-end": b"#!@/bin/perl",
        "no-shebang": b"@\n@\n",
    }
    files = {f"bin/{name}": (text.replace(b"@", there), "text") for name, text in texts.items()}
    files["lib/several"] = (b"\x7fELF\0" + there + b"/lib:" + there + b"/lib64\0\0x" + there + b"\0\0end", "binary")
    files["lib/cut"] = (b"\x7fELF\0pre" + there + b"/q\0tail\0" + there, "binary")
    files["lib/plain"] = (b"plain", "")
    pack(folder, "odd", files)
    scripts = {
        "python-scripts/odd-script": (b"#!%s/bin/python -E\n" % there, "text"),
        "site-packages/odd.py": (b"", ""),
    }
    pack(folder, "odd-python", scripts, noarch="python", subdir="noarch")
    return folder


def test_in_every_prefix(channel: Path, conda: Conda, tmp_path: Path) -> None:
    around = SHEBANG_LIMIT - len("#!/bin/python")
    lengths = [len(str(tmp_path)) + 3, *range(around - 3, around + 3), around - len("3.11"), around + 60]
    prefixes = [f"{tmp_path}/{'x' * (length - len(str(tmp_path)) - 1)}" for length in lengths]
    assert all(len(prefix) == length for prefix, length in zip(prefixes, lengths, strict=True))
    prefixes.append(f"{tmp_path}/a b")
    command = [str(conda.tools), "-c", _INSTALL, str(channel), str(tmp_path / "cache"), *prefixes]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for prefix in prefixes:
        for name in ("odd", "odd-python"):
            compare(channel, name, prefix, tmp_path)


def by_path(rows: list[dict[str, object]]) -> dict[object, dict[str, object]]:
    return {row["_path"]: row for row in rows}


def compare(channel: Path, name: str, prefix: str, scratch: Path) -> None:
    """Files, permission bits and the rows of the record."""
    (path,) = channel.glob(f"*/{name}-1-0.tar.bz2")
    said = json.loads(Path(prefix, "conda-meta", f"{name}-1-0.json").read_text())
    python = json.loads(next(Path(prefix, "conda-meta").glob("python-*.json")).read_text())
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    where = layout.Place(prefix=prefix, written=(prefix,), site=conda_files.site_packages(python), version=version)
    with archive.opened(str(path), [f"sha256:{said['sha256']}"], str(scratch)) as contents:
        laid = layout.lay_out(contents, name, where)
        for target, file in laid.files.items():
            there = Path(target)
            assert there.read_bytes() == (contents.read(file.member) if file.member else file.data), target
            assert f"{there.stat().st_mode & 0o777:o}" == f"{file.mode:o}", target
    assert by_path(laid.rows) == by_path(said["paths_data"]["paths"])
    assert {os.path.relpath(target, prefix) for target in laid.files} == set(said["files"])
