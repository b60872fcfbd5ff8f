"""The smallest shared objects and programs that the loader of this machine accepts, written byte by byte.

Nothing in them can run; they only need one another. The loader lists what it would load for such a program
(LD_TRACE_LOADED_OBJECTS, see ld.so(8)), which is what the tests compare with.
"""

import os
import re
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

from envguard.facts.elf import Elf

MACHINES = {"x86_64": 62, "aarch64": 183}
_NEEDED, _HASH, _STRTAB, _SYMTAB, _STRSZ, _SYMENT, _SONAME, _RPATH, _RUNPATH = 1, 4, 5, 6, 10, 11, 14, 15, 29
_FLAGS_1 = 0x6FFFFFFB
_PAGE = 0x10000


def interpreter_of(program: str) -> str:
    """PT_INTERP: the loader of a program, "" where it has none."""
    return Elf.open(os.path.realpath(program)).interp or ""


def shared_object(
    *,
    needed: Sequence[str] = (),
    soname: str | None = None,
    rpath: str | None = None,
    runpath: str | None = None,
    flags_1: int = 0,
    interp: str | None = None,
    machine: int | None = None,
) -> bytes:
    """A file with a dynamic section and no code."""
    strings = bytearray(b"\0")

    def text(value: str) -> int:
        strings.extend(os.fsencode(value) + b"\0")
        return len(strings) - len(os.fsencode(value)) - 1

    tags = [(_NEEDED, text(name)) for name in needed]
    tags += [(tag, text(value)) for tag, value in ((_SONAME, soname), (_RPATH, rpath), (_RUNPATH, runpath)) if value]
    if flags_1:
        tags.append((_FLAGS_1, flags_1))
    where = 64 + 56 * 5
    program_interpreter = os.fsencode(interp) + b"\0" if interp else b""
    symbols = (where + len(program_interpreter) + 7) & ~7
    hashes = symbols + 24
    dynamic = hashes + 16
    size = 16 * (len(tags) + 6)
    tags += [
        (_HASH, hashes),
        (_SYMTAB, symbols),
        (_SYMENT, 24),
        (_STRTAB, dynamic + size),
        (_STRSZ, len(strings)),
        (0, 0),
    ]
    body = program_interpreter.ljust(symbols - where, b"\0") + bytes(24) + struct.pack("<4I", 1, 1, 0, 0)
    body += b"".join(struct.pack("<qQ", *tag) for tag in tags) + bytes(strings)
    end = where + len(body)
    headers = [
        struct.pack(
            "<IIQQQQQQ", 1, 6, 0, 0, 0, end, end, _PAGE
        ),  # PT_LOAD, to be written: the loader relocates in place
        struct.pack("<IIQQQQQQ", 2, 6, dynamic, dynamic, dynamic, size, size, 8),
        struct.pack("<IIQQQQQQ", 0x6474E551, 6, 0, 0, 0, 0, 0, 16),  # PT_GNU_STACK
    ]
    if interp:
        length = len(program_interpreter)
        table = 56 * (len(headers) + 2)
        headers = [
            struct.pack(
                "<IIQQQQQQ", 6, 4, 64, 64, 64, table, table, 8
            ),  # PT_PHDR, by which the loader finds its program
            struct.pack("<IIQQQQQQ", 3, 4, where, where, where, length, length, 1),
            *headers,
        ]
    count = len(headers)
    machine = MACHINES[os.uname().machine] if machine is None else machine
    header = b"\x7fELF\x02\x01\x01" + bytes(9)
    header += struct.pack("<HHIQQQIHHHHHH", 3, machine, 1, 0, 64, 0, 0, 64, 56, count, 0, 0, 0)
    return header + b"".join(headers).ljust(where - 64, b"\0") + body


def write(path: Path, content: bytes) -> Path:
    """Write a program or library, its folder too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o755)
    return path


def trace(program: Path, *, cwd: Path | None = None, **variables: str) -> tuple[list[str], list[str]]:
    """What the real loader would load for a program: the paths in its order, and the names that it does not find."""
    done = subprocess.run(
        [program],
        env={"LD_TRACE_LOADED_OBJECTS": "1", **variables},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        errors="surrogateescape",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found, missing = [], []
    for line in done.stdout.splitlines():
        name, _, path = line.strip().partition(" => ")
        if path == "not found":
            missing.append(name)
        elif "vdso" not in name:
            found.append(re.sub(r" \(0x[0-9a-f]+\)$", "", path or name))
    return found, missing


def same_spelling(name: str) -> str:
    """A path without links and ``..``; other names as they are. The loader keeps both."""
    return os.path.realpath(name) if name.startswith("/") else name
