"""The pytest plugin, seen from outside: real runs of pytest in environments of their own, with and without xdist."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import junitparser
import pytest

from sandbox import Sandbox, add_distribution, change_version, copy_distribution

ROOT = Path(__file__).resolve().parents[2]
OLDEST, NEWEST = "7.4.0", "9.2.0"
VERSION = "0.1.0"
CONFTEST = """
import pathlib, sys
pathlib.Path("conftest-ran").touch()

def pytest_sessionfinish(session):
    loaded = sorted(name for name in sys.modules if name.partition(".")[0] == "envguard")
    pathlib.Path("modules").write_text(" ".join(loaded))
"""
PLAIN = "def test_one(): pass\n\ndef test_two(): pass\n"
DISTRIBUTED = [pytest.param((), id="alone"), pytest.param(("-n2",), id="xdist", marks=pytest.mark.slow)]
MODES = ("refuse", "report", "warn")


class World:
    """An environment with pytest, xdist, envguard as a wheel would install it, and the frozen ``mymod`` 1.0."""

    def __init__(self, folder: Path) -> None:
        self.box = Sandbox(folder)
        for name in _required("pytest", "pytest-xdist"):
            if not (self.box.site / f"{name}").exists():
                copy_distribution(name, self.box.site)
        _install_envguard(self.box.site)
        add_distribution(self.box.site, "mymod", "1.0", {"mymod/__init__.py": "VALUE = 1\n"})
        done = self.python("-c", "import envguard; envguard.freeze('envguard.lock')", cwd=folder)
        assert done.returncode == 0, done.stderr
        self.lock = (folder / "envguard.lock").read_bytes()

    def python(self, *arguments: str, cwd: Path, **environ: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [self.box.python, *arguments],
            cwd=cwd,
            env={"PATH": os.defpath, "PIP_REQUIRE_VIRTUALENV": "1", "ENVGUARD_CACHE": "off", **environ},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


class Project:
    """A folder with a golden file, a conftest and two tests."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.folder = folder
        self.lock = folder / "envguard.lock"
        self.lock.write_bytes(world.lock)
        self.write("conftest.py", CONFTEST)
        self.write("test_own.py", PLAIN)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def pytest(self, *arguments: str, cwd: "Path | None" = None, **environ: str) -> "subprocess.CompletedProcess[str]":
        # Each pytest deletes what older runs left under its root, be it gigabytes.
        environ = {"PYTEST_DEBUG_TEMPROOT": str(self.folder), **environ}
        return self.world.python("-m", "pytest", *arguments, cwd=cwd or self.folder, **environ)

    @property
    def touched(self) -> bool:
        return (self.folder / "conftest-ran").exists()

    def cases(self, *arguments: str) -> dict[str, str]:
        """How each test of a run ended, by the JUnit file."""
        self.pytest("--junitxml=junit.xml", *arguments)
        suites = junitparser.JUnitXml.fromfile(str(self.folder / "junit.xml"))
        return {
            f"{case.classname}::{case.name}": str(case.result[0]._tag) if case.result else "passed"
            for suite in suites
            for case in suite
        }


def _required(*names: str) -> set[str]:
    found: set[str] = set()
    left = list(names)
    while left:
        name = left.pop().lower().replace("_", "-")
        if name in found:
            continue
        found.add(name)
        for requirement in importlib.metadata.requires(name) or ():
            if "extra ==" not in requirement and "win32" not in requirement:
                wanted = re.match(r"[A-Za-z0-9._-]+", requirement)
                assert wanted
                try:
                    importlib.metadata.version(wanted.group())
                except importlib.metadata.PackageNotFoundError:
                    continue  # for another Python
                left.append(wanted.group())
    return found - {"packaging"}


def _install_envguard(site: Path) -> None:
    """As the wheel: modules, and the entry points that pyproject.toml names."""
    toml = (ROOT / "pyproject.toml").read_text()
    table = toml.partition("[project.entry-points.pytest11]\n")[2].partition("\n\n")[0].replace('"', "")
    assert table, "pyproject.toml names no pytest plugin"
    files = {f"envguard_lock-{VERSION}.dist-info/entry_points.txt": f"[pytest11]\n{table}\n"}
    for path in (ROOT / "src" / "envguard").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            files[path.relative_to(ROOT / "src").as_posix()] = path.read_text()
    add_distribution(site, "envguard_lock", VERSION, files)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture
def project(world: World, tmp_path: Path) -> Project:
    return Project(world, tmp_path)


@pytest.fixture
def drifted(project: Project) -> Iterator[Project]:
    """The same after ``mymod`` was upgraded to 2.0."""
    site = project.world.box.site
    change_version(site, "mymod", "1.0", "2.0")
    yield project
    change_version(site, "mymod", "2.0", "1.0")


# Not asked


def test_nothing_is_loaded_unless_it_is_asked_for(drifted: Project) -> None:
    done = drifted.pytest()
    assert done.returncode == 0, done.stdout
    loaded = (drifted.folder / "modules").read_text().split()
    assert loaded == ["envguard", "envguard.doors", "envguard.doors.pytest_plugin"]
    assert "envguard:" not in done.stdout
    drifted.pytest("--envguard=warn")
    assert "envguard.guard" in (drifted.folder / "modules").read_text().split()


@pytest.mark.parametrize("distributed", DISTRIBUTED)
def test_a_run_that_does_not_ask_says_what_it_says_without_the_plugin(
    drifted: Project, distributed: tuple[str, ...]
) -> None:
    with_it, without = (drifted.pytest("-v", *distributed, *more) for more in ((), ("-p", "no:envguard")))
    assert with_it.returncode == without.returncode == 0
    assert with_it.stderr == without.stderr == ""
    assert _timeless(with_it.stdout) == _timeless(without.stdout)


def _timeless(text: str) -> list[str]:
    # The rule around the last line is as long as the time in it leaves room for.
    lines = [re.sub(r"in [0-9.]+s|\[gw\d\]|\[ *\d+%\]|={3,}", "", line) for line in text.splitlines()]
    return sorted(re.sub("envguard[-_]lock-0.1.0, ", "", line) for line in lines)


def test_strict_options_and_warnings_as_errors_do_not_mind_the_plugin(project: Project) -> None:
    project.write("pytest.ini", "[pytest]\naddopts = --strict-config --strict-markers\nfilterwarnings = error\n")
    project.write("test_own.py", "import pytest\n\n@pytest.mark.envguard('nosuch')\ndef test_one(): pass\n")
    done = project.pytest()
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_the_guard_is_not_rewritten_by_pytest(drifted: Project) -> None:
    package = drifted.world.box.site / "envguard"
    drifted.write("test_own.py", "import pytest\n\n@pytest.mark.envguard('mymod')\ndef test_one(): pass\n")
    for mode in MODES:
        drifted.pytest(f"--envguard={mode}")
    kept = {path.name.partition(".")[0] for path in package.rglob("*-pytest-*.pyc")}
    assert kept <= {"__init__", "pytest_plugin"}
    assert len(list(package.rglob("*-pytest-*.pyc"))) <= 3


@pytest.mark.parametrize("left_out", [(), ("-p", "no:envguard")])
def test_tests_may_judge_other_interpreters(project: Project, left_out: tuple[str, ...]) -> None:
    """pytest rewrites whatever a distribution with a plugin has, the plugin left out or not."""
    code = "import envguard, sys\n\ndef test_one(): assert envguard.check(python=sys.executable).pinned\n"
    project.write("test_own.py", code)
    done = project.pytest(*left_out)
    assert done.returncode == 0, done.stdout


# Refuse


@pytest.mark.parametrize("distributed", DISTRIBUTED)
def test_a_pinned_environment_runs_its_tests(project: Project, distributed: tuple[str, ...]) -> None:
    done = project.pytest("--envguard", *distributed)
    assert done.returncode == 0, done.stdout + done.stderr
    header = r"^envguard: pinned, \d+ packages of envguard.lock, sha256:[0-9a-f]{12}, depth records$"
    assert re.search(header, done.stdout, re.MULTILINE)
    assert "2 passed" in done.stdout


