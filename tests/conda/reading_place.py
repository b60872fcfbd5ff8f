"""A channel of packages that bring, lose and share libraries and files, and an environment of some of them."""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from conda_place import SCRIPT, Conda, run

from envguard.change.installers import _conda_transaction, conda_archive
from envguard.change.installers.resolution import Resolution
from envguard.change.planning import arriving_conda
from envguard.change.planning.arriving import Arriving
from envguard.environment import scan
from envguard.model import Environment

SHORT = f"{sys.version_info[0]}.{sys.version_info[1]}"
SITE = f"lib/python{SHORT}/site-packages"
PACKAGES = ("python", "pip", "six=1.16.0", "libfoo=1.0", "user=1.0", "owner=1.0", "certs=2026.1")
"""What is installed of it."""
_PACKER = """
import asyncio, json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import conda_channel
folder = Path(sys.argv[2])
channel = folder / "channel"
for about in sorted((folder / "parts").glob("*/index.json")):
    said = json.loads(about.read_text())
    files = about.parent / "files"
    if said.pop("old"):
        plain = {str(path.relative_to(files)): path.read_bytes()
                 for path in sorted(files.rglob("*")) if path.is_file() and not path.is_symlink()}
        links = {str(path.relative_to(files)): str(path.readlink()) for path in files.rglob("*") if path.is_symlink()}
        del said["noarch"]
        index = {**said, "build": said["build"], "build_number": 0, "subdir": "linux-64"}
        conda_channel._pack_by_hand(channel, index, plain, {}, links=links)
    else:
        conda_channel._pack(channel, files, **said)
import rattler.index
asyncio.run(rattler.index.index_fs(channel, write_shards=False, force=True))
sys.stdout.flush()
import os; os._exit(0)
"""


def shared_object(path: Path, source: str, *options: str) -> None:
    """Compile a library, or an extension module that needs no Python."""
    path.parent.mkdir(parents=True, exist_ok=True)
    code = path.with_name("code.c")
    code.write_text(source)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", str(path), str(code), *options], check=True, capture_output=True)
    code.unlink()


