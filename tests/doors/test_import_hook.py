"""The import hook from outside: every script here is a process of its own, in a real environment."""

import os
from pathlib import Path

import pytest

from sandbox import Sandbox, add_distribution

PROTECT = "import envguard, sys\nguard = envguard.protect('mymod', lock=LOCK)\n"


def said(box: Sandbox, code: str, *options: str, **environ: str) -> str:
    done = box.run(code, *options, **environ)
    assert done.returncode == 0, done.stderr
    return str(done.stdout).strip()


def test_a_pinned_environment_loads(box: Sandbox) -> None:
    assert said(box, PROTECT + "import mymod.part; print(mymod.VALUE, guard.report.verdict)") == "1 pinned"


def test_a_drifted_one_ends_the_program(drifted: Sandbox) -> None:
    done = drifted.run(PROTECT + "import mymod; print('loaded')")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "envguard.errors.ImportRefused: import of mymod refused:" in done.stderr
    assert "mymod" in done.stderr
    assert "2.0" in done.stderr


@pytest.mark.parametrize("options", [[], ["-O"], ["-OO"], ["-s"], ["-X", "dev"]])
def test_no_option_of_python_weakens_it(drifted: Sandbox, options: list[str]) -> None:
    code = "try:\n    import mymod\nexcept envguard.ImportRefused: print('refused')"
    assert said(drifted, PROTECT + code, *options) == "refused"


@pytest.mark.parametrize("kind", ["ImportError", "ModuleNotFoundError", "RuntimeError", "OSError", "Exception"])
def test_no_usual_handler_swallows_it(drifted: Sandbox, kind: str) -> None:
    done = drifted.run(PROTECT + f"try:\n    import mymod\nexcept {kind}: mymod = None\nprint('went on')")
    assert done.returncode == 1
    assert "ImportRefused" in done.stderr


def test_swallowing_it_is_harmless(drifted: Sandbox) -> None:
    code = """
for attempt in range(3):
    try:
        import mymod
    except BaseException as error:
        print(type(error).__name__, 'mymod' in sys.modules)
for checkpoint in (envguard.assert_pinned, envguard.worker, envguard.pinned(LOCK)(print), envguard.pinned().__enter__,
                   lambda: envguard.protect('json', lock=LOCK)):
    try:
        checkpoint()
    except envguard.DriftError as error:
        print('again', '2.0' in str(error))
"""
    assert said(drifted, PROTECT + code).splitlines() == ["ImportRefused False"] * 3 + ["again True"] * 5


def test_a_refusal_elsewhere_refuses_imports(drifted: Sandbox) -> None:
    code = """
import envguard
guard = envguard.protect('fractions', lock=LOCK)
try:
    envguard.assert_pinned(LOCK)
except Exception:
    pass
import importlib.util
print(importlib.util.find_spec('fractions') is not None)
try:
    import fractions
except envguard.ImportRefused as error:
    print(error.module, '2.0' in error.reason)
"""
    assert said(drifted, code).split() == ["True", "fractions", "True"]


def test_probing_is_harmless(drifted: Sandbox) -> None:
    code = """
import importlib.util, pkgutil
spec = importlib.util.find_spec('mymod')
print(type(spec.loader).__name__, spec.origin.endswith('mymod/__init__.py'), importlib.util.find_spec('nosuchmod'))
print('mymod' in [found.name for found in pkgutil.iter_modules()], spec.loader.get_source('mymod').strip())
print('mymod' in sys.modules, guard.report)
"""
    assert said(drifted, PROTECT + code).splitlines() == [
        "SourceFileLoader True None",
        "True VALUE = 1",
        "False None",
    ]


def test_the_loader_is_left_as_it_was(box: Sandbox) -> None:
    code = """
import importlib, importlib.resources, inspect, mymod
print(vars(mymod.__loader__).get('exec_module'), type(mymod.__loader__).__name__)
print(inspect.getsource(mymod).strip(), importlib.resources.files('mymod').joinpath('data.txt').read_text().strip())
print(importlib.reload(mymod) is mymod)
"""
    assert said(box, PROTECT + code).splitlines() == ["None SourceFileLoader", "VALUE = 1 data", "True"]


def test_reload_is_refused(drifted: Sandbox) -> None:
    code = """
import mymod, importlib
del sys.modules['mymod']
guard = envguard.protect('mymod', lock=LOCK)
sys.modules['mymod'] = mymod
try:
    importlib.reload(mymod)
except envguard.ImportRefused:
    print('refused')
"""
    assert said(drifted, "import envguard, sys" + code) == "refused"


def test_a_module_that_is_loaded_already_is_too_late(box: Sandbox) -> None:
    code = """
import envguard, mymod.part
for _ in range(2):
    try:
        envguard.protect('mymod', lock=LOCK)
    except envguard.TooLateError as error:
        print(error)
"""
    why = "mymod was loaded before it was protected (call protect() before the first import of it"
    assert [line.startswith(why) for line in said(box, code).splitlines()] == [True, True]


