"""A real conda environment, made on the spot of parts from the Python index: channel, solve, installation, pip layer.

    python benchmarks/conda_channel.py FOLDER

needs py-rattler and py-rattler-build, and makes FOLDER/channel and FOLDER/prefix. Afterwards

    python benchmarks/conda_channel.py FOLDER PREFIX SPEC...

installs other packages of the channel into another prefix. What is in the channel:

- ``python``: links to the interpreter that runs this, and pyvenv.cfg, so that nothing big is copied;
- ``six`` in two versions: Python code for any platform; ``markupsafe``: a compiled module;
- ``pytorch`` for CUDA and for the CPU: the distribution ``torch``, of which only the build string and torch/version.py
  differ, with a text in which the prefix is written anew on installation;
- ``graphviz``: the C program, whose name on the Python index is another project. Its files hold the prefix, too;
- ``tool``: Python code for any platform, with a script and an entry point. PREFIX has it not.
"""

import asyncio
import base64
import bz2
import datetime as dt
import hashlib
import importlib
import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any, NoReturn

SUBDIR = "linux-64"
PLACEHOLDER = "/opt/build" + "_placehold" * 12
"""What stands for the prefix in a package; long, so that any prefix fits in its place."""
PACKAGES = ("python", "pip", "six=1.16.0", "markupsafe", "pytorch=2.5.0=*cu121*", "graphviz")
LAYER = ("idna==3.7",)
"""What pip installs on top."""
_SHORT = f"{sys.version_info[0]}.{sys.version_info[1]}"
_TAG = f"py{_SHORT.replace('.', '')}"
_SITE = f"lib/python{_SHORT}/site-packages"
_BUILT = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)


def main() -> NoReturn:
    if len(sys.argv) > 2:
        asyncio.run(_install(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]))
    else:
        build(Path(sys.argv[1]).resolve())
    sys.stdout.flush()
    # After asynchronous calls py-rattler may crash while the interpreter shuts down; everything is done by now.
    os._exit(0)


def build(folder: Path) -> None:
    """Make the channel and install an environment from it, with a pip layer."""
    channel, work = folder / "channel", folder / "work"
    for subdir in ("noarch", SUBDIR):
        (channel / subdir).mkdir(parents=True)
    work.mkdir()
    _pack_python(channel, work)
    _pack_wheel(channel, work, "pip==24.0", build="h1_0", arch=True, scripts={"pip": _PIP})
    _pack_wheel(channel, work, "six==1.16.0", build="pyh1_0")
    _pack_wheel(channel, work, "six==1.17.0", build="pyh1_0")
    _pack_wheel(channel, work, "MarkupSafe==2.1.5", build=f"{_TAG}h1_0", arch=True)
    _pack_torch(channel, work, build=f"{_TAG}_cu121_0", cuda="'12.1'", number=1)
    _pack_torch(channel, work, build=f"{_TAG}_cpu_0", cuda="None", number=0)
    _pack_graphviz(channel)
    _pack_tool(channel)
    asyncio.run(importlib.import_module("rattler.index").index_fs(channel, write_shards=False, force=True))
    prefix = folder / "prefix"
    asyncio.run(_install(folder, prefix, list(PACKAGES)))
    pip(prefix, "install", "--no-deps", *LAYER)


_PIP = '#!/bin/sh\nexec "$(dirname "$0")/python" -m pip "$@"\n'


def pip(prefix: Path, *arguments: str) -> None:
    """Run the pip of an environment, which must not fall through to another one."""
    kept = {
        name: value for name, value in os.environ.items() if name.startswith(("PIP_INDEX", "PIP_EXTRA", "PIP_CERT"))
    }
    environ = {**kept, "PATH": "/usr/bin:/bin", "HOME": os.environ.get("HOME", "/"), "PIP_REQUIRE_VIRTUALENV": "1"}
    command = [str(prefix / "bin" / "python"), "-m", "pip", "-q", "--disable-pip-version-check", *arguments]
    subprocess.run(command, env=environ, check=True)


async def _install(folder: Path, prefix: Path, specs: list[str]) -> None:
    rattler: Any = importlib.import_module("rattler")
    records = await rattler.solve(
        sources=[(folder.resolve() / "channel").as_uri()],
        specs=[rattler.MatchSpec(spec) for spec in specs],
        platforms=[SUBDIR, "noarch"],
        virtual_packages=rattler.VirtualPackage.detect(),
    )
    await rattler.install(records, target_prefix=prefix, cache_dir=folder / "cache", show_progress=False)


