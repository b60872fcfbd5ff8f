"""Small shared objects, put together by hand: of any class and byte order, and as broken as a test wants them."""

import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

BASE = 0x10000
"""Where the file is mapped: nothing works that takes an address for an offset."""
GLOBAL, WEAK = 1, 2
FUNC = 2


class Symbol(NamedTuple):
    name: bytes
    defined: bool = False
    binding: int = GLOBAL
    kind: int = FUNC
    visibility: int = 0
    version: int = 1
    """Entry in DT_VERSYM."""


class Need(NamedTuple):
    number: int
    file: bytes
    version: bytes
    flags: int = 0


class Definition(NamedTuple):
    number: int
    version: bytes
    flags: int = 0


class Writer:
    """Collects tables, and gives out their addresses."""

    def __init__(self, bits: int, little: bool) -> None:
        self.bits = bits
        self.order = "<" if little else ">"
        self.word = "Q" if bits == 64 else "I"
        self.data = bytearray(512)  # for the headers
        self.strings = bytearray(b"\0")

    def pack(self, fields: str, *values: int) -> bytes:
        return struct.pack(self.order + fields, *values)

    def put(self, table: bytes) -> int:
        self.data += bytes(-len(self.data) % 16)
        at = len(self.data)
        self.data += table
        return BASE + at

    def text(self, value: bytes) -> int:
        at = len(self.strings)
        self.strings += value + b"\0"
        return at


def gnu_hash(name: bytes) -> int:
    """Written as the sum that the usual loop computes."""
    terms = [byte * pow(33, power, 1 << 32) for power, byte in enumerate(reversed(name))]
    return (5381 * pow(33, len(name), 1 << 32) + sum(terms)) & 0xFFFFFFFF


def sysv_hash(name: bytes) -> int:
    value = 0
    for byte in name:
        value = value * 16 + byte
        value = (value ^ (value >> 28) << 4) & 0x0FFFFFFF
    return value