class Maker:
    """Lays out packages that are packed together."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def package(
        self,
        name: str,
        version: str,
        files: dict[str, str],
        *,
        old: bool = False,
        depends: tuple[str, ...] = (),
        noarch: str | None = None,
    ) -> Path:
        """One package; the folder with its files, to add more."""
        place = self.folder / "parts" / f"{name}-{version}"
        for path, text in files.items():
            target = place / "files" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        (place / "files").mkdir(parents=True, exist_ok=True)
        said = {
            "name": name,
            "version": version,
            "build": "h1_0",
            "depends": list(depends),
            "old": old,
            "noarch": noarch,
        }
        (place / "index.json").write_text(json.dumps(said))
        return place / "files"

    def library(self, name: str, version: str, soname: str, source: str, *, old: bool = False) -> Path:
        """A package with one library, and the link that compilers ask for."""
        files = self.package(name, version, {f"share/{name}/README": version}, old=old)
        shared_object(files / "lib" / soname, source, f"-Wl,-soname,{soname}")
        (files / "lib" / f"{soname.partition('.so')[0]}.so").symlink_to(soname)
        return files

    def extension(self, name: str, version: str, source: str, *libraries: Path, requires: tuple[str, ...] = ()) -> Path:
        """A Python package whose extension needs libraries of the prefix."""
        asks = "".join(f"Requires-Dist: {each}\n" for each in requires)
        info = f"{SITE}/{name}-{version}.dist-info"
        files = self.package(
            name,
            version,
            {
                f"{SITE}/{name}/__init__.py": f"from {name} import _ext\n\n\ndef used(one, two):\n    return one\n"
                if version == "1.0"
                else f"from {name} import _ext\n",
                f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{asks}",
                f"{info}/INSTALLER": "conda\n",
                f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp311-cp311-linux_x86_64\n",
            },
            depends=(f"python {SHORT}.*",),
        )
        path = files / SITE / name / "_ext.so"
        shared_object(path, source, "-Wl,-rpath,$ORIGIN/../../..", *map(str, libraries))
        site = files / SITE
        listed = sorted(each for each in site.rglob("*") if each.is_file())
        rows = [f"{each.relative_to(site)},sha256={_digest(each)},{each.stat().st_size}\n" for each in listed]
        (files / info / "RECORD").write_text("".join(rows) + f"{info.rpartition('/')[2]}/RECORD,,\n")
        return files


def _digest(path: Path) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).rstrip(b"=").decode()


def build(folder: Path, conda: Conda) -> Conda:
    """The channel and the environment, in places of their own."""
    shutil.copytree(conda.folder / "channel", folder / "channel")
    make = Maker(folder)
    foo = make.library("libfoo", "1.0", "libfoo.so.1", "int foo(void) { return 1; }")
    make.library("libfoo", "1.1", "libfoo.so.1", "int foo(void) { return 2; } int more(void) { return 3; }", old=True)
    make.library("libfoo", "1.2", "libfoo.so.1", "int more(void) { return 3; }")
    make.library("libfoo", "2.0", "libfoo.so.2", "int foo(void) { return 4; }")
    make.library("libother", "1.0", "libfoo.so.1", "int foo(void) { return 6; }")
    lost = make.folder / "lost" / "liblost.so.1"
    shared_object(lost, "int lost(void) { return 5; }", "-Wl,-soname,liblost.so.1")
    extension = "int {0}(void); void *PyInit__ext(void) {{ return (void *)(long){0}(); }}"
    make.extension("user", "1.0", extension.format("foo"), foo / "lib" / "libfoo.so.1")
    make.extension("user", "1.1", extension.format("foo"), foo / "lib" / "libfoo.so.1", requires=("six>=1.17",))
    make.extension("user", "2.0", extension.format("lost"), lost)
    make.package("owner", "1.0", {"bin/run": "#!/bin/sh\n", "share/owner.txt": "one\n", "share/same.txt": "same\n"})
    intruder = {"bin/run": "#!/bin/sh\nexit 1\n", "share/owner.txt": "two\n", "share/same.txt": "same\n"}
    make.package("intruder", "1.0", {**intruder, f"{SITE}/idna/core.py": "X = 1\n"})
    for version in ("2026.1", "2026.2"):
        make.package("certs", version, {"ssl/cacert.pem": version}, noarch="generic")
    make.package("data", "1.0", {"share/data.txt": "data\n"}, old=True)
    run(conda.tools, "-c", _PACKER, SCRIPT.parent, folder)
    made = Conda(folder, conda.tools)
    made.install(made.prefix, *PACKAGES)
    pip = (made.prefix / "bin" / "python", "-m", "pip", "-q", "install", "--no-deps")
    run(*pip, "idna==3.7")
    return made


class Change:
    """A change of an environment's conda packages, before it is made and made."""

    def __init__(self, conda: Conda, prefix: Path) -> None:
        self.conda = conda
        self.prefix = prefix
        self.live = scan(python=str(prefix / "bin" / "python"))

    def resolution(self, *specs: str, without: tuple[str, ...] = ()) -> Resolution:
        """What a solver would answer to ``name=version``, each exact."""
        records = _records(self.conda.folder / "channel")
        archives = [conda_archive.of_record(records[spec]) for spec in specs]
        return _conda_transaction.resolution("test", archives, without, (), self.live)

    def look(self, resolution: Resolution, folder: Path, *, native: bool = True, **more: Any) -> Arriving:
        given = {"offline": True, "find_links": (), **more}
        return arriving_conda.look(resolution, self.live, native=native, unpack=str(folder), **given)

    def make(self, *specs: str, without: tuple[str, ...] = ()) -> Environment:
        """Let py-rattler do it."""
        named = {spec.partition("=")[0] for spec in specs}
        kept = [each for each in PACKAGES if each.partition("=")[0] not in {*named, *without}]
        self.conda.install(self.prefix, *kept, *specs)
        return scan(python=str(self.prefix / "bin" / "python"))


def _records(channel: Path) -> dict[str, dict[str, Any]]:
    """``name=version`` to the record of its archive; of several builds the first."""
    found: dict[str, dict[str, Any]] = {}
    for subdir in ("noarch", "linux-64"):
        said = json.loads((channel / subdir / "repodata.json").read_text())
        for part in ("packages", "packages.conda"):
            for name, record in sorted(said[part].items()):
                url = (channel / subdir / name).resolve().as_uri()
                found.setdefault(f"{record['name']}={record['version']}", {**record, "url": url})
    return found
