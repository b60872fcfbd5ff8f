"""The environments and the damages of catches.py: what is done for real, and how envguard claims to call it.

An environment is a virtual environment without pip: real distributions from the index, and small hand-built wheels for
what would need gigabytes otherwise (builds of ``torch``) or is hard to pin (two distributions that own one file).
"""

import base64
import hashlib
import importlib.util
import marshal
import os
import re
import shutil
import struct
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import damages
import environments
import sandbox

REAL = ("numpy==1.26.4", "pillow==10.2.0", "requests==2.32.3", "attrs==24.2.0", "six==1.16.0")
ENVGUARD = f"""
import sys
sys.path.append({str(environments.PROJECT / "src")!r})
from envguard.doors.cli import main
sys.exit(main())
"""
"""Runs the project as it stands without putting it on the path of the environment that is judged."""

TORCH = "__version__ = '2.5.0+{0}'\ncuda = {1}\n"
CPU, CUDA = TORCH.format("cpu", None), TORCH.format("cu124", "'12.4'")


def envguard(*words: object) -> list[object]:
    """The command line of envguard with these words."""
    return [sys.executable, "-c", ENVGUARD, *words]


def tools(work: Path) -> environments.Environment:
    """An environment with the newest pip and, where it can be had, MLflow; made once."""
    environment = environments.Environment(work / "tools")
    if not environment.folder.exists():
        environments.run([sys.executable, "-m", "venv", "--without-pip", environment.folder])
        environments.install_by_uv(environment, work, "--upgrade", "pip")
    return environment


class Place:
    """The judged environment: always the same folder, made anew from a copy before each damage."""

    def __init__(self, work: Path, name: str, origin: environments.Environment) -> None:
        self.work = work
        self.origin = origin
        self.environment = environments.Environment(work / "judged")
        self.lock = work / f"{name}.lock"
        self.pins = work / f"{name}.txt"
        self.empty = work / "empty"
        self.empty.mkdir(exist_ok=True)
        self.renew()
        environments.run(envguard("freeze", "--depth", "files", "--python", self.python, "-o", self.lock))
        command = [tools(work).python, "-m", "pip", "--python", self.python, "freeze"]
        self.pins.write_text(environments.run(command))

    @property
    def python(self) -> Path:
        """The judged environment's interpreter."""
        return self.environment.python

    @property
    def site(self) -> Path:
        """Its site-packages."""
        return self.environment.site

    def renew(self) -> None:
        """An undamaged environment again."""
        environments.copy(self.origin, self.environment.folder)

    def uv(self, *words: object) -> None:
        """``uv pip install`` into it, without what the words require."""
        environments.install_by_uv(self.environment, self.work, "--no-deps", *words)

    def uninstall(self, name: str) -> None:
        """``uv pip uninstall`` from it."""
        environments.run([environments.uv(), "pip", "uninstall", "-q", "--python", self.python, name])

    def wheel(self, folder: str, *words: object) -> None:
        """Installs from a folder of wheels, as if it were an index."""
        self.uv("--no-index", "--no-cache", "--reinstall", "--find-links", self.work / folder, *words)


def build(folder: Path, name: str, version: str, files: "dict[str, str]") -> None:
    """A wheel with a RECORD that fits it."""
    folder.mkdir(exist_ok=True)
    info = f"{name}-{version}.dist-info"
    contents = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: by hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in contents.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            record += f"{path},sha256={digest},{len(text)}\n"
            archive.writestr(path, text)
        archive.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")


def build_wheels(work: Path) -> None:
    """``torch`` in four builds, and two distributions that write one file."""
    for folder, version, text in (
        ("wheels", "2.5.0+cpu", CPU),
        ("cuda", "2.5.0+cu124", CUDA),
        ("index-cpu", "2.5.0", CPU),
        ("index-cuda", "2.5.0", CUDA),
    ):
        build(work / folder, "torch", version, {"torch/__init__.py": "", "torch/version.py": text})
    for name in ("eyes", "eyes_headless"):
        build(work / "wheels", name, "1.0", {"eyes/__init__.py": f"built_as = {name!r}\n"})