@pytest.mark.parametrize("distributed", [*DISTRIBUTED, pytest.param(("--co",), id="co")])
def test_a_drifted_one_is_refused_before_any_conftest(drifted: Project, distributed: tuple[str, ...]) -> None:
    done = drifted.pytest("--envguard", *distributed)
    assert done.returncode == 4
    assert not drifted.touched
    assert done.stdout.strip() == ""
    assert done.stderr.startswith("ERROR: envguard: ")
    assert "mymod 1.0 → 2.0" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.rstrip().endswith("no conftest was imported and no test has run")


@pytest.mark.parametrize("mode", MODES)
def test_what_cannot_be_judged_is_refused_in_every_mode(project: Project, mode: str) -> None:
    lock = project.lock.read_text()
    project.lock.write_text(lock.replace("mymod==1.0", "mymod==1.1"))
    broken = project.pytest(f"--envguard={mode}")
    project.lock.unlink()
    missing = project.pytest(f"--envguard={mode}", "--envguard-lock", "gone.lock")
    nowhere = project.pytest(f"--envguard={mode}")
    for done, words in ((broken, "envguard.lock"), (missing, "gone.lock: cannot be read"), (nowhere, "no golden file")):
        assert done.returncode == 4
        assert not project.touched
        assert words in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_help_and_version_are_never_refused(drifted: Project) -> None:
    for option in ("--help", "--version"):
        assert drifted.pytest("--envguard", option).returncode == 0
    assert "--envguard-lock" in drifted.pytest("--help").stdout


def test_a_bypass_is_never_silent(drifted: Project) -> None:
    site = drifted.world.box.site
    change_version(site, "mymod", "2.0", "1.0")
    drifted.write("envguard.toml", "bypass = true\n")
    code = "import envguard; envguard.freeze('envguard.lock')"
    assert drifted.world.python("-c", code, cwd=drifted.folder).returncode == 0
    change_version(site, "mymod", "1.0", "2.0")
    assert drifted.pytest("--envguard").returncode == 4
    done = drifted.pytest("--envguard", "-q", ENVGUARD_BYPASS="the mirror is down;until=2999-12-31")
    assert done.returncode == 0, done.stderr
    assert "NOT PINNED, bypassed: the mirror is down" in done.stdout


