"""How long reading a lock takes beside what its parser alone takes.

    python benchmarks/reading.py
    python benchmarks/reading.py --files path/to/uv.lock path/to/Pipfile.lock

Without files, a lock of 200 packages with 12 files each is made for every format. Reader and parser take turns, and
the least CPU time of many rounds counts, so that other work on the machine does not. ``first`` is one read in a
process that has read nothing yet, its modules loaded: there the tags of the interpreter are computed once.
"""

import argparse
import importlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from envguard import formats
from envguard.errors import EnvguardError
from envguard.model import Selection

PACKAGES = 200
FILES = 12
SECONDS = 2.0
"""CPU time that is spent on one file, reader and parser together."""
PYTHONS = ("cp310", "cp311", "cp312", "cp313")
PLATFORMS = ("manylinux_2_17_x86_64.manylinux2014_x86_64", "macosx_11_0_arm64", "win_amd64")
PRELOADED = ("markers", "pylock", "requirements", "specifiers", "tags", "utils")
"""Modules of packaging that readers load when they need them."""
UNPARSED = ("requirements.txt", "conda-explicit")
"""Formats that no general parser reads."""

Parser = Callable[[str], object]


class Row(NamedTuple):
    """One file. Times in milliseconds of CPU time."""

    format: str
    kilobytes: int
    pins: int
    parser: str
    parser_ms: float
    reader_ms: float
    first_ms: float

    @property
    def ratio(self) -> float:
        """The reader's time as a multiple of its parser's."""
        return self.reader_ms / self.parser_ms


def made(seed: int = 1) -> dict[str, str]:
    """A lock for each format, by the name of its file."""
    chance = random.Random(seed)
    packages = [_package(chance, number) for number in range(PACKAGES)]
    return {
        "uv.lock": _uv(packages),
        "pylock.toml": _pylock(packages),
        "poetry.lock": _poetry(packages),
        "pdm.lock": _pdm(packages),
        "Pipfile.lock": _pipfile(packages),
        "conda-lock.yml": _conda_lock(packages),
        "pixi.lock": _pixi(packages),
        "bom.json": _cyclonedx(packages),
        "inspect.json": _inspect(packages),
    }


class _Package(NamedTuple):
    name: str
    version: str
    files: list[tuple[str, str]]
    """File name and sha256."""
    needs: list[str]
    marked: bool
    """It has a marker, as one in four has in locks of uv and pip."""


def _package(chance: random.Random, number: int) -> _Package:
    name, version = f"package-{number:03}", f"{chance.randrange(9)}.{chance.randrange(30)}.{chance.randrange(9)}"
    stem = f"{name.replace('-', '_')}-{version}"
    tags = [f"{python}-{python}-{platform}" for python in PYTHONS for platform in PLATFORMS][: FILES - 1]
    wheels = [f"{stem}-{tag}.whl" for tag in tags] if number % 3 else [f"{stem}-py3-none-any.whl"]
    files = [(file, f"{chance.getrandbits(256):064x}") for file in (*wheels, f"{stem}.tar.gz")]
    needs = sorted({f"package-{chance.randrange(number):03}" for _ in range(3)}) if number else []
    return _Package(name, version, files, needs, number % 4 == 0)


def _url(file: str, digest: str) -> str:
    return f"https://files.example.org/packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{file}"


def _uv(packages: list[_Package]) -> str:
    text = 'version = 1\nrevision = 3\nrequires-python = ">=3.10"\n\n[[package]]\nname = "project"\nversion = "1.0"\n'
    text += 'source = { virtual = "." }\ndependencies = [\n'
    text += "".join(f'    {{ name = "{each.name}" }},\n' for each in packages) + "]\n"
    for each in packages:
        files = [
            f'{{ url = "{_url(file, digest)}", hash = "sha256:{digest}", size = 99999, upload-time = "2026-01-01" }}'
            for file, digest in each.files
        ]
        needs = "".join(f'    {{ name = "{need}", marker = "sys_platform != \'win32\'" }},\n' for need in each.needs)
        text += f'\n[[package]]\nname = "{each.name}"\nversion = "{each.version}"\n'
        text += f'source = {{ registry = "https://index.example.org/simple" }}\ndependencies = [\n{needs}]\n'
        text += f"sdist = {files[-1]}\nwheels = [\n" + "".join(f"    {file},\n" for file in files[:-1]) + "]\n"
    return text