def places(work: Path, *, quick: bool) -> "dict[str, Place]":
    """The environments: as installed; its pins without labels; and with a ``torch`` whose metadata has no label."""
    build_wheels(work)
    origin = environments.Environment(work / "origin")
    shutil.rmtree(origin.folder, ignore_errors=True)
    environments.run([sys.executable, "-m", "venv", "--without-pip", origin.folder])
    environments.install_by_uv(origin, work, *(REAL[-2:] if quick else REAL))
    for pin in ("torch==2.5.0+cpu", "eyes==1.0", "eyes-headless==1.0"):
        wheels = ("--no-index", "--no-cache", "--find-links", work / "wheels")
        environments.install_by_uv(origin, work, *wheels, pin)
    environments.compile_all(origin)
    found = {"real": Place(work, "real", origin)}
    if quick:
        return found
    stripped = Place(work, "stripped", origin)
    stripped.pins.write_text(re.sub(r"\+\S+", "", stripped.pins.read_text()))
    unlabelled = _replaced_torch(environments.copy(origin, work / "unlabelled"), work)
    return {**found, "stripped": stripped, "unlabelled": Place(work, "unlabelled", unlabelled)}


def _replaced_torch(environment: environments.Environment, work: Path) -> environments.Environment:
    wheels = ("--no-index", "--no-cache", "--reinstall", "--find-links", work / "index-cpu")
    environments.install_by_uv(environment, work, *wheels, "torch==2.5.0")
    return environment


class Damage:
    """One row.

    Attributes:
        code: What envguard must call it at depth files.
        place: Which environment: ``real``, ``unlabelled`` or ``stripped`` (see ``places``).
        quick: Part of the sample that needs no large wheels.
    """

    def __init__(
        self,
        name: str,
        code: str,
        package: str,
        do: Callable[[Place], "dict[str, str] | None"],
        *,
        place: str = "real",
        quick: bool = False,
    ) -> None:
        self.name = name
        self.code = code
        self.package = package
        self.do = do
        self.place = place
        self.quick = quick


