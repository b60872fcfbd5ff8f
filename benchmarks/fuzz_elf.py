"""Random shared objects for the ELF reader.

    python benchmarks/fuzz_elf.py --inputs 200000 --seed 1 --json fuzz_elf.json

Each input is a real extension module of this interpreter, or a file put together by hand (both classes, both byte
orders, both hash tables), with up to eight changes, most of them where it hurts: headers, dynamic entries, counts and
offsets of hash and version tables. Every public method is called on it. The reader may answer, or raise ``ElfError``
or ``ReadFailure``; anything else, and any input that takes longer than a second, is a defect, printed with the way
to make it again. The exit status is 1 where there is one.
"""

import argparse
import collections
import importlib
import itertools
import json
import os
import random
import resource
import struct
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from envguard.facts.elf import Elf, ElfError, gnu_hash
from envguard.facts.elf_image import Image
from envguard.facts.elf_source import Source
from envguard.facts.reading import ReadFailure

ROOT = Path(__file__).resolve().parent.parent
LIMIT_SECONDS = 1.0
ODD = (
    0,
    1,
    2,
    3,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x10000,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
    1 << 62,
    2**64 - 1,
)
TABLES = {"hash": 4, "strings": 5, "symbols": 6, "rela": 7, "plt": 23, "gnu hash": 0x6FFFFEF5, "versym": 0x6FFFFFF0}
VERSIONS = {"needs": 0x6FFFFFFE, "definitions": 0x6FFFFFFC}
SECTIONS = (".rodata", ".text", ".bss", ".dynstr", "", ".none")
EVERY_OPENED = 20
"""Of so many inputs one is read from a file instead of from memory."""


class Seed(NamedTuple):
    """A file, and the places in it that are worth changing: offset and bytes."""

    name: str
    data: bytes
    places: list[tuple[int, int]]


class Outcome(NamedTuple):
    """What a run showed. Times are CPU time of this thread."""

    inputs: int
    outcomes: dict[str, int]
    defects: dict[str, str]
    slowest_ms: float
    slowest_input: int
    seconds: float
    peak_mb: int


def seeds() -> list[Seed]:
    """Ten small extension modules, and files of every class put together by hand."""
    folder = Path(sysconfig.get_config_var("DESTSHARED"))
    modules = sorted(folder.glob("*.so"), key=lambda path: (path.stat().st_size, path.name))[:10]
    found = [_seed(path.name, path.read_bytes()) for path in modules]
    sys.path.append(str(ROOT / "tests" / "facts"))
    by_hand = importlib.import_module("elf_building").whole
    for bits, little, hashes in itertools.product((32, 64), (False, True), (("gnu",), ("sysv",), ("gnu", "sysv"))):
        found.append(_seed(f"{bits} {little} {hashes}", by_hand(bits, little, *hashes)))
    return found


def _seed(name: str, data: bytes) -> Seed:
    image = Image(Source(len(data), data=data))
    head = 64 if image.layout.bits == 64 else 52
    places = [(0, head), (head, image.layout.segment.size * (len(image.segments) + 1))]
    places += [(place[0], min(place[1], 64)) for tag in VERSIONS.values() if (place := image.table(tag))]
    places += [(place[0], min(place[1], 256)) for tag in TABLES.values() if (place := image.table(tag))]
    dynamic = _dynamic(image)
    return Seed(name, data, [*places, dynamic, dynamic, dynamic])


def _dynamic(image: Image) -> tuple[int, int]:
    """Where the dynamic section lies: the place that is changed most often."""
    data = image.source.read(0, image.source.size)
    record = image.layout.dynamic
    for at in range(0, len(data) - record.size, 8):
        if record.unpack_from(data, at)[0] == 1 and record.unpack_from(data, at + record.size)[0] in {1, 12, 14, 6}:
            return at, record.size * 24
    return 0, 64


def mutate(chance: random.Random, seed: Seed, others: list[Seed]) -> bytes:
    """One to eight changes of a seed."""
    data = bytearray(seed.data)
    for _ in range(chance.randint(1, 8)):
        _mutate_once(chance, data, seed, others)
    return bytes(data)


def _mutate_once(chance: random.Random, data: bytearray, seed: Seed, others: list[Seed]) -> None:
    kind = chance.random()
    start, length = chance.choice(seed.places) if kind < 0.9 else (0, len(seed.data))
    at = start + chance.randrange(max(length, 1))
    if kind < 0.6:
        _put_number(chance, data, seed, at)
    elif kind < 0.8 and at < len(data):
        data[at] ^= 1 << chance.randrange(8)
    elif kind < 0.86:
        other = chance.choice(others)
        source, size = chance.choice(other.places)
        data[at : at + size] = other.data[source : source + size]
    elif kind < 0.9:
        source, size = chance.choice(seed.places)
        data[at : at + size] = seed.data[source : source + size]
    elif kind < 0.94:
        del data[chance.randrange(len(data) + 1) :]
    elif kind < 0.97:
        del data[at : at + chance.randint(1, 64)]
    else:
        data[at:at] = chance.randbytes(chance.randint(1, 64))


