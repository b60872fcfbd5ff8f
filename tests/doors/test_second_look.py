"""What changes between the check and the import is noticed, what the interpreter does by itself is not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox import ROOT, Sandbox, interpreters

CHECKED = "import envguard, os, sys, time\nguard = envguard.protect('mymod', lock=LOCK, eager=True)\n"
TRY = """
try:
    import mymod.part
    print('loaded')
except envguard.ImportRefused as error:
    print(error.reason)
try:
    envguard.assert_pinned(LOCK)
except envguard.DriftError as error:
    print('latched')
"""


def said(box: Sandbox, code: str, *options: str, **environ: str) -> list[str]:
    done = box.run(code, *options, **environ)
    assert done.returncode == 0, done.stderr
    return str(done.stdout).strip().splitlines()


@pytest.mark.parametrize(
    ("name", "swap"),
    [
        ("__init__.py", "open(path, 'a').write('x = 1')"),
        ("part.py", "open(path, 'a').write('x = 1')"),
        ("part.py", "os.rename(path, path + '.old'); open(path, 'w').write('PART = 2\\n')"),
        ("part.py", "s = os.stat(path); open(path, 'w').write('PART = 2\\n'); os.utime(path, ns=(s.st_atime_ns,) * 2)"),
        ("data.txt", "open(path, 'a').write('x')"),
        ("data.txt", "os.unlink(path)"),
    ],
)  # fmt: skip
def test_a_swap_after_the_check_is_noticed(box: Sandbox, name: str, swap: str) -> None:
    lines = said(box, CHECKED + f"path = SITE + '/mymod/{name}'\n{swap}\n" + TRY)
    assert f"mymod/{name} changed after the environment was checked" in lines[0]
    assert lines[1:] == ["latched"]


def test_a_swapped_folder_is_noticed(box: Sandbox) -> None:
    """Its files keep their times of change; their inodes tell."""
    code = """
import shutil
shutil.copytree(SITE + '/mymod', SITE + '/mymod.new')
guard = envguard.protect('mymod', lock=LOCK, eager=True)
os.rename(SITE + '/mymod', SITE + '/mymod.old'); os.rename(SITE + '/mymod.new', SITE + '/mymod')
"""
    assert "changed after the environment was checked" in said(box, "import envguard, os\n" + code + TRY)[0]


def test_a_swap_while_the_package_runs_is_noticed_after_the_import(box: Sandbox) -> None:
    code = (
        "path = SITE + '/mymod/data.txt'\n"
        + CHECKED
        + """
sys.setprofile(lambda frame, event, arg: event == 'call' and frame.f_code.co_filename.endswith('mymod/__init__.py')
               and open(path, 'a').write('x'))
"""
    )
    lines = said(box, code + TRY)
    assert "data.txt changed after the environment was checked" in lines[0]
    assert lines[1:] == ["latched"]


def test_looking_again_by_hand(box: Sandbox) -> None:
    code = (
        CHECKED
        + """
import mymod
guard.look_again()
os.utime(mymod.__file__)
for _ in range(2):
    try:
        guard.look_again('mymod')
    except envguard.DriftError as error:
        print('mymod/__init__.py changed after the environment' in error.problem, error.report.verdict)
"""
    )
    assert said(box, code) == ["True pinned"] * 2


def test_a_module_put_in_place_by_hand_is_noticed_by_looking_again(box: Sandbox) -> None:
    code = (
        CHECKED
        + """
sys.modules['mymod'] = type(sys)('mymod')
try:
    guard.look_again()
except envguard.DriftError as error:
    print(error.problem)
"""
    )
    assert said(box, code) == ["mymod was loaded from no file, which is no file of mymod-1.0.dist-info"]


def test_byte_code_that_the_import_writes_is_no_change(box: Sandbox) -> None:
    assert said(box, CHECKED + TRY) == ["loaded"]
    assert (box.site / "mymod" / "__pycache__").is_dir()
    assert said(box, CHECKED + TRY) == ["loaded"]


def test_byte_code_that_was_stale_is_no_change(box: Sandbox) -> None:
    part = box.site / "mymod" / "part.py"
    assert said(box, CHECKED + TRY) == ["loaded"]
    part.touch()
    assert said(box, CHECKED + TRY + "import importlib; importlib.reload(mymod.part)") == ["loaded"]


@pytest.mark.parametrize("existed", [True, False])
def test_poisoned_byte_code_is_refused(box: Sandbox, existed: bool) -> None:
    if existed:
        assert said(box, CHECKED + TRY) == ["loaded"]
    poison = """
import importlib.util, py_compile
source = SITE + '/mymod/part.py'
evil = LOCK + '.py'
open(evil, 'w').write('print("evil")')
target = importlib.util.cache_from_source(source)
os.makedirs(os.path.dirname(target), exist_ok=True)
py_compile.compile(evil, target, source, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
"""
    lines = said(box, CHECKED + poison + TRY)
    assert "is not the compiled" in lines[0]
    assert lines[1:] == ["latched"]


@pytest.mark.parametrize(
    ("options", "environ"), [(["-B"], {}), (["-O"], {}), ([], {"PYTHONPYCACHEPREFIX": "cache"}), (["-X", "utf8"], {})]
)
def test_ways_to_keep_byte_code_are_all_right(box: Sandbox, options: list[str], environ: dict[str, str]) -> None:
    for _ in range(2):
        assert said(box, CHECKED + TRY, *options, **environ) == ["loaded"]


def test_a_linked_site_packages_is_the_same_place(box: Sandbox) -> None:
    (box.folder / "link").symlink_to(box.site)
    code = "import sys\nsys.path[:] = [p for p in sys.path if p != SITE] + ['link']\n"
    assert said(box, code + CHECKED + TRY) == ["loaded"]


@pytest.mark.slow
def test_every_documented_route_is_refused_here() -> None:
    done = routes("--this")
    assert "**15 of 18**" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0


@pytest.mark.slow
def test_every_documented_route_is_refused_everywhere(tmp_path: Path) -> None:
    done = routes("--json", str(tmp_path / "routes.json"))
    assert done.returncode == 0, done.stdout + done.stderr
    counts = json.loads((tmp_path / "routes.json").read_text())["refused"]
    assert counts == dict.fromkeys(interpreters(), 15)


@pytest.mark.slow
def test_every_swap_is_noticed() -> None:
    script = ROOT / "benchmarks" / "swaps.py"
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=600, check=False)
    assert "Noticed: 240 of 240" in done.stdout, done.stdout + done.stderr


def routes(*options: str) -> "subprocess.CompletedProcess[str]":
    script = ROOT / "benchmarks" / "load_routes.py"
    return subprocess.run(
        [sys.executable, str(script), *options], capture_output=True, text=True, timeout=600, check=False
    )
