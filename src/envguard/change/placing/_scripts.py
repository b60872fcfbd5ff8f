"""Console scripts as pip and uv write them.

A golden file seals the bytes of each script, so a restored one must be what the golden environment's installer wrote.
Which one that was shows in the digest: each way is tried.

Sources: pip's ``PipScriptMaker`` and ``distlib.scripts``, uv's ``install-wheel`` (``script.rs``, ``wheel.rs``), and
the specification of entry points.
"""

import configparser
import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_UV = """\
# -*- coding: utf-8 -*-
import sys
from {module} import {name}
if __name__ == "__main__":
    if sys.argv[0].endswith("-script.pyw"):
        sys.argv[0] = sys.argv[0][:-11]
    elif sys.argv[0].endswith(".exe"):
        sys.argv[0] = sys.argv[0][:-4]
    sys.exit({function}())
"""
_PIP = """\
# -*- coding: utf-8 -*-
import re
import sys
from {module} import {name}
if __name__ == '__main__':
    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])
    sys.exit({function}())
"""
_NEWER_PIP = """\
import sys
from {module} import {name}
if __name__ == '__main__':
    sys.argv[0] = sys.argv[0].removesuffix('.exe')
    sys.exit({function}())
"""
TEMPLATES = (_PIP, _NEWER_PIP, _UV)
_ENTRY = re.compile(r"\s*(?P<module>[\w.]+)\s*:\s*(?P<function>[\w.]+)\s*(?:\[.*\])?\s*")
_SHEBANG_LIMIT = 127
_LINE_LIMIT = 1024


def entry_points(data: bytes) -> dict[str, tuple[str, str]]:
    """Script name to module and function, of ``console_scripts`` and ``gui_scripts``.

    Raises:
        ValueError: The file is broken.
    """
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # names keep their case
    try:
        parser.read_string(data.decode("utf-8"))
    except configparser.Error as error:
        raise ValueError(str(error)) from error
    found = {}
    for section in ("console_scripts", "gui_scripts"):
        for name, value in parser.items(section) if parser.has_section(section) else ():
            match = _ENTRY.fullmatch(value)
            if match is None or "/" in name or name in ("", ".", ".."):
                raise ValueError(f"a script {name!a} that is none: {value!a}")
            found[name] = (match["module"], match["function"])
    return found


def renderings(module: str, function: str, shebangs: "Sequence[bytes]") -> "Iterator[bytes]":
    """Each way in which an installer may have written a script, the likeliest first."""
    for shebang in shebangs:
        for template in TEMPLATES:
            body = template.format(module=module, name=function.partition(".")[0], function=function)
            yield shebang + body.encode()


def rewritten(data: bytes, shebangs: "Sequence[bytes]") -> "Iterator[bytes]":
    """A script of a wheel with the first line of each candidate; as it is where it asks for no Python (PEP 427)."""
    first, newline, rest = data.partition(b"\n")
    if not first.startswith(b"#!python"):
        yield data
        return
    options = first[len(b"#!python") :].strip()
    options = options[1:] if options.startswith(b"w") else options
    for shebang in shebangs:
        plain = shebang.rstrip(b"\n")
        yield (plain + b" " + options if options and b"\n" not in plain else plain) + newline + rest


def shebangs(executables: "Sequence[str]", scripts: str) -> list[bytes]:
    """First lines that scripts of an environment may have: of its interpreters, and those that others there have."""
    found = [line for executable in executables for line in (_line(os.fsencode(executable)),)]
    try:
        names = sorted(os.listdir(scripts))
    except OSError:
        names = []
    for name in names:
        line = _first_line(os.path.join(scripts, name))
        if line.startswith(b"#!") and b"python" in line:
            found.append(line)
    return list(dict.fromkeys(found))


def _line(executable: bytes) -> bytes:
    if b" " not in executable and len(executable) + 3 <= _SHEBANG_LIMIT:
        return b"#!" + executable + b"\n"
    quoted = b'"' + executable + b'"' if b" " in executable else executable
    return b"#!/bin/sh\n'''exec' " + quoted + b" \"$0\" \"$@\"\n' '''\n"


def _first_line(path: str) -> bytes:
    try:
        if not os.path.isfile(path) or os.path.islink(path):
            return b""
        with open(path, "rb") as file:
            line = file.readline(_LINE_LIMIT)
    except OSError:
        return b""
    return line if line.endswith(b"\n") else b""