def test_a_submodule_alone_is_too_late(box: Sandbox) -> None:
    code = """
import envguard, mymod.part, sys
del sys.modules['mymod']
try:
    envguard.protect('mymod', lock=LOCK)
except envguard.TooLateError as error:
    print(str(error).split()[0])
"""
    assert said(box, code) == "mymod.part"


def test_a_loaded_module_can_be_verified(box: Sandbox) -> None:
    code = "import mymod.part, envguard\nguard = envguard.protect('mymod', lock=LOCK, verify_loaded=True)\n"
    assert said(box, code + "print(guard.report.verdict)") == "pinned"


def test_a_loaded_module_is_verified_in_a_checked_environment_only(drifted: Sandbox) -> None:
    code = "import mymod, envguard\nenvguard.protect('mymod', lock=LOCK, verify_loaded=True)\n"
    assert "DriftError" in drifted.run(code).stderr


@pytest.mark.parametrize(
    ("fake", "why"),
    [
        ("sys.path.insert(0, 'elsewhere'); import mymod", "mymod was loaded from"),
        ("sys.modules['mymod'] = type(sys)('mymod')", "mymod was loaded from no file"),
        (
            "import mymod; sys.path.insert(0, 'elsewhere'); mymod.__path__ = ['elsewhere']; import mymod.new",
            "mymod.new",
        ),
        ("import application", "no installed distribution owns it"),
    ],
)
def test_a_loaded_module_from_elsewhere_is_too_late(box: Sandbox, fake: str, why: str) -> None:
    (box.folder / "elsewhere").mkdir()
    (box.folder / "elsewhere" / "mymod.py").write_text("VALUE = 'fake'\n")
    (box.folder / "elsewhere" / "new.py").write_text("")
    (box.folder / "application.py").write_text("")
    name = "application" if "application" in fake else "mymod"
    code = f"import sys, os\n{fake}\nsys.path[:] = [p for p in sys.path if p != 'elsewhere']\nimport envguard\n"
    done = box.run(code + f"envguard.protect('{name}', lock=LOCK, verify_loaded=True)")
    assert "envguard.errors.TooLateError" in done.stderr
    assert why in done.stderr


def test_a_shadow_that_appears_after_the_check_is_refused(box: Sandbox) -> None:
    (box.folder / "elsewhere").mkdir()
    (box.folder / "elsewhere" / "mymod.py").write_text("print('ran')\n")
    code = """
guard.check()
sys.path.insert(0, 'elsewhere')
try:
    import mymod
except envguard.ImportRefused as error:
    print(error.reason)
"""
    assert "elsewhere/mymod.py is no file of mymod-1.0.dist-info, and would be loaded as mymod" in said(
        box, PROTECT + code
    )


def test_a_file_that_no_record_lists_is_refused(box: Sandbox) -> None:
    code = """
guard.check()
open(SITE + '/mymod/planted.py', 'w').write('print("ran")')
try:
    import mymod.planted
except envguard.ImportRefused as error:
    print(error.module, 'planted.py is no file of' in error.reason)
"""
    assert said(box, PROTECT + code) == "mymod True"


def test_a_vendored_copy_of_the_same_name_loads(box: Sandbox) -> None:
    add_distribution(box.site, "other", "1.0", {"other/__init__.py": "", "other/mymod/__init__.py": "VALUE = 2\n"})
    box.freeze()
    assert said(box, PROTECT + "import other.mymod, mymod; print(other.mymod.VALUE, mymod.VALUE)") == "2 1"


def test_a_module_of_the_application_is_protected_too(box: Sandbox, drifted: Sandbox) -> None:
    (box.folder / "application.py").write_text("VALUE = 3\n")
    code = "import envguard\nenvguard.protect('application', lock=LOCK)\nimport application; print(application.VALUE)"
    assert "ImportRefused: import of application refused" in drifted.run(code).stderr
    box.freeze()
    assert said(box, code) == "3"


def test_a_module_that_does_not_exist_is_an_import_error(box: Sandbox) -> None:
    code = (
        "import envguard\nenvguard.protect('nosuchmod', lock=LOCK)\ntry: import nosuchmod\nexcept ImportError: print(1)"
    )
    assert said(box, code) == "1"


def test_a_namespace_package_loads(box: Sandbox) -> None:
    add_distribution(box.site, "spread", "1.0", {"space/inner/__init__.py": "VALUE = 4\n"})
    box.freeze()
    code = "import envguard\nenvguard.protect('space', lock=LOCK)\nimport space.inner; print(space.inner.VALUE)"
    assert said(box, code) == "4"


def test_threads_are_refused_and_stop_the_main_thread_later(drifted: Sandbox) -> None:
    code = """
import threading
seen = []
def work():
    try:
        import mymod
    except BaseException as error:
        seen.append(type(error).__name__)
threads = [threading.Thread(target=work) for _ in range(8)]
[thread.start() for thread in threads]; [thread.join() for thread in threads]
print(set(seen), len(seen))
envguard.assert_pinned(LOCK)
"""
    done = drifted.run(PROTECT + code)
    assert done.stdout.strip() == "{'ImportRefused'} 8"
    assert "DriftError" in done.stderr