def edit(path: Path, change: "Callable[[bytearray], object]") -> None:
    """Changes a file in place and keeps its times."""
    status, data = path.stat(), bytearray(path.read_bytes())
    change(data)
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def flip(path: Path) -> None:
    """One bit in the middle."""

    def bit(data: bytearray) -> None:
        data[len(data) // 2] ^= 1

    edit(path, bit)


def empty(path: Path) -> None:
    """What a power loss leaves of a file that was never flushed."""
    edit(path, bytearray.clear)


def rebuilt(place: Place) -> None:
    folder = place.work / "rebuilt"
    shutil.rmtree(folder, ignore_errors=True)
    download = [tools(place.work).python, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, "six==1.16.0"]
    environments.run(download)
    damages.rewrite(next(folder.glob("*.whl")), "six.py")
    place.wheel("rebuilt", "six==1.16.0")


def poisoned(place: Place) -> None:
    """Byte code of another program under a header that names the source's time and size: Python runs it."""
    source = place.site / "attr" / "filters.py"
    cached = Path(importlib.util.cache_from_source(str(source)))
    code = compile(source.read_bytes() + b"\npoisoned = True\n", str(source), "exec", dont_inherit=True)
    status = source.stat()
    header = struct.pack("<4sIII", importlib.util.MAGIC_NUMBER, 0, int(status.st_mtime), status.st_size)
    cached.parent.mkdir(exist_ok=True)
    cached.write_bytes(header + marshal.dumps(code))


def duplicated(place: Place) -> None:
    real, other = place.site / "six-1.16.0.dist-info", place.site / "six-1.15.0.dist-info"
    shutil.copytree(real, other)
    metadata = other / "METADATA"
    metadata.write_text(metadata.read_text().replace("Version: 1.16.0", "Version: 1.15.0"))


def leftover(place: Place) -> None:
    """What pip moves aside before it removes, and leaves when it is killed."""
    shutil.copytree(place.site / "attr", place.site / "~ttr")
    shutil.copytree(place.site / "attrs-24.2.0.dist-info", place.site / "~ttrs-24.2.0.dist-info")


def startup(place: Place) -> None:
    (place.site / "zz_start.pth").write_text("import os; os.environ.setdefault('STARTED_BY_PTH', '1')\n")


def shadowed(place: Place) -> "dict[str, str]":
    folder = place.work / "shadow"
    (folder / "attr").mkdir(parents=True, exist_ok=True)
    (folder / "attr" / "__init__.py").touch()
    return {"PYTHONPATH": str(folder)}


def replaced_by_folder(place: Place) -> None:
    """A folder beats a module of the same name in the same place."""
    (place.site / "six").mkdir()
    (place.site / "six" / "__init__.py").write_text("__version__ = '1.16.0'\n")


def editable(place: Place) -> None:
    source = place.work / "six-source"
    (source / "src" / "six").mkdir(parents=True, exist_ok=True)
    shutil.copy2(place.site / "six.py", source / "src" / "six" / "__init__.py")
    (source / "pyproject.toml").write_text(
        '[project]\nname = "six"\nversion = "1.16.0"\n\n'
        '[build-system]\nrequires = ["uv_build"]\nbuild-backend = "uv_build"\n'
    )
    place.uv("-e", source)


def other_python(place: Place) -> None:
    """The same pins on another minor version of Python."""
    shutil.rmtree(place.environment.folder)
    environments.run([neighbour(), "-m", "venv", "--without-pip", place.environment.folder])
    place.uv("--only-binary", ":all:", "--find-links", place.work / "wheels", "-r", place.pins)


def neighbour() -> str:
    """The interpreter of the nearest other minor version that is here, the newer of two; empty where there is none."""
    mine = sys.version_info[1]
    found = {int(version.split(".")[1]): path for version, path in sandbox.interpreters().items()}
    others = sorted((minor for minor in found if minor != mine), key=lambda minor: (abs(minor - mine), -minor))
    return found[others[0]] if others else ""


def rows() -> list[Damage]:
    """Every damage, with what envguard claims to call it at depth files."""

    def at(path: str, act: "Callable[[Path], None]") -> "Callable[[Place], None]":
        return lambda place: act(next(place.site.glob(path)))

    def uv(*words: str) -> "Callable[[Place], None]":
        return lambda place: place.uv(*words)

    def wheel(folder: str, pin: str) -> "Callable[[Place], None]":
        return lambda place: place.wheel(folder, pin)

    def without(name: str) -> "Callable[[Place], None]":
        return lambda place: place.uninstall(name)

    listed = [
        Damage("version changed, nothing limits it", "EG102", "six", uv("six==1.17.0"), quick=True),
        Damage("version changed, out of the range that another needs", "EG102", "idna", uv("idna==2.4")),
        Damage("package removed, nothing needs it", "EG101", "six", without("six")),
        Damage("package removed, another needs it", "EG101", "idna", without("idna")),
        Damage("package added", "EG103", "sortedcontainers", uv("sortedcontainers==2.4.0")),
        Damage("same version from another artifact", "EG107", "six", rebuilt),
        Damage("`torch` `+cpu` to `+cu124`, pin with label", "EG104", "torch", wheel("cuda", "torch==2.5.0+cu124")),
        Damage(
            "`torch` `+cpu` to `+cu124`, pin without label",
            "EG104",
            "torch",
            wheel("cuda", "torch==2.5.0+cu124"),
            place="stripped",
        ),
        Damage(
            "`torch` CPU build to CUDA build, metadata without label",
            "EG104",
            "torch",
            wheel("index-cuda", "torch==2.5.0"),
            place="unlabelled",
        ),
        Damage("installed editable instead of from the index", "EG105", "six", editable),
        Damage("one bit of a `.py`", "EG108", "attrs", at("attr/filters.py", flip), quick=True),
        Damage("one bit of a `.so`", "EG108", "numpy", at("numpy/core/_multiarray_umath*.so", flip)),
        Damage("file deleted", "EG108", "attrs", at("attr/filters.py", Path.unlink)),
        Damage("file added to a package", "EG108", "attrs", at("attr", lambda path: (path / "extra.py").touch())),
        Damage("poisoned `.pyc`, time and size of the source right", "EG108", "attrs", poisoned),
        Damage("two distributions write one file, the other one's won", "EG108", "eyes", wheel("wheels", "eyes==1.0")),
        Damage("`.pth` with code dropped into site-packages", "EG108", "", startup),
        Damage("metadata folder duplicated", "EG106", "six", duplicated),
        Damage("`~` leftover of a killed pip", "EG109", "attrs", leftover),
        Damage("METADATA emptied (power loss)", "EG109", "six", at("six-*.dist-info/METADATA", empty)),
        Damage("shadowing folder on PYTHONPATH", "EG112", "attrs", shadowed, quick=True),
        Damage("`six/` beside `six.py`, which it beats", "EG112", "six", replaced_by_folder),
    ]
    if neighbour():
        listed.insert(10, Damage("Python replaced by another minor version", "EG110", "", other_python))
    return listed