def _put_number(chance: random.Random, data: bytearray, seed: Seed, at: int) -> None:
    """A number that is odd, near the size of the file, or the place of another table."""
    size = chance.choice((2, 4, 4, 8, 8))
    at -= at % size
    order = "<" if seed.data[5] == 1 else ">"
    kind = chance.random()
    if kind < 0.4:
        number = chance.choice(ODD)
    elif kind < 0.6:
        number = len(seed.data) + chance.randint(-64, 64)
    elif kind < 0.8:
        number = chance.choice(seed.places)[0] + chance.choice((0, 0, 1, 8, 0x10000))
    else:
        number = chance.randrange(1 << chance.randint(1, 64))
    packed = struct.pack(order + "Q", number & 2**64 - 1)
    data[at : at + size] = packed[:size] if order == "<" else packed[-size:]


def ask(elf: Elf) -> int:
    """Call every public method; how many undefined symbols it gave."""
    repr((elf.needed, elf.soname, elf.rpath, elf.runpath, elf.interp, elf.flags_1, elf.symbolic, elf.machine, elf.kind))
    answers = [_try(elf.undefined), _try(lambda: list(itertools.islice(elf.exported(), 100_000)))]
    names = {b"", b"PyInit__uuid", b"puts", b"old", b"x" * 5000}
    names.update(reference.name for reference in itertools.islice(answers[0] or (), 200))
    names.update(itertools.islice(answers[1] or (), 200))
    versions = [None, "GLIBC_2.2.5", *itertools.islice(elf.version_definitions(), 3)]
    for name in names:
        for version in versions:
            elf.defines(name, version)
        elf.defines(name, hashed=gnu_hash(name[::-1]))
    repr((elf.version_needs(), elf.segments()))
    for section in SECTIONS:
        view = _try(lambda section=section: elf.section(section))
        if view is not None:
            bytes(view[:16])
    elf.close()
    return len(answers[0] or ())


def _try(question: Any) -> Any:
    """An answer, or None where the file has none: the other questions are still asked."""
    try:
        return question()
    except (ElfError, ReadFailure):
        return None


def _read(data: bytes, path: str, opened: bool) -> int:
    if not opened:
        return ask(Elf.of(data, path))
    with open(path, "wb") as file:
        file.write(data)
    return ask(Elf.open(path))


def inputs(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Inputs, each made from a random state of its own, so that one alone can be made again."""
    found = seeds()
    for number in range(count):
        chance = random.Random(f"{seed} {number}")
        chosen = chance.choice(found)
        yield chosen.name, mutate(chance, chosen, found)


def fuzz(count: int, seed: int) -> Outcome:
    """Give the reader many inputs."""
    outcomes: collections.Counter[str] = collections.Counter()
    defects: dict[str, str] = {}
    slowest, slowest_input, began = 0.0, 0, time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.so")
        for number, (name, data) in enumerate(inputs(count, seed)):
            started = time.thread_time()
            try:
                what = "read" if _read(data, path, number % EVERY_OPENED == 0) else "read, nothing wanted"
            except (ElfError, ReadFailure) as error:
                what = type(error).__name__
            except Exception as error:  # noqa: BLE001 - finding these is the purpose
                what = type(error).__name__
                defects.setdefault(what, f"{error!s:.200} <- input {number} of seed {seed}, from {name}")
            took = time.thread_time() - started
            outcomes[what] += 1
            if took > LIMIT_SECONDS:
                defects.setdefault("slow", f"{took:.1f} s <- input {number} of seed {seed}, from {name}")
            if took > slowest:
                slowest, slowest_input = took, number
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    seconds = time.perf_counter() - began
    return Outcome(count, dict(outcomes), defects, slowest * 1000, slowest_input, seconds, peak)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Random shared objects for the ELF reader.")
    parser.add_argument("--inputs", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=None, help="default: drawn and printed")
    parser.add_argument("--json", metavar="FILE", help="write the figures here")
    parser.add_argument("--write", type=int, metavar="NUMBER", help="write this input to standard output, and end")
    options = parser.parse_args(arguments)
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    if options.write is not None:
        sys.stdout.buffer.write(next(itertools.islice(inputs(options.write + 1, seed), options.write, None))[1])
        return 0
    print(f"seed {seed}", flush=True)
    result = fuzz(options.inputs, seed)
    for what, count in sorted(result.outcomes.items()):
        print(f"{what}: {count}")
    print(f"slowest {result.slowest_ms:.0f} ms (input {result.slowest_input}), {result.inputs / result.seconds:.0f}/s")
    print(f"peak memory of the process {result.peak_mb} MB")
    for what, how in result.defects.items():
        print(f"\n{what}: {how}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"seed": seed, **result._asdict()}, file, indent=1)
    return 1 if result.defects else 0


if __name__ == "__main__":
    sys.exit(main())
