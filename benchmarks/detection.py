"""How much tampering each depth detects: thousands of live mutations of a real environment.

An environment of 20 distributions and more is frozen twice, with and without a manifest. Then one thing at a time is
changed on disk, ``envguard.check`` is asked at each depth, and the change is undone. A check that still says ``pinned``
has missed it. Every depth must say ``pinned`` before the first change and after the last.

With ``--clean`` nothing is changed: after the freeze Python imports the packages, plainly and with -O and -OO, and
everything is compiled again. None of the byte code that this writes may be a finding.

Run: python benchmarks/detection.py [--quick] [--clean] [--seed N] [--work DIR] [--json FILE]
"""

import base64
import collections
import contextlib
import functools
import hashlib
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import MAGIC_NUMBER, cache_from_source
from pathlib import Path

import envguard
import environments
from envguard.environment import interpreter
from envguard.facts import against_manifest, against_records, hashing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Depth

DEPTHS: "dict[str, tuple[str, Depth]]" = {
    "versions": ("records.lock", "versions"),
    "records": ("records.lock", "records"),
    "files without manifest": ("records.lock", "files"),
    "files with manifest": ("files.lock", "files"),
}
"""Column of the table: lock and depth."""

IMPORTS = "numpy requests yaml click rich.console attrs PIL.Image zope.interface setuptools safetensors jinja2 tqdm"

Mutation = tuple[str, Callable[[], "contextlib.AbstractContextManager[bool]"]]
"""Name of the operator, and what applies it and undoes it; False where it does not apply to the file."""


@contextlib.contextmanager
def kept(path: Path, spare: Path) -> Iterator[bytes]:
    """The file's bytes; afterwards the very same file is back, inode and times included."""
    data = path.read_bytes()
    os.rename(path, spare)
    shutil.copy2(spare, path)
    try:
        yield data
    finally:
        os.rename(spare, path)


def write(path: Path, data: bytes) -> None:
    """Writes in place and keeps the times, as a careful intruder would."""
    status = path.stat()
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@contextlib.contextmanager
def rewritten(path: Path, spare: Path, change: Callable[[bytes], bytes]) -> Iterator[bool]:
    with kept(path, spare) as data:
        new = change(data)
        write(path, new)
        yield new != data


@contextlib.contextmanager
def moved_away(path: Path, spare: Path) -> Iterator[bool]:
    os.rename(path, spare)
    try:
        yield True
    finally:
        os.rename(spare, path)


@contextlib.contextmanager
def linked(path: Path, spare: Path) -> Iterator[bool]:
    with moved_away(path, spare):
        path.symlink_to(spare)
        try:
            yield True
        finally:
            path.unlink()


@contextlib.contextmanager
def added(path: Path, data: bytes) -> Iterator[bool]:
    if path.exists():
        yield False
        return
    path.write_bytes(data)
    try:
        yield True
    finally:
        path.unlink()


@contextlib.contextmanager
def other_mode(path: Path) -> Iterator[bool]:
    mode = path.stat().st_mode & 0o777
    path.chmod(mode & ~0o111 if mode & 0o111 else mode | 0o111)
    try:
        yield True
    finally:
        path.chmod(mode)


@contextlib.contextmanager
def consistent(path: Path, site: Path, records: dict[str, Path], spare: Path) -> Iterator[bool]:
    """A file and its row in RECORD, changed so that they agree."""
    name = os.path.relpath(path, site)
    record = records.get(name)
    if record is None or record == path:
        yield False
        return
    with kept(path, spare) as data, kept(record, spare.with_suffix(".record")) as rows:
        new = data + b"\n"
        digest = base64.urlsafe_b64encode(hashlib.sha256(new).digest()).rstrip(b"=")
        row = re.compile(rb"(?m)^" + re.escape(name.encode()) + rb",sha256=[^,]*,\d+\r?$")
        write(path, new)
        write(record, row.sub(name.encode() + b",sha256=" + digest + b",%d" % len(new), rows, count=1))
        yield True