def _pack(channel: Path, files: Path, name: str, version: str, build: str, **more: Any) -> None:
    rattler_build: Any = importlib.import_module("rattler_build")
    subdir = "noarch" if more.get("noarch") else SUBDIR
    rattler_build.assemble_package(
        name=name,
        version=version,
        target_platform=subdir,
        build_string=build,
        output_dir=channel / subdir,
        files_dir=files,
        archive_type=rattler_build.ArchiveType.Conda,
        timestamp=_BUILT,
        detect_prefix=False,
        compression_level=3,
        **more,
    )


def _pack_python(channel: Path, work: Path) -> None:
    base = Path(sys.base_prefix)
    files = work / "python"
    (files / "bin").mkdir(parents=True)
    for name in ("python", "python3", f"python{_SHORT}"):
        (files / "bin" / name).symlink_to(base / "bin" / f"python{_SHORT}")
    (files / "pyvenv.cfg").write_text(f"home = {base}/bin\ninclude-system-site-packages = false\n")
    (files / _SITE).mkdir(parents=True)
    (files / _SITE / "README.txt").write_text("packages go here\n")
    _pack(channel, files, "python", sys.version.split()[0].rstrip("+"), "h1_0_cpython")


def _pack_wheel(
    channel: Path,
    work: Path,
    requirement: str,
    *,
    build: str,
    arch: bool = False,
    scripts: dict[str, str] | None = None,
) -> None:
    """Pack a wheel as conda packages do it: unpacked, INSTALLER and RECORD written anew."""
    name, _, version = requirement.partition("==")
    wheels = work / "wheels" / name / version
    command = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check", "download", "--no-deps"]
    subprocess.run([*command, "--only-binary=:all:", "-d", str(wheels), requirement], check=True)
    files = work / f"{name}-{version}"
    site = files / (_SITE if arch else "site-packages")
    with zipfile.ZipFile(next(wheels.glob("*.whl"))) as wheel:
        wheel.extractall(site)
    _finish(site, name)
    for script, text in (scripts or {}).items():
        (files / "bin").mkdir(exist_ok=True)
        (files / "bin" / script).write_text(text)
        (files / "bin" / script).chmod(0o755)
    depends = [f"python {_SHORT}.*" if arch else "python >=3.8"]
    _pack(channel, files, name.lower(), version, build, depends=depends, noarch=None if arch else "python")


def _finish(site: Path, name: str) -> None:
    """What a build of conda leaves in a metadata folder, the folder of the build machine included."""
    folder = next(site.glob("*.dist-info"))
    (folder / "INSTALLER").write_text("conda\n")
    (folder / "REQUESTED").write_text("")
    built = f"file:///home/conda/feedstock_root/build_artifacts/{name}_1700000000000/work"
    (folder / "direct_url.json").write_text(json.dumps({"dir_info": {}, "url": built}))
    rows = []
    for file in sorted(each for each in site.rglob("*") if each.is_file() and each.name != "RECORD"):
        data = file.read_bytes()
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.append(f"{file.relative_to(site)},sha256={digest},{len(data)}\n")
    (folder / "RECORD").write_text("".join(rows) + f"{folder.name}/RECORD,,\n")


def _pack_torch(channel: Path, work: Path, *, build: str, cuda: str, number: int) -> None:
    files = work / build
    site = files / _SITE
    (site / "torch" / "lib").mkdir(parents=True)
    (site / "torch" / "__init__.py").write_text("from torch.version import __version__\n")
    (site / "torch" / "version.py").write_text(f"__version__ = '2.5.0'\ncuda = {cuda}\nhip = None\n")
    (site / "torch" / "lib" / "libtorch.so").write_bytes(b"\x7fELF" + build.encode() * 50)
    info = site / "torch-2.5.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 2.5.0\n")
    tag = f"cp{_SHORT.replace('.', '')}-cp{_SHORT.replace('.', '')}-linux_x86_64"
    (info / "WHEEL").write_text(f"Wheel-Version: 1.0\nGenerator: by hand\nRoot-Is-Purelib: false\nTag: {tag}\n")
    _finish(site, "torch")
    depends = [f"python {_SHORT}.*"]
    _pack(channel, files, "pytorch", "2.5.0", build, depends=depends, build_number=number)


