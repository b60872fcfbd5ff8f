"""A script for the interpreter under test: opens each shared object in a child of its own and says what came of it.

First it says what is loaded anyway. Then it prints one line of JSON for each path on standard input: the error in
dlopen's words, or the files that were loaded for it, in the loader's order.
"""

import ctypes
import json
import os
import sys


class LinkMap(ctypes.Structure):
    pass


LinkMap._fields_ = [
    ("address", ctypes.c_void_p),
    ("name", ctypes.c_char_p),
    ("dynamic", ctypes.c_void_p),
    ("next", ctypes.POINTER(LinkMap)),
    ("previous", ctypes.POINTER(LinkMap)),
]


def files_from(handle: int) -> "list[str]":
    """What was loaded since: a handle of glibc is its ``struct link_map``, see dlinfo(3)."""
    found = []
    each = ctypes.cast(handle, ctypes.POINTER(LinkMap))
    while ctypes.cast(each, ctypes.c_void_p).value:
        found.append(os.fsdecode(each.contents.name))
        each = each.contents.next
    return found


def open_now(path: str) -> "dict[str, object]":
    try:
        return {"path": path, "loaded": files_from(ctypes.CDLL(path, mode=os.RTLD_NOW)._handle)}
    except OSError as error:
        return {"path": path, "error": str(error)}


print(json.dumps(files_from(ctypes.CDLL(None)._handle)), flush=True)
for line in sys.stdin:
    path = line.rstrip("\n")
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # constructors may print
        with os.fdopen(theirs, "w") as out:
            json.dump(open_now(path), out)
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours) as said:
        text = said.read()
    os.waitpid(child, 0)
    print(text or json.dumps({"path": path, "error": "died"}), flush=True)
