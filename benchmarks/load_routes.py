"""How many of 18 ways to load a module does ``envguard.protect`` refuse, on every interpreter that is found?

Each way runs in a process of its own, once in an environment that drifted and once in one that is pinned, where every
way must work. Prints a Markdown table; ``--json FILE`` writes the figures.

Three ways are known to remain: executing the text of a file read by hand, a module that sits in ``sys.modules``
already, and a new interpreter in which nobody calls the guard.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from sandbox import Sandbox, add_distribution, change_version, interpreters

REMAINING = ("exec of text", "in sys.modules", "new interpreter")

# Each body runs with MODULE (its file), and with PRE, the module loaded before the guard and then forgotten.
ROUTES = {
    "import": "import mymod",
    "import_module": "importlib.import_module('mymod')",
    "__import__": "__import__('mymod')",
    "reload": "sys.modules['mymod'] = PRE; importlib.reload(PRE)",
    "spec_from_file_location": """
spec = importlib.util.spec_from_file_location('mymod', MODULE)
spec.loader.exec_module(importlib.util.module_from_spec(spec))""",
    "SourceFileLoader": """
loader = importlib.machinery.SourceFileLoader('mymod', MODULE)
loader.exec_module(types.ModuleType('mymod'))""",
    "runpy.run_path": "runpy.run_path(MODULE)",
    "runpy.run_module": "runpy.run_module('mymod')",
    "exec of compiled": "exec(compile(open(MODULE).read(), MODULE, 'exec'), {})",
    "exec of text": "exec(open(MODULE).read(), {})",
    "PathFinder": """
spec = importlib.machinery.PathFinder.find_spec('mymod')
spec.loader.exec_module(importlib.util.module_from_spec(spec))""",
    "in sys.modules": "sys.modules['mymod'] = PRE; import mymod",
    "thread": """
seen = []
def work():
    try:
        import mymod
    except BaseException as error:
        seen.append(error)
thread = threading.Thread(target=work); thread.start(); thread.join()
if seen: raise seen[0]""",
    "meta_path emptied": """
sys.meta_path[:] = [finder for finder in sys.meta_path if isinstance(finder, type)]  # the interpreter's own
import mymod""",
    "finder in front": """
class Front:
    @staticmethod
    def find_spec(name, path=None, target=None):
        return importlib.machinery.PathFinder.find_spec(name, path)
sys.meta_path.insert(0, Front)
import mymod""",
    "pickle": r"pickle.loads(b'cmymod\nVALUE\n.')",
    "fork": """
child = os.fork()
if not child:
    try:
        import mymod
    except envguard.ImportRefused:
        os._exit(7)
    os._exit(0)
if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7: raise envguard.ImportRefused('mymod', 'in the child')""",
    "new interpreter": "subprocess.run([sys.executable, '-c', 'import mymod'], check=True)",
}

PROGRAM = """
import importlib.machinery, importlib.util, os, pickle, runpy, subprocess, sys, threading, types
import mymod as PRE
MODULE = PRE.__file__
del sys.modules['mymod']
import envguard
envguard.protect('mymod', lock=LOCK)
if importlib.util.find_spec('mymod') is None: raise SystemExit('the probe found nothing')
try:
{body}
except envguard.ImportRefused:
    print('refused')
else:
    print('loads')
"""


def program(route: str) -> str:
    """The code that tries one way."""
    body = "\n".join("    " + line for line in ROUTES[route].strip().splitlines())
    return PROGRAM.replace("{body}", body)


def measure(python: str) -> dict[str, dict[str, str]]:
    """Route -> outcome in the drifted and in the pinned environment."""
    with tempfile.TemporaryDirectory() as name:
        box = Sandbox(Path(name), python)
        add_distribution(box.site, "mymod", "1.0", {"mymod.py": "VALUE = 1\n"})
        box.freeze()
        pinned = {route: _outcome(box, route) for route in ROUTES}
        change_version(box.site, "mymod", "1.0", "2.0")
        return {route: {"drifted": _outcome(box, route), "pinned": pinned[route]} for route in ROUTES}


def _outcome(box: Sandbox, route: str) -> str:
    done = box.run(program(route))
    return done.stdout.strip() or "failed: " + done.stderr.strip().rpartition("\n")[2]


def table(results: dict[str, dict[str, dict[str, str]]]) -> str:
    """A Markdown table: one row per way, one column per interpreter."""
    lines = [
        "| Way to load a module | " + " | ".join(results) + " |",
        "|---" * (len(results) + 1) + "|",
    ]
    for route in ROUTES:
        lines.append(f"| {route} | " + " | ".join(found[route]["drifted"] for found in results.values()) + " |")
    counts = [f"**{refused(found)} of {len(ROUTES)}**" for found in results.values()]
    lines.append("| **refused** | " + " | ".join(counts) + " |")
    return "\n".join(lines)


def refused(found: dict[str, dict[str, str]]) -> int:
    """How many ways are refused in the drifted environment."""
    return sum(outcome["drifted"] == "refused" for outcome in found.values())


def main() -> int:
    """Exit 1 where an interpreter refuses another set of ways than the documented one, or refuses when pinned."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", metavar="FILE", help="write the figures there")
    parser.add_argument("--this", action="store_true", help="only the interpreter that runs this")
    options = parser.parse_args()
    chosen = {sys.version.split()[0]: sys.executable} if options.this else interpreters()
    results = {version: measure(python) for version, python in chosen.items()}
    print(table(results))
    wrong = []
    for version, found in results.items():
        for route, outcome in found.items():
            expected = "loads" if route in REMAINING else "refused"
            if outcome != {"drifted": expected, "pinned": "loads"}:
                wrong.append(f"{version} {route}: {outcome}")
    print("\nIn the pinned environment every way works." if not wrong else "\nUnexpected:\n" + "\n".join(wrong))
    if options.json:
        counts = {version: refused(found) for version, found in results.items()}
        content = {"routes": len(ROUTES), "refused": counts, "results": results}
        Path(options.json).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
