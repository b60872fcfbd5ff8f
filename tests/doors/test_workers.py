"""Workers: forked ones inherit the answer, those that start afresh check again or are held to their parent."""

import subprocess

import pytest

import envguard
from sandbox import Sandbox, add_distribution, change_version

POOL = """
import envguard, multiprocessing, os, sys
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

def work():
    import mymod
    return mymod.VALUE

if __name__ == '__main__':
    if 'parent' in sys.argv: envguard.assert_pinned(sys.argv[1])
    if 'drift' in sys.argv: os.rename(sys.argv[3], sys.argv[3].replace('1.0', '2.0'))
    if 'gone' in sys.argv: os.unlink(sys.argv[1])
    context = multiprocessing.get_context(sys.argv[2])
    with ProcessPoolExecutor(1, mp_context=context, initializer=envguard.worker, initargs=(sys.argv[1],)) as pool:
        try:
            print(pool.submit(work).result())
        except BrokenProcessPool:
            print('refused')
"""


def pool(box: Sandbox, *words: str) -> str:
    (box.folder / "serve.py").write_text(POOL)
    arguments = [box.python, "serve.py", str(box.lock), words[0], str(box.site / "mymod-1.0.dist-info"), *words[1:]]
    done = subprocess.run(
        arguments, env=box.environ(), cwd=box.folder, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers_of_a_pinned_environment_work(box: Sandbox, method: str) -> None:
    assert pool(box, method, "parent") == "1"
    assert pool(box, method) == "1"


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers_of_a_drifted_one_are_refused(drifted: Sandbox, method: str) -> None:
    assert pool(drifted, method) == "refused"


def test_forked_workers_read_what_the_parent_checked(box: Sandbox) -> None:
    assert pool(box, "fork", "parent", "gone") == "1"


def test_spawned_workers_check_for_themselves(box: Sandbox) -> None:
    assert pool(box, "spawn", "parent", "gone") == "refused"


def test_spawned_workers_see_what_drifted_meanwhile(box: Sandbox) -> None:
    assert pool(box, "spawn", "parent", "drift") == "refused"


LAUNCH = """
import envguard, subprocess, sys
envguard.assert_pinned(LOCK)
sys.exit(subprocess.call([sys.executable, '-c', CHILD]))
"""


def test_a_child_with_another_golden_file_is_refused(box: Sandbox) -> None:
    other = box.folder / "other.lock"
    other.write_text("mymod==1.0\npackaging\n")
    child = "import envguard; envguard.worker('other.lock', only='mymod'); print('pinned')"
    done = box.run(f"CHILD = {child!r}\n{LAUNCH}")
    assert done.returncode == 1
    assert "ENVGUARD_EXPECT demands" in done.stderr
    alone = box.run(child)
    assert alone.stdout.strip() == "pinned", alone.stderr


def test_a_child_with_the_same_golden_file_is_held_to_it(box: Sandbox) -> None:
    child = f"import envguard; print(envguard.worker({str(box.lock)!r}).verdict)"
    done = box.run(f"CHILD = {child!r}\n{LAUNCH}")
    assert done.stdout.strip() == "pinned", done.stderr


def test_a_golden_file_that_is_replaced_does_not_help_a_child(box: Sandbox) -> None:
    """Whoever installs something and freezes again under a running service starts no workers with it."""
    code = """
import envguard, subprocess, sys, os
envguard.assert_pinned(LOCK)
sys.stdout.write('checked\\n'); sys.stdout.flush(); sys.stdin.readline()
sys.exit(subprocess.call([sys.executable, '-c', 'import envguard; envguard.worker(%r)' % LOCK]))
"""
    parent = subprocess.Popen(
        box.command(code),
        env=box.environ(),
        cwd=box.folder,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "checked\n"
    change_version(box.site, "mymod", "1.0", "2.0")
    box.freeze()
    _out, errors = parent.communicate("go\n", timeout=60)
    assert parent.returncode == 1
    assert "LockError" in errors


def test_the_parent_may_use_two_golden_files(box: Sandbox) -> None:
    (box.folder / "other.lock").write_text("mymod==1.0\n")
    code = """
import envguard, os
envguard.assert_pinned(LOCK)
envguard.assert_pinned('other.lock', only='mymod')
print(len(os.environ['ENVGUARD_EXPECT'].split(',')))
"""
    done = box.run(code)
    assert done.stdout.strip() == "2", done.stderr


def test_a_bare_interpreter_is_unprotected(drifted: Sandbox) -> None:
    """The documented limit: nobody calls the guard, so nobody is asked."""
    assert drifted.run("import mymod; print(mymod.VALUE)").stdout.strip() == "1"
    add_distribution(drifted.site, "unlocked", "1.0", {"unlocked.py": ""})
    assert drifted.run("import unlocked; print(2)").stdout.strip() == "2"


@pytest.mark.usefixtures("here")
def test_a_worker_gets_a_report() -> None:
    assert envguard.worker().pinned
    with pytest.raises(envguard.LockError):
        envguard.worker("/nosuch/envguard.lock")
    with pytest.raises(envguard.LockError, match=r"/nosuch/envguard\.lock"):
        envguard.worker()