def test_metadata_cannot_write_to_the_terminal(project: Project) -> None:
    folder = add_distribution(project.world.box.site, "evil", "1.0", {"evil.py": ""})
    try:
        (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: evil\x1b[2J\nVersion: 1\x07\x1b]0;x\n")
        outputs = [project.pytest(f"--envguard={mode}") for mode in MODES]
    finally:
        shutil.rmtree(folder)
        (project.world.box.site / "evil.py").unlink()
    assert [done.returncode for done in outputs] == [4, 1, 0]
    assert not any(sign in done.stdout + done.stderr for done in outputs for sign in "\x1b\x07")


# Report


@pytest.mark.parametrize("distributed", DISTRIBUTED)
def test_findings_are_failing_tests_in_the_junit_file_too(drifted: Project, distributed: tuple[str, ...]) -> None:
    assert drifted.cases("--envguard=report", *distributed) == {
        "envguard.lock::EG102-version-drift[mymod]": "failure",
        "test_own::test_one": "passed",
        "test_own::test_two": "passed",
    }
    done = drifted.pytest("--envguard=report", *distributed)
    assert done.returncode == 1
    assert "1 failed, 2 passed" in done.stdout
    assert "mymod 1.0 -> 2.0" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_each_finding_is_a_test(drifted: Project) -> None:
    site = drifted.world.box.site
    folder = add_distribution(site, "extra", "1.0", {"extra.py": ""})
    try:
        cases = drifted.cases("--envguard=report")
    finally:
        shutil.rmtree(folder)
        (site / "extra.py").unlink()
    failed = [name for name, result in cases.items() if result == "failure"]
    assert failed == ["envguard.lock::EG102-version-drift[mymod]", "envguard.lock::EG103-unlocked[extra]"]


def test_a_pinned_environment_adds_no_test(project: Project) -> None:
    assert set(project.cases("--envguard=report")) == {"test_own::test_one", "test_own::test_two"}


@pytest.mark.parametrize(
    "chosen", [("-k", "one", "-n2"), ("-k", "one"), ("-m", "nosuch"), ("test_own.py::test_two",), ("--lf",), ("--nf",)]
)
def test_nobody_deselects_a_finding(drifted: Project, chosen: tuple[str, ...]) -> None:
    cases = drifted.cases("--envguard=report", *chosen)
    assert cases["envguard.lock::EG102-version-drift[mymod]"] == "failure"


def test_a_finding_comes_first(drifted: Project) -> None:
    done = drifted.pytest("--envguard=report", "-x")
    assert "1 failed" in done.stdout
    assert "passed" not in done.stdout
    listed = drifted.pytest("--envguard=report", "--co", "-q").stdout.splitlines()
    assert listed[:2] == ["envguard.lock::EG102-version-drift[mymod]", "test_own.py::test_one"]


# Warn


@pytest.mark.parametrize("distributed", DISTRIBUTED)
def test_findings_are_warnings_that_fail_nothing(drifted: Project, distributed: tuple[str, ...]) -> None:
    done = drifted.pytest("--envguard=warn", "-W", "error", *distributed)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed, 1 warning" in done.stdout
    assert "EG102 version-drift: mymod 1.0 -> 2.0" in done.stdout
    assert re.search(r"^envguard: \w+, 1 difference from envguard.lock", done.stdout, re.MULTILINE)


def test_warnings_are_said_to_a_quiet_run_and_not_of_a_pinned_environment(drifted: Project) -> None:
    assert "mymod 1.0 -> 2.0" in drifted.pytest("--envguard=warn", "-q").stdout
    drifted.lock.write_text("mymod==2.0\n")
    assert "mymod" not in drifted.pytest("--envguard=warn").stdout


# Asking


def test_ini_keys_ask_and_the_option_off_wins(drifted: Project) -> None:
    drifted.write("pytest.ini", "[pytest]\nenvguard = refuse\n")
    assert drifted.pytest().returncode == 4
    assert drifted.pytest("--envguard=off").returncode == 0
    assert drifted.pytest("--envguard=warn").returncode == 0
    drifted.write("pytest.ini", "[pytest]\nenvguard = yes\n")
    wrong = drifted.pytest()
    assert wrong.returncode == 4
    assert "ini key envguard: 'yes' is none of refuse, report, warn, off" in wrong.stderr


def test_the_lock_of_the_ini_file_lies_beside_that_file(project: Project) -> None:
    (project.folder / "below").mkdir()
    (project.folder / "locks").mkdir()
    project.lock.rename(project.folder / "locks" / "golden.lock")
    ini = "envguard = 'refuse'\nenvguard_lock = 'locks/golden.lock'\nenvguard_depth = 'versions'\n"
    project.write("pyproject.toml", f"[tool.pytest.ini_options]\n{ini}")
    done = project.pytest(cwd=project.folder / "below")
    assert "packages of " in done.stdout, done.stderr
    assert done.stdout.count("depth versions") == 1
    assert project.pytest("--envguard-depth=records").stdout.count("depth records") == 1


def test_the_lock_is_found_as_by_every_other_door(project: Project) -> None:
    project.lock.rename(project.folder / "other.lock")
    assert project.pytest("--envguard").returncode == 4
    done = project.pytest("--envguard", ENVGUARD_LOCK="other.lock")
    assert "packages of other.lock" in done.stdout, done.stderr
    assert project.pytest("--envguard", "--envguard-lock=other.lock").returncode == 0


def test_a_path_after_the_bare_option_is_explained(project: Project) -> None:
    done = project.pytest("--envguard", "test_own.py")
    assert done.returncode == 4
    assert "before a path write --envguard=refuse" in done.stderr
    assert project.pytest("test_own.py", "--envguard").returncode == 0
    assert project.pytest("--envguard-depth=deep").returncode == 4


def test_the_plugin_can_be_left_out_and_asked_for_by_name(drifted: Project) -> None:
    assert drifted.pytest("-p", "no:envguard").returncode == 0
    unknown = drifted.pytest("-p", "no:envguard", "--envguard")
    assert unknown.returncode == 4
    assert "unrecognized arguments" in unknown.stderr
    by_name = drifted.pytest("-p", "envguard", "--envguard", PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    assert by_name.returncode == 4
    assert "mymod 1.0 → 2.0" in by_name.stderr


def test_what_pythonpath_shadows_is_seen(project: Project) -> None:
    (project.folder / "lib" / "mymod").mkdir(parents=True)
    project.write("lib/mymod/__init__.py", "VALUE = 2\n")
    assert project.pytest("--envguard").returncode == 0
    project.write("pytest.ini", "[pytest]\npythonpath = lib\n")
    done = project.pytest("--envguard")
    assert done.returncode == 4
    assert "EG112" in done.stderr


# Marker and fixture

MARKED = """
import pytest

@pytest.fixture
def model():
    open("model-loaded", "w").close()

@pytest.mark.envguard("my*", "packaging")
def test_locked(model): pass

@pytest.mark.envguard("torch")
def test_unlocked(model): pass

@pytest.mark.envguard
def test_all(model): pass

@pytest.mark.envguard("packaging")
def test_other(): pass

@pytest.mark.envguard(package="torch")
def test_wrong(): pass

@pytest.mark.skip
@pytest.mark.envguard("torch")
def test_skipped(): pass
"""


@pytest.mark.parametrize("distributed", DISTRIBUTED)
def test_a_marked_test_runs_where_its_packages_are_pinned(project: Project, distributed: tuple[str, ...]) -> None:
    project.write("test_own.py", MARKED)
    assert project.cases("--envguard", *distributed) == {
        "test_own::test_locked": "passed",
        "test_own::test_unlocked": "error",
        "test_own::test_all": "passed",
        "test_own::test_other": "passed",
        "test_own::test_wrong": "error",
        "test_own::test_skipped": "skipped",
    }


@pytest.mark.parametrize("distributed", DISTRIBUTED)
def test_a_marked_test_fails_where_they_are_not(drifted: Project, distributed: tuple[str, ...]) -> None:
    drifted.write("test_own.py", MARKED)
    cases = drifted.cases("--envguard=warn", *distributed)
    assert [cases[f"test_own::test_{name}"] for name in ("locked", "unlocked", "all", "other")] == [
        "error",
        "error",
        "error",
        "passed",
    ]
    assert not (drifted.folder / "model-loaded").exists()
    told = drifted.pytest("--envguard=warn").stdout
    assert "torch is not in" in told
    assert "the marker takes names of packages" in told


def test_the_marker_does_nothing_in_a_run_that_did_not_ask(drifted: Project) -> None:
    drifted.write("test_own.py", MARKED)
    assert "error" not in drifted.cases().values()


FIXTURE = """
import envguard

def test_report(envguard_report):
    assert isinstance(envguard_report, envguard.Report)
    open("verdict", "a").write(f"{envguard_report.verdict} {len(envguard_report.findings)}\\n")
"""


@pytest.mark.parametrize("distributed", DISTRIBUTED)
@pytest.mark.parametrize("asked", [(), ("--envguard=warn",)])
def test_the_fixture_is_the_report(drifted: Project, distributed: tuple[str, ...], asked: tuple[str, ...]) -> None:
    drifted.write("test_own.py", FIXTURE)
    done = drifted.pytest(*asked, *distributed)
    assert done.returncode == 0, done.stdout
    assert (drifted.folder / "verdict").read_text() == "cautious 1\n"


def test_the_fixture_without_a_golden_file_is_an_error(project: Project) -> None:
    project.write("test_own.py", FIXTURE)
    project.lock.unlink()
    done = project.pytest()
    assert done.returncode == 1
    assert "no golden file" in done.stdout


# xdist


def test_workers_do_not_judge_again(project: Project) -> None:
    project.write("conftest.py", "import os\nif os.path.exists('envguard.lock'): os.unlink('envguard.lock')\n")
    project.write("test_own.py", FIXTURE)
    done = project.pytest("--envguard", "-n2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (project.folder / "verdict").read_text() == "pinned 0\n"


def test_a_run_inside_of_a_worker_judges_for_itself(project: Project) -> None:
    inner = project.folder / "inner"
    inner.mkdir()
    project.write("inner/conftest.py", CONFTEST)
    project.write("inner/test_inner.py", PLAIN)
    project.write("inner/envguard.lock", "mymod==3.0\n")
    code = """
import subprocess, sys

def test_inner():
    done = subprocess.run([sys.executable, "-m", "pytest", "--envguard"], cwd="inner", capture_output=True, text=True)
    assert (done.returncode, "mymod 3.0" in done.stderr) == (4, True), done
"""
    project.write("test_own.py", code)
    done = project.pytest("--envguard", "-n2", "test_own.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (inner / "conftest-ran").exists()


# Versions of pytest


@pytest.mark.slow
@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_the_oldest_and_the_newest_pytest(version: str, tmp_path: Path) -> None:
    """With the wheel, from the index, beside a plugin that runs failed tests again."""
    venv, project = tmp_path / "venv", tmp_path / "project"
    python = str(venv / "bin" / "python")
    environ = {**os.environ, "PIP_REQUIRE_VIRTUALENV": "1", "ENVGUARD_CACHE": "off"}

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [python, *arguments], cwd=project, env=environ, capture_output=True, text=True, check=False
        )

    project.mkdir()
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    wanted = (f"pytest=={version}", "pytest-xdist", "pytest-rerunfailures", "pluggy", "six==1.16.0", str(ROOT))
    installed = run("-m", "pip", "install", "-q", *wanted)
    assert installed.returncode == 0, installed.stderr
    (project / "conftest.py").write_text(CONFTEST)
    (project / "test_own.py").write_text(MARKED.replace("my*", "six"))
    assert run("-m", "envguard", "freeze").returncode == 0
    for distributed in ((), ("-n2",)):
        done = run(
            "-m",
            "pytest",
            "--envguard",
            "-k",
            "locked or other",
            "--deselect",
            "test_own.py::test_unlocked",
            *distributed,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "envguard: pinned" in done.stdout
    assert run("-m", "pip", "install", "-q", "six==1.17.0").returncode == 0
    (project / "conftest-ran").unlink()
    for distributed in ((), ("-n2",)):
        done = run("-m", "pytest", "--envguard", *distributed)
        assert (done.returncode, (project / "conftest-ran").exists()) == (4, False)
        assert "six 1.16.0 → 1.17.0" in done.stderr
        assert "Traceback" not in done.stderr
    for distributed in ((), ("-n2",)):
        done = run("-m", "pytest", "--envguard=report", "--reruns=2", "-k", "other", *distributed)
        assert done.returncode == 1
        assert "1 failed, 1 passed" in done.stdout, done.stdout
        assert "EG102-version-drift[six]" in done.stdout
        done = run("-m", "pytest", "--envguard=warn", "-k", "other", "-W", "error", *distributed)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "1 passed" in done.stdout
        assert "1 warning" in done.stdout


def test_it_speaks_the_language_that_the_variable_names(drifted: Project) -> None:
    done = drifted.pytest("--envguard", ENVGUARD_LANG="zh", PYTHONUTF8="1")
    assert done.returncode == 4
    assert "\u8c28\u614e" in done.stderr
    assert "\u6ca1\u6709\u5bfc\u5165\u4efb\u4f55 conftest" in done.stderr
    assert not drifted.touched
    done = drifted.pytest("--envguard=report", ENVGUARD_LANG="zh", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert "cautious: EG102 version-drift: mymod" in done.stdout
    done = drifted.pytest("--envguard=report", ENVGUARD_LANG="klingon")
    assert done.returncode == 4
    assert "ENVGUARD_LANG: no language 'klingon'" in done.stderr


@pytest.mark.parametrize("distributed", [(), pytest.param(("-n2",), marks=pytest.mark.slow)])
def test_findings_are_told_in_chinese_by_tests_of_the_same_name(drifted: Project, distributed: tuple[str, ...]) -> None:
    done = drifted.pytest("--envguard=report", *distributed, ENVGUARD_LANG="zh", PYTHONUTF8="1")
    assert "\u4f9d\u636e\uff1a" in done.stdout
    assert "\u8c28\u614e: EG102 \u7248\u672c\u6f02\u79fb: mymod" in done.stdout
    assert "EG102-version-drift[mymod]" in done.stdout