def test_threads_load_in_a_pinned_environment(box: Sandbox) -> None:
    code = """
import threading
seen = []
def work():
    import mymod.part
    seen.append(mymod.part.PART)
threads = [threading.Thread(target=work) for _ in range(8)]
[thread.start() for thread in threads]; [thread.join() for thread in threads]
print(sum(seen))
"""
    assert said(box, PROTECT + code) == "8"


def test_a_task_that_nobody_awaits_changes_nothing(drifted: Sandbox) -> None:
    code = """
import asyncio
async def load():
    try:
        import mymod
    except Exception: pass
async def main():
    task = asyncio.get_running_loop().run_in_executor(None, __import__, 'mymod')
    try:
        await task
    except BaseException as error:
        print(type(error).__name__)
    try:
        await load()
    except envguard.ImportRefused:
        print('refused')
asyncio.run(main())
"""
    assert said(drifted, PROTECT + code).splitlines() == ["ImportRefused", "refused"]


def test_a_fork_before_the_check_is_protected(drifted: Sandbox) -> None:
    code = """
import os
import sys
child = os.fork()
if not child:
    try:
        import mymod
    except envguard.ImportRefused:
        os._exit(7)
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert said(drifted, PROTECT + code) == "7"


def test_after_uninstall_nothing_is_protected(drifted: Sandbox) -> None:
    code = """
finders = len(sys.meta_path)
guard.uninstall(); guard.uninstall()
import mymod
print(mymod.VALUE, finders - len(sys.meta_path))
"""
    assert said(drifted, PROTECT + code) == "1 1"


def test_a_block_protects_until_its_end(drifted: Sandbox) -> None:
    code = """
import envguard
with envguard.protect('mymod', lock=LOCK):
    pass
import mymod
print(mymod.VALUE)
"""
    assert said(drifted, code) == "1"


def test_two_guards_stand_side_by_side(box: Sandbox) -> None:
    code = (
        PROTECT
        + """
other = envguard.protect('fractions', lock=LOCK)
guard.uninstall()
import mymod
print(guard.report, other.report)
import fractions
print(other.report.verdict)
"""
    )
    assert said(box, code).splitlines() == ["None None", "pinned"]


def test_eager_checks_at_once(drifted: Sandbox) -> None:
    done = drifted.run("import envguard\nenvguard.protect('mymod', lock=LOCK, eager=True)")
    assert "envguard.errors.DriftError" in done.stderr


def test_a_missing_golden_file_refuses(box: Sandbox) -> None:
    code = "import envguard\nenvguard.protect('mymod', lock='/nosuch/envguard.lock')\nimport mymod"
    done = box.run(code)
    assert "ImportRefused: import of mymod refused: /nosuch/envguard.lock: cannot be read" in done.stderr


@pytest.mark.parametrize(
    "hook",
    [
        "if event == 'sys.addaudithook': raise RuntimeError('no more hooks')",
        "if event == 'envguard.selftest': raise RuntimeError('not you')",
    ],
)
def test_a_hook_that_keeps_ours_out_is_noticed(box: Sandbox, hook: str) -> None:
    code = f"""
import sys
def hook(event, args):
    {hook}
sys.addaudithook(hook)
import envguard
for _ in range(2):
    try:
        envguard.protect('mymod', lock=LOCK)
    except envguard.UnverifiableError as error:
        print('audit hook' in str(error))
"""
    assert said(box, code).split() == ["True", "True"]


def test_extension_modules_are_refused_by_file_and_name(drifted: Sandbox) -> None:
    code = """
import importlib.machinery, importlib.util, shutil, glob, os, ctypes
import _ctypes, array
suffix = importlib.machinery.EXTENSION_SUFFIXES[0]
target = SITE + '/mymod/native' + suffix
shutil.copy(_ctypes.__file__, target)
for load in (lambda: ctypes.CDLL(target),
             lambda: importlib.util.module_from_spec(importlib.util.spec_from_file_location('_ctypes', target))):
    try:
        load()
    except envguard.ImportRefused as error:
        print(error.module)
"""
    assert said(drifted, PROTECT + code).split() == ["mymod", "mymod"]


def test_what_is_not_called_a_module_is_a_wrong_call(box: Sandbox) -> None:
    code = """
import envguard
for names in ((), ('my mod',), ('',), ('a..b',), (3,)):
    try:
        envguard.protect(*names, lock=LOCK)
    except envguard.UsageError as error:
        print('UsageError')
envguard.assert_pinned(LOCK)
"""
    assert said(box, code).split() == ["UsageError"] * 5


def test_the_hook_is_quiet_about_everything_else(box: Sandbox) -> None:
    code = """
import time
for _ in range(3): sys.audit('warm.up')
def rate():
    start = time.perf_counter()
    for _ in range(100_000): sys.audit('some.event', 1)
    return (time.perf_counter() - start) * 10  # microseconds for one
print(min(rate() for _ in range(3)) < 5)
"""
    assert said(box, PROTECT + code) == "True"


def test_nothing_is_left_behind(box: Sandbox, tmp_path: Path) -> None:
    before = sorted(os.listdir(box.folder))
    said(box, PROTECT + "import mymod")
    assert sorted(os.listdir(box.folder)) == before