def _pylock(packages: list[_Package]) -> str:
    text = 'lock-version = "1.0"\ncreated-by = "x"\nrequires-python = ">=3.10"\n'
    for each in packages:
        files = [
            f'{{ url = "{_url(file, digest)}", size = 99999, hashes = {{ sha256 = "{digest}" }} }}'
            for file, digest in each.files
        ]
        text += f'\n[[packages]]\nname = "{each.name}"\nversion = "{each.version}"\n'
        text += "marker = \"python_version >= '3.8'\"\n" if each.marked else ""
        text += 'index = "https://index.example.org/simple"\n'
        text += f"sdist = {files[-1]}\nwheels = [\n" + "".join(f"    {file},\n" for file in files[:-1]) + "]\n"
    return text


def _listed(each: _Package) -> str:
    return "".join(f'    {{file = "{file}", hash = "sha256:{digest}"}},\n' for file, digest in each.files)


def _poetry(packages: list[_Package]) -> str:
    text = "# This file is automatically @generated by Poetry 2.1.0 and should not be changed by hand.\n"
    for each in packages:
        text += f'\n[[package]]\nname = "{each.name}"\nversion = "{each.version}"\ndescription = "What it is for"\n'
        text += 'optional = false\npython-versions = ">=3.8"\ngroups = ["main"]\n'
        text += f"files = [\n{_listed(each)}]\n\n[package.dependencies]\n"
        text += "".join(f'{need} = ">=0.1,<99"\n' for need in each.needs)
    return text + '\n[metadata]\nlock-version = "2.1"\npython-versions = ">=3.10"\ncontent-hash = "0"\n'


def _pdm(packages: list[_Package]) -> str:
    text = '# This file is @generated by PDM.\n\n[metadata]\ngroups = ["default"]\nstrategy = ["inherit_metadata"]\n'
    text += 'lock_version = "4.5.0"\n\n[[metadata.targets]]\nrequires_python = ">=3.10"\n'
    for each in packages:
        needs = "".join(f"    \"{need}>=0.1; sys_platform != 'win32'\",\n" for need in each.needs)
        text += f'\n[[package]]\nname = "{each.name}"\nversion = "{each.version}"\nrequires_python = ">=3.8"\n'
        text += f'summary = "What it is for"\ngroups = ["default"]\ndependencies = [\n{needs}]\n'
        text += f"files = [\n{_listed(each)}]\n"
    return text


def _pipfile(packages: list[_Package]) -> str:
    entries = {
        each.name: {
            "hashes": sorted(f"sha256:{digest}" for _file, digest in each.files),
            "index": "main",
            "markers": "python_version >= '3.8'",
            "version": f"=={each.version}",
        }
        for each in packages
    }
    meta = {"hash": {"sha256": "0" * 64}, "pipfile-spec": 6, "requires": {}, "sources": []}
    return json.dumps({"_meta": meta, "default": entries, "develop": {}}, indent=4)


def _conda_url(each: _Package) -> str:
    return f"https://conda.example.org/conda-forge/linux-64/{each.name}-{each.version}-h0_1.conda"


def _conda_lock(packages: list[_Package]) -> str:
    text = "version: 1\nmetadata:\n  content_hash:\n    linux-64: 0\n  channels:\n  - url: conda-forge\n"
    text += "    used_env_vars: []\n  platforms:\n  - linux-64\n  sources:\n  - environment.yml\npackage:\n"
    for each in packages:
        needs = "".join(f"\n    {need}: '>=0.1,<99'" for need in each.needs) or " {}"
        digest = each.files[0][1]
        text += f"- name: {each.name}\n  version: {each.version}\n  manager: conda\n  platform: linux-64\n"
        text += f"  dependencies:{needs}\n  url: {_conda_url(each)}\n  hash:\n    md5: {digest[:32]}\n"
        text += f"    sha256: {digest}\n  category: main\n  optional: false\n"
    return text


def _pixi(packages: list[_Package]) -> str:
    text = "version: 6\nenvironments:\n  default:\n    channels:\n    - url: https://conda.example.org/conda-forge/\n"
    text += "    packages:\n      linux-64:\n" + "".join(f"      - conda: {_conda_url(each)}\n" for each in packages)
    text += "packages:\n"
    for each in packages:
        digest = each.files[0][1]
        needs = "".join(f"\n  - {need} >=0.1,<99" for need in each.needs) or " []"
        text += f"- conda: {_conda_url(each)}\n  sha256: {digest}\n  md5: {digest[:32]}\n  depends:{needs}\n"
        text += "  license: MIT\n  size: 99999\n  timestamp: 1700000000000\n"
    return text