def _pack_graphviz(channel: Path) -> None:
    texts = {
        "bin/dot": f"#!{PLACEHOLDER}/bin/python\nprint('{PLACEHOLDER}/share/graphviz')\n",
        "lib/pkgconfig/libgvc.pc": f"prefix={PLACEHOLDER}\nlibdir={PLACEHOLDER}/lib\n",
    }
    binary = b"\x7fELF\0" + PLACEHOLDER.encode() + b"/lib/graphviz\0\0after\0" + bytes(range(256))
    plain = {"lib/graphviz/config6": b"libgvplugin_core.so.6\n", "share/graphviz/examples.txt": b"digraph { a -> b }\n"}
    rewritten = {
        **{path: (text.encode(), "text") for path, text in texts.items()},
        "lib/libgvc.so.6": (binary, "binary"),
    }
    index = {
        "name": "graphviz",
        "version": "9.0.0",
        "build": "h78e8752_1",
        "build_number": 1,
        "depends": [],
        "arch": "x86_64",
        "platform": "linux",
        "subdir": SUBDIR,
        "license": "EPL-1.0",
        "timestamp": int(_BUILT.timestamp() * 1000),
    }
    _pack_by_hand(channel, index, plain, rewritten, links={"lib/libgvc.so": "libgvc.so.6"})


def _pack_tool(channel: Path) -> None:
    """Python code for any platform, with a script and with entry points, which installers write themselves."""
    plain = {
        "site-packages/tool/__init__.py": b"def main():\n    print('tool')\n",
        "site-packages/tool-1.0.dist-info/INSTALLER": b"conda\n",
        "site-packages/tool-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: tool\nVersion: 1.0\n",
        "site-packages/tool-1.0.dist-info/RECORD": b"tool/__init__.py,,\ntool-1.0.dist-info/METADATA,,\n",
    }
    script = f"#!{PLACEHOLDER}/bin/python -E\nprint('{PLACEHOLDER}')\n".encode()
    index = {
        "name": "tool",
        "version": "1.0",
        "build": "pyh1_0",
        "build_number": 0,
        "depends": ["python >=3.8"],
        "noarch": "python",
        "subdir": "noarch",
        "timestamp": int(_BUILT.timestamp() * 1000),
    }
    points = {"type": "python", "entry_points": ["tool = tool:main"]}
    about = {"info/link.json": json.dumps({"noarch": points, "package_metadata_version": 1}).encode()}
    _pack_by_hand(channel, index, plain, {"python-scripts/tool-script": (script, "text")}, about=about)


def _pack_by_hand(
    channel: Path,
    index: dict[str, Any],
    plain: dict[str, bytes],
    rewritten: dict[str, tuple[bytes, str]],
    *,
    links: "dict[str, str] | None" = None,
    about: "dict[str, bytes] | None" = None,
) -> None:
    """The old archive format, so that the places of the prefix are known."""
    paths: list[dict[str, Any]] = []
    members: dict[str, bytes] = {}
    for path, (data, mode) in rewritten.items():
        members[path] = data
        paths.append({**_path(path, data), "prefix_placeholder": PLACEHOLDER, "file_mode": mode})
    for path, data in plain.items():
        members[path] = data
        paths.append(_path(path, data))
    for path, target in (links or {}).items():
        paths.append({**_path(path, members[f"{path.rpartition('/')[0]}/{target}"]), "path_type": "softlink"})
    members["info/index.json"] = json.dumps(index).encode()
    members["info/paths.json"] = json.dumps({"paths": paths, "paths_version": 1}).encode()
    members["info/files"] = "".join(f"{each['_path']}\n" for each in paths).encode()
    members |= about or {}
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path, data in members.items():
            member = tarfile.TarInfo(path)
            member.size, member.mode = len(data), 0o755 if path.startswith(("bin/", "python-scripts/")) else 0o644
            tar.addfile(member, io.BytesIO(data))
        for path, target in (links or {}).items():
            link = tarfile.TarInfo(path)
            link.type, link.linkname = tarfile.SYMTYPE, target
            tar.addfile(link)
    name = f"{index['name']}-{index['version']}-{index['build']}.tar.bz2"
    (channel / str(index["subdir"]) / name).write_bytes(bz2.compress(archive.getvalue()))


def _path(path: str, data: bytes) -> dict[str, Any]:
    digest = hashlib.sha256(data).hexdigest()
    return {"_path": path, "path_type": "hardlink", "sha256": digest, "size_in_bytes": len(data)}


if __name__ == "__main__":
    main()
