"""Make docs/refusal.svg: a refusal as the terminal shows it, from a real run in a scratch environment.

Usage: python benchmarks/picture.py [docs/refusal.svg]

The environment is made, frozen and drifted with the wheels that the README speaks of. Needs the ``cli`` extra (rich
draws the terminal) and the index.
"""

import io
import os
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
WIDTH = 92
LOCKED = ("numpy==1.26.4", "pillow==10.2.0", "requests==2.31.0", "idna==3.7", "packaging==24.2")
DRIFT = ("numpy==2.2.6", "pillow==9.5.0", "requests==2.32.3")
SHOWN_AS = "/srv/app"
"""Where the picture says that all this lies, in place of the scratch folder."""
_PLAIN = "484f58 ff7b72 3fb950 d29922 58a6ff bc8cff 39c5cf b1bac4"
_BRIGHT = "6e7681 ffa198 56d364 e3b341 79c0ff d2a8ff 56d4dd f0f6fc"
"""Black, red, green, yellow, blue, magenta, cyan, white."""


def main() -> int:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "refusal.svg"
    with tempfile.TemporaryDirectory() as scratch:
        session = record(Path(scratch))
    target.write_text(drawn(session), encoding="utf-8")
    print(target)
    return 0


def record(folder: Path) -> str:
    """Freeze, pass, drift, be refused; what the terminal showed of it."""
    environment = folder / "venv"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    install(python, LOCKED)
    install(python, (str(ROOT),))
    shown = [prompt("envguard freeze"), run(folder, "freeze")]
    install(python, DRIFT)
    shown += [
        prompt(f"pip install --no-deps {' '.join(DRIFT)}  # somebody else"),
        "",
        prompt("envguard exec -- python serve.py"),
        run(folder, "exec", "--", python, "serve.py"),
        prompt(""),
    ]
    # A scratch folder has another name each time; the picture should change only where envguard does.
    return "\n".join(shown).replace(os.path.realpath(folder), SHOWN_AS).replace(str(folder), SHOWN_AS)


def install(python: Path, requirements: tuple[str, ...]) -> None:
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", *requirements], check=True)


def run(folder: Path, *argv: str | Path) -> str:
    """What ``envguard`` shows on a terminal of this width."""
    environ = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "FORCE_COLOR": "1", "COLUMNS": str(WIDTH)}
    command = [folder / "venv" / "bin" / "envguard", *argv]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(done.stderr)
    return (done.stdout + done.stderr).rstrip("\n") + "\n"


def prompt(command: str) -> str:
    return f"\x1b[1;32m$\x1b[0m \x1b[1m{command}\x1b[0m"


def drawn(session: str) -> str:
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(session), markup=False, emoji=False, highlight=False, soft_wrap=True)
    svg = console.export_svg(title="envguard", theme=theme(), unique_id="envguard")
    # Some renderers drop the space that a run of text begins with.
    svg = svg.replace("<text ", '<text xml:space="preserve" ')
    # No font from another host: the reader's own monospace font does.
    svg = re.sub(r"@font-face\s*\{[^}]*\}", "", svg)
    svg = svg.replace("Fira Code, monospace", "ui-monospace, Menlo, Consolas, DejaVu Sans Mono, monospace")
    svg = svg.replace("font-family: arial", "font-family: sans-serif")
    svg = svg.replace("<!-- Generated with Rich https://www.textualize.io -->", "")
    return "\n".join(line.rstrip() for line in svg.splitlines() if line.strip()) + "\n"


def theme() -> TerminalTheme:
    plain, bright = ([_rgb(code) for code in codes.split()] for codes in (_PLAIN, _BRIGHT))
    return TerminalTheme(_rgb("161b22"), _rgb("c9d1d9"), plain, bright)


def _rgb(code: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(code)
    return red, green, blue


if __name__ == "__main__":
    raise SystemExit(main())