@contextlib.contextmanager
def poisoned(source: Path, spare: Path) -> Iterator[bool]:
    """Byte code of another program under a header that names the source's time and size: Python would run it."""
    cached = Path(cache_from_source(str(source)))
    status = source.stat()
    try:
        code = compile(source.read_bytes() + b"\n__poisoned__ = True\n", str(source), "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        yield False
        return
    import marshal

    header = struct.pack("<4sIII", MAGIC_NUMBER, 0, int(status.st_mtime) & 0xFFFFFFFF, status.st_size & 0xFFFFFFFF)
    there = cached.exists()
    cached.parent.mkdir(exist_ok=True)
    with moved_away(cached, spare) if there else contextlib.nullcontext():
        cached.write_bytes(header + marshal.dumps(code))
        try:
            yield True
        finally:
            cached.unlink()


@contextlib.contextmanager
def renamed(folder: Path, name: str) -> Iterator[bool]:
    other = folder.with_name(name)
    folder.rename(other)
    try:
        yield True
    finally:
        other.rename(folder)


@contextlib.contextmanager
def duplicated(folder: Path) -> Iterator[bool]:
    other = folder.with_name("copy_" + folder.name)
    shutil.copytree(folder, other)
    (other / "RECORD").write_bytes(b"")
    try:
        yield True
    finally:
        shutil.rmtree(other)


def flip(rng: random.Random, data: bytes) -> bytes:
    """One bit changed."""
    if not data:
        return data
    changed = bytearray(data)
    changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def of_files(
    files: list[Path], site: Path, records: dict[str, Path], spare: Path, rng: random.Random
) -> Iterator[tuple[Path, Mutation]]:
    """Every operator on every file."""
    flipped = functools.partial(flip, rng)
    for path in files:
        beside = path.parent / "zz_added.py"
        shadow = path.with_suffix(".abi3.so")
        yield path, ("flip one bit, time kept", functools.partial(rewritten, path, spare, flipped))
        yield path, ("delete", functools.partial(moved_away, path, spare))
        yield path, ("truncate to nothing", functools.partial(rewritten, path, spare, lambda _data: b""))
        yield path, ("append a byte", functools.partial(rewritten, path, spare, lambda data: data + b"\n"))
        yield path, ("replace by a link to a copy", functools.partial(linked, path, spare))
        if path.is_relative_to(site):
            yield path, ("add a .py", functools.partial(added, beside, b"x = 1\n"))
        if path.suffix == ".py":
            yield path, ("add a .so that shadows the .py", functools.partial(added, shadow, b"\x7fELF"))
        yield path, ("flip the executable bit", functools.partial(other_mode, path))
        yield path, ("change the file and its RECORD", functools.partial(consistent, path, site, records, spare))


def of_distributions(folders: list[Path], spare: Path) -> Iterator[tuple[Path, Mutation]]:
    """Every operator on every metadata folder."""
    version = re.compile(rb"(?m)^Version: .*$")
    for folder in folders:
        name = re.sub(r"-[^-]+\.dist-info$", "-99.0.dist-info", folder.name)
        yield (
            folder,
            (
                "change the version in METADATA",
                functools.partial(
                    rewritten, folder / "METADATA", spare, functools.partial(version.sub, b"Version: 99.0")
                ),
            ),
        )
        yield folder, ("rename the metadata folder", functools.partial(renamed, folder, name))
        yield folder, ("duplicate the metadata folder", functools.partial(duplicated, folder))
        yield folder, ("remove RECORD", functools.partial(moved_away, folder / "RECORD", spare))
        yield folder, ("remove the metadata folder", functools.partial(moved_away, folder, spare))


def of_bytecode(sealed: list[Path], new: list[Path], spare: Path) -> Iterator[tuple[Path, Mutation]]:
    """Poisoned byte code in place of frozen byte code, and where there was none."""
    for source in sealed:
        yield source, ("poison a frozen .pyc", functools.partial(poisoned, source, spare))
    for source in new:
        yield source, ("add a poisoned .pyc", functools.partial(poisoned, source, spare))


class Memory:
    """Digests by what the file system says of a file, so that 3,000 checks need not read everything 3,000 times."""

    def __init__(self) -> None:
        self.known: dict[tuple[int, ...], hashing.Digest] = {}

    def __call__(self, path: str) -> hashing.Digest:
        """The digest of a file that may have been read before."""
        try:
            status = os.stat(path)
        except OSError:
            return hashing.hash_file(path)
        key = (status.st_dev, status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = hashing.hash_file(path)
        return found


def remember() -> None:
    """Lets this process read each file once, and ask the judged interpreter once what it is."""
    memory = Memory()
    for module in (against_manifest, against_records):
        setattr(module, "hash_files", functools.partial(hashing.hash_files, hasher=memory))  # noqa: B010 - a function
        setattr(module, "Hashing", functools.partial(hashing.Hashing, hasher=memory))  # noqa: B010 - a class
    interpreter._answer = functools.cache(interpreter._answer)


class Frozen:
    """The environment with its two locks."""

    def __init__(self, work: Path, seed: int) -> None:
        self.environment = environments.small(work, "detection")
        self.site = self.environment.site
        self.work = work
        self.seed = seed
        self.sources = sorted(self.site.rglob("*.py"))
        random.Random(seed).shuffle(self.sources)
        self.sources = [source for source in self.sources if Path(cache_from_source(str(source))).exists()]

    def freeze(self) -> None:
        """Writes both locks."""
        envguard.freeze(self.work / "records.lock", depth="records", python=self.environment.python)
        envguard.freeze(self.work / "files.lock", depth="files", python=self.environment.python)

    def verdicts(self) -> dict[str, str]:
        """What each depth says now; a check that refuses to answer has noticed something, too."""
        return {column: self._verdict(lock, depth) for column, (lock, depth) in DEPTHS.items()}

    def _verdict(self, lock: str, depth: "Depth") -> str:
        try:
            return envguard.check(self.work / lock, depth=depth, python=self.environment.python).verdict
        except envguard.EnvguardError as error:
            return type(error).__name__

    def expect_pinned(self, when: str) -> None:
        """Ends the program where any depth sees a difference: counting would mean nothing."""
        verdicts = self.verdicts()
        if set(verdicts.values()) != {"pinned"}:
            raise SystemExit(f"{when}, not pinned: {verdicts}")


def mutate(frozen: Frozen, *, files: int, bytecode: int, quick: bool) -> "dict[str, collections.Counter[str]]":
    """Counts by operator: ``n``, and how many each depth noticed."""
    rng = random.Random(frozen.seed)
    new = frozen.sources[:bytecode]
    for source in new:
        Path(cache_from_source(str(source))).unlink()
    frozen.freeze()
    frozen.expect_pinned("before the first change")
    everything = sorted(path for path in frozen.site.rglob("*") if path.is_file() and path.suffix != ".pyc")
    everything += sorted(path for path in (frozen.environment.folder / "bin").iterdir() if is_script(path))
    chosen = rng.sample(everything, min(files, len(everything)))
    folders = sorted(frozen.site.glob("*.dist-info"))[: 4 if quick else None]
    spare = frozen.work / "spare"
    mutations = [
        *of_distributions(folders, spare),
        *of_bytecode(frozen.sources[bytecode : 2 * bytecode], new, spare),
        *of_files(chosen, frozen.site, record_of(frozen.site), spare, rng),
    ]
    counts: dict[str, collections.Counter[str]] = {}
    started = time.monotonic()
    for number, (path, (name, apply)) in enumerate(mutations):
        with apply() as applies:
            if applies:
                note(counts.setdefault(name, collections.Counter()), frozen.verdicts(), f"{name}: {path}")
        if number % 100 == 99:
            print(f"{number + 1}/{len(mutations)} in {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    frozen.expect_pinned("after the last change was undone")
    return counts


def is_script(path: Path) -> bool:
    """True for a console script: those that RECORD lists begin so, and the shell's own are not Python's."""
    return not path.is_symlink() and path.read_bytes()[:2] == b"#!" and b"import" in path.read_bytes()


def record_of(site: Path) -> dict[str, Path]:
    """The RECORD that lists each file with a hash."""
    found = {}
    for record in site.glob("*.dist-info/RECORD"):
        for row in record.read_text(encoding="utf-8").splitlines():
            name, digest, _size = row.rsplit(",", 2)
            if digest:
                found[name] = record
    return found


def note(counter: "collections.Counter[str]", verdicts: dict[str, str], what: str) -> None:
    counter["n"] += 1
    for column, verdict in verdicts.items():
        counter[column] += verdict != "pinned"
    if verdicts["files with manifest"] == "pinned":
        print(f"MISSED {what}", file=sys.stderr, flush=True)


def clean(frozen: Frozen) -> int:
    """Findings after Python wrote byte code in every way it has."""
    for cached in frozen.site.rglob("__pycache__"):
        shutil.rmtree(cached)
    frozen.freeze()
    python = frozen.environment.python
    script = "import importlib\nfor name in " + repr(IMPORTS.split()) + ": importlib.import_module(name)"
    steps = [[python, *flags, "-c", script] for flags in ([], ["-O"], ["-OO"])]
    for mode in ("timestamp", "checked-hash"):
        steps.append([python, "-m", "compileall", "-q", "-f", "--invalidation-mode", mode, frozen.site])
    wrong = 0
    for step in steps:
        subprocess.run([str(word) for word in step], env=environments.clean_variables(), check=False)
        files = sum(1 for _path in frozen.site.rglob("*.pyc"))
        report = envguard.check(frozen.work / "files.lock", depth="files", python=python)
        print(f"| {' '.join(map(str, step[1:-1])) or 'import'} | {files:,} | {len(report.findings)} |", flush=True)
        wrong += len(report.findings)
    return wrong


def table(counts: "dict[str, collections.Counter[str]]") -> str:
    """The rates as Markdown, in percent."""
    total: collections.Counter[str] = sum(counts.values(), collections.Counter())
    lines = [f"| operator | n | {' | '.join(DEPTHS)} |", "|---|---:|" + "---:|" * len(DEPTHS)]
    for name, counter in [*counts.items(), ("**all**", total)]:
        rates = " | ".join(f"{100 * counter[column] / counter['n']:.1f}" for column in DEPTHS)
        lines.append(f"| {name} | {counter['n']:,} | {rates} |")
    return "\n".join(lines)


def main() -> int:
    """Prints the table; 1 where depth files with a manifest missed anything, or a clean environment had a finding."""
    parser = environments.options(__doc__ or "")
    parser.add_argument("--seed", type=int, default=20240, help="which files, and which bits")
    parser.add_argument("--clean", action="store_true", help="check byte code that Python writes, and change nothing")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", file=sys.stderr)
    with environments.work_folder(arguments.work) as work:
        frozen = Frozen(work, arguments.seed)
        if arguments.clean:
            wrong = clean(frozen)
            environments.write_json(arguments.json, {"clean_findings": wrong, "seed": arguments.seed})
            return int(wrong > 0)
        remember()
        files, bytecode = (8, 3) if arguments.quick else (350, 100)
        counts = mutate(frozen, files=files, bytecode=bytecode, quick=arguments.quick)
    total = sum(counter["n"] for counter in counts.values())
    missed = total - sum(counter["files with manifest"] for counter in counts.values())
    print(table(counts))
    result = {"mutations": total, "missed": missed, "seed": arguments.seed, "operators": counts}
    environments.write_json(arguments.json, result)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