def build(
    bits: int = 64,
    little: bool = True,
    *,
    symbols: Iterable[Symbol] = (),
    needed: Sequence[bytes] = (b"libc.so.6",),
    soname: bytes = b"",
    needs: Sequence[Need] = (),
    definitions: Sequence[Definition] = (),
    hashes: Sequence[str] = ("gnu",),
    relocated: int = 0,
    machine: int = 0,
    extra: Sequence[tuple[int, int]] = (),
) -> bytes:
    """A shared object.

    Args:
        bits: 32 or 64.
        little: Byte order.
        symbols: In any order; they are sorted as the GNU hash table wants them.
        needed: DT_NEEDED.
        soname: DT_SONAME, or nothing.
        needs: DT_VERNEED.
        definitions: DT_VERDEF.
        hashes: Of ``gnu`` and ``sysv``.
        relocated: A relocation of this symbol is added.
        machine: ``e_machine``; by default one that fits.
        extra: More dynamic entries; they come last, and so override.
    """
    out = Writer(bits, little)
    buckets = 3
    undefined = [symbol for symbol in symbols if not symbol.defined]
    defined = sorted((symbol for symbol in symbols if symbol.defined), key=lambda one: gnu_hash(one.name) % buckets)
    every = [*undefined, *defined]
    entries = [(1, out.text(name)) for name in needed]
    if soname:
        entries.append((14, out.text(soname)))
    entries += [(6, out.put(_symbol_table(out, every))), (11, 24 if bits == 64 else 16)]
    if "gnu" in hashes:
        entries.append((0x6FFFFEF5, out.put(_gnu_table(out, defined, 1 + len(undefined), buckets))))
    if "sysv" in hashes:
        entries.append((4, out.put(_sysv_table(out, every, buckets))))
    if needs or definitions:
        versions = struct.pack(f"{out.order}{len(every) + 1}H", 0, *(symbol.version for symbol in every))
        entries.append((0x6FFFFFF0, out.put(versions)))
    if needs:
        entries += [(0x6FFFFFFE, out.put(_needs_table(out, needs))), (0x6FFFFFFF, len(needs))]
    if definitions:
        entries += [(0x6FFFFFFC, out.put(_definitions_table(out, definitions))), (0x6FFFFFFD, len(definitions))]
    if relocated:
        info = relocated << (32 if bits == 64 else 8) | 6
        entries += [(7, out.put(out.pack(out.word * 3, 0, info, 0))), (8, bits // 8 * 3), (9, bits // 8 * 3)]
    entries += [(5, out.put(bytes(out.strings))), (10, len(out.strings)), *extra, (0, 0)]
    dynamic = b"".join(out.pack(out.word * 2, *entry) for entry in entries)
    at = out.put(dynamic) - BASE
    return _with_headers(out, at, len(dynamic), machine or (62 if bits == 64 else 3) * little or 21)


def _symbol_table(out: Writer, symbols: Sequence[Symbol]) -> bytes:
    table = bytes(24 if out.bits == 64 else 16)
    for name, defined, binding, kind, visibility, _ in symbols:
        at, info, section, value = out.text(name), binding << 4 | kind, 7 * defined, 0x1234 * defined
        if out.bits == 64:
            table += out.pack("IBBHQQ", at, info, visibility, section, value, 8)
        else:
            table += out.pack("IIIBBH", at, value, 8, info, visibility, section)
    return table


def _gnu_table(out: Writer, symbols: Sequence[Symbol], first: int, buckets: int) -> bytes:
    words, shift, starts, chain = [0, 0], 5, [0] * buckets, []
    for index, symbol in enumerate(symbols):
        hashed = gnu_hash(symbol.name)
        bucket = hashed % buckets
        words[hashed // out.bits % 2] |= 1 << hashed % out.bits | 1 << (hashed >> shift) % out.bits
        starts[bucket] = starts[bucket] or first + index
        ends = index + 1 == len(symbols) or gnu_hash(symbols[index + 1].name) % buckets != bucket
        chain.append(hashed & ~1 | ends)
    table = out.pack("IIII", buckets, first, 2, shift) + out.pack(out.word * 2, *words)
    return table + out.pack(f"{buckets}I{len(chain)}I", *starts, *chain)


def _sysv_table(out: Writer, symbols: Sequence[Symbol], buckets: int) -> bytes:
    starts, chain = [0] * buckets, [0] * (len(symbols) + 1)
    for index, symbol in enumerate(symbols, 1):
        bucket = sysv_hash(symbol.name) % buckets
        chain[index], starts[bucket] = starts[bucket], index
    return out.pack(f"II{buckets}I{len(chain)}I", buckets, len(chain), *starts, *chain)


def _needs_table(out: Writer, needs: Sequence[Need]) -> bytes:
    table = b""
    for position, (index, file, version, flags) in enumerate(needs, 1):
        following = 32 if position < len(needs) else 0
        table += out.pack("HHIII", 1, 1, out.text(file), 16, following)
        table += out.pack("IHHII", sysv_hash(version), flags, index, out.text(version), 0)
    return table


def _definitions_table(out: Writer, definitions: Sequence[Definition]) -> bytes:
    table = b""
    for position, (index, version, flags) in enumerate(definitions, 1):
        following = 28 if position < len(definitions) else 0
        table += out.pack("HHHHIII", 1, flags, index, 1, sysv_hash(version), 20, following)
        table += out.pack("II", out.text(version), 0)
    return table


def _with_headers(out: Writer, dynamic_at: int, dynamic_size: int, machine: int) -> bytes:
    size = len(out.data)
    head = b"\x7fELF" + bytes([2 if out.bits == 64 else 1, 1 if out.order == "<" else 2, 1]) + bytes(9)
    if out.bits == 64:
        head += out.pack("HHIQQQIHHHHHH", 3, machine, 1, 0, 64, 0, 0, 64, 56, 2, 64, 0, 0)
        head += out.pack("IIQQQQQQ", 1, 5, 0, BASE, BASE, size, size, 4096)
        head += out.pack("IIQQQQQQ", 2, 6, dynamic_at, BASE + dynamic_at, 0, dynamic_size, dynamic_size, 8)
    else:
        head += out.pack("HHIIIIIHHHHHH", 3, machine, 1, 0, 52, 0, 0, 52, 32, 2, 40, 0, 0)
        head += out.pack("IIIIIIII", 1, 0, BASE, BASE, size, size, 5, 4096)
        head += out.pack("IIIIIIII", 2, dynamic_at, BASE + dynamic_at, 0, dynamic_size, dynamic_size, 6, 4)
    out.data[: len(head)] = head
    return bytes(out.data)


SYMBOLS = (
    Symbol(b"puts", version=3),
    Symbol(b"maybe", binding=WEAK),
    Symbol(b"plain"),
    Symbol(b"old", defined=True, version=0x8000 | 5),
    Symbol(b"old", defined=True, version=6),
    Symbol(b"hidden", defined=True, version=0x8000 | 6),
    Symbol(b"base", defined=True, version=1),
    Symbol(b"soft", defined=True, binding=WEAK, version=5),
    Symbol(b"unique", defined=True, binding=10, kind=1, version=5),
    Symbol(b"private", defined=True, visibility=2),
    Symbol(b"inner", defined=True, visibility=1),
    Symbol(b"guarded", defined=True, visibility=3),
    Symbol(b"local", defined=True, binding=0),
)
NEEDS = (Need(3, b"libc.so.6", b"LIBC_2"), Need(4, b"libm.so.6", b"LIBM_1", flags=2))
DEFINITIONS = (Definition(1, b"liba.so", flags=1), Definition(5, b"A_1"), Definition(6, b"A_2"))


def whole(bits: int = 64, little: bool = True, *hashes: str) -> bytes:
    """A shared object with everything."""
    return build(
        bits,
        little,
        symbols=SYMBOLS,
        needed=(b"libc.so.6", b"libm.so.6"),
        soname=b"liba.so",
        needs=NEEDS,
        definitions=DEFINITIONS,
        hashes=hashes or ("gnu",),
    )