def _cyclonedx(packages: list[_Package]) -> str:
    components = [
        {
            "type": "library",
            "bom-ref": each.name,
            "name": each.name,
            "version": each.version,
            "purl": f"pkg:pypi/{each.name}@{each.version}",
            "externalReferences": [
                {"type": "distribution", "url": _url(file, digest), "hashes": [{"alg": "SHA-256", "content": digest}]}
                for file, digest in each.files
            ],
        }
        for each in packages
    ]
    return json.dumps(
        {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": components}, indent=2
    )


def _inspect(packages: list[_Package]) -> str:
    installed = [
        {
            "metadata": {
                "metadata_version": "2.1",
                "name": each.name,
                "version": each.version,
                "summary": "What it is for",
                "requires_dist": [f"{need}>=0.1" for need in each.needs],
                "description": "A long text of its own. " * 50,
            },
            "metadata_location": f"/opt/app/{each.name}-{each.version}.dist-info",
            "installer": "pip",
            "requested": True,
        }
        for each in packages
    ]
    return json.dumps({"version": "1", "pip_version": "26.0", "installed": installed}, indent=2)


def parser_of(name: str) -> tuple[str, Parser]:
    """The general parser below a format, called as its reader would call it without any care."""
    if name in ("uv.lock", "pylock.toml", "poetry.lock", "pdm.lock"):
        module = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
        return module.__name__, module.loads
    if name in ("Pipfile.lock", "cyclonedx", "pip-inspect"):
        return "json", json.loads
    yaml: Any = importlib.import_module("yaml")
    return "PyYAML (C)", lambda text: yaml.load(text, Loader=yaml.CSafeLoader)


def measured(path: str, seconds: float = SECONDS, *, first: bool = True) -> Row:
    """The row of one file.

    Args:
        path: The lock.
        seconds: CPU time to spend, reader and parser together.
        first: Also measure the first read of a process.

    Raises:
        EnvguardError: It cannot be read, or no general parser reads its format.
    """
    with open(path, "rb") as file:
        data = file.read()
    selection = Selection(platform="linux-64") if "platform" in formats.selects(path) else Selection()
    snapshot = formats.load(path, selection=selection)
    if snapshot.format in UNPARSED:
        raise EnvguardError("no general parser reads this format", path=path)
    read, text = _reader(path, data, selection), data.decode()
    name, parse = parser_of(snapshot.format)
    ours, theirs = [_timed(read)], [_timed(lambda: parse(text))]
    end = time.process_time() + seconds
    while len(ours) < 5 or time.process_time() < end:
        ours.append(_timed(read))
        theirs.append(_timed(lambda: parse(text)))
    first_ms = _first(path) if first else 0.0
    best = (min(theirs) * 1e3, min(ours) * 1e3)
    return Row(snapshot.format, len(data) // 1024, len(snapshot.pins), name, *best, first_ms)


def _reader(path: str, data: bytes, selection: Selection) -> Callable[[], object]:
    module = next(each for each in formats._modules() if each.recognises(os.path.basename(path), data[:8192]) == 2)
    return lambda: module.parse(data, path=path, selection=selection)


def _timed(call: Callable[[], object]) -> float:
    begin = time.process_time()
    call()
    return time.process_time() - begin


def _first(path: str) -> float:
    """Milliseconds of the first read of a process, the least of five."""
    command = [sys.executable, __file__, "--first", path]
    return min(float(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(5))


def _print_first(path: str) -> None:
    for module in PRELOADED:
        importlib.import_module(f"packaging.{module}")
    with open(path, "rb") as file:
        data = file.read()
    selection = Selection(platform="linux-64") if "platform" in formats.selects(path) else Selection()
    if parser_of(path)[0] == "PyYAML (C)":
        importlib.import_module("yaml")
    print(_timed(_reader(path, data, selection)) * 1e3)


def main() -> None:
    parser = argparse.ArgumentParser(description="How long reading a lock takes beside its parser alone.")
    parser.add_argument("--files", nargs="*", metavar="LOCK", help="real locks instead of made ones")
    parser.add_argument("--first", metavar="LOCK", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.first:
        _print_first(options.first)
        return
    print("| format | KB | pins | parser | parser ms | reader ms | ratio | first in a process, ms |")
    print("|---|--:|--:|---|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as folder:
        paths = options.files or []
        for name, text in () if paths else made().items():
            paths = [*paths, os.path.join(folder, name)]
            with open(paths[-1], "w", encoding="utf-8") as file:
                file.write(text)
        for path in paths:
            row = measured(path)
            print(
                f"| {row.format} | {row.kilobytes} | {row.pins} | {row.parser} | {row.parser_ms:.2f} "
                f"| {row.reader_ms:.2f} | {row.ratio:.2f} | {row.first_ms:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
