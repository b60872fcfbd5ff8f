"""The pytest plugin: tests run in the environment that was validated, or not at all.

    pytest --envguard                   # another environment: exit status 4, before any conftest is imported
    pytest --envguard=report            # each finding is a failing test, in the JUnit file too
    pytest --envguard=warn              # findings stand in the summary of warnings

pytest loads this module in every run of every project beside which envguard-lock is installed. So until a run asks it
loads nothing else and does nothing. A run asks by the option or by an ini key, a test by the fixture.

It must load with every pytest that somebody may have: one stale name here would stop all of their runs. Hence the
quoted annotations.

PYTEST_DONT_REWRITE (it asserts nothing)
"""

import argparse
import contextlib
import os
import sys

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from envguard.doors._pytest_run import Run
    from envguard.model import Report

MODES = ("refuse", "report", "warn", "off")
DEPTHS = ("versions", "records", "files", "native")  # as envguard.model, which is not loaded unless it is asked for
OLDEST = (7, 4)
RUN = "envguard-run"
"""Name of the plugin that a run has once it asked."""
MARKER = (
    "envguard(*packages): with --envguard the test fails, before its fixtures are made, unless these packages (names "
    "or patterns such as 'torch*', none for all) are in the golden file and installed as it says"
)


def pytest_addoption(parser: "pytest.Parser") -> None:
    """The options, and the same as ini keys."""
    group = parser.getgroup("envguard", "envguard: is this the environment that was validated?")
    modes = "refuse (default: exit status 4 before any conftest), report (failing tests), warn, or off, which wins"
    group.addoption("--envguard", nargs="?", const="refuse", type=_mode, metavar="MODE", help=f"check it: {modes}")
    group.addoption("--envguard-lock", metavar="PATH", help="the golden file; default as for envguard check")
    depth = f"how deep to look: {', '.join(DEPTHS)}"
    group.addoption("--envguard-depth", choices=DEPTHS, help=depth)
    parser.addini("envguard", f"mode of the check of the environment: {', '.join(MODES)}", default="")
    parser.addini("envguard_lock", "the golden file, relative to this file", default="")
    parser.addini("envguard_depth", depth, default="")


def pytest_configure(config: "pytest.Config") -> None:
    """Make the marker known, asked or not: ``--strict-markers`` refuses unknown ones."""
    config.addinivalue_line("markers", MARKER)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: "pytest.Config") -> None:
    """Judge before any conftest is imported, since a conftest may import what must not be loaded.

    Raises:
        pytest.UsageError: The run is refused; pytest prints the text and exits with status 4.
    """
    options = early_config.known_args_namespace
    if options.help or options.version:
        return
    mode = options.envguard or _setting(early_config, "envguard", MODES) or "off"
    if mode != "off":
        early_config.pluginmanager.register(_run(early_config, mode), RUN)


@pytest.fixture(scope="session")
def envguard_report(pytestconfig: "pytest.Config") -> "Report":
    """What envguard found in this environment (``envguard.Report``); checked now where the run did not ask."""
    run: Run | None = pytestconfig.pluginmanager.get_plugin(RUN)
    try:
        return (run or _run(pytestconfig, "warn")).known
    except pytest.UsageError as error:
        why = str(error)
    pytest.fail(why, pytrace=False)


@contextlib.contextmanager
def as_installed() -> "Iterator[None]":
    """Load the guard from its own files.

    pytest rewrites the asserts of every module of a distribution that has a plugin, and runs what it keeps of that in
    ``__pycache__``, of which nobody has sealed anything.
    """
    finders = sys.meta_path[:]
    sys.meta_path[:] = [finder for finder in finders if type(finder).__name__ != "AssertionRewritingHook"]
    try:
        yield
    finally:
        sys.meta_path[:] = finders


def _run(config: "pytest.Config", mode: str) -> "Run":
    if getattr(pytest, "version_tuple", (6,)) < OLDEST:
        raise pytest.UsageError(f"envguard needs pytest {OLDEST[0]}.{OLDEST[1]} or newer; this is {pytest.__version__}")
    options = config.known_args_namespace
    depth: Any = options.envguard_depth or _setting(config, "envguard_depth", DEPTHS) or None
    with as_installed():
        from envguard.doors._pytest_run import Run

        return Run(mode, lock=_lock(config), depth=depth, paths=_paths(config))


def _lock(config: "pytest.Config") -> "str | None":
    named: str | None = config.known_args_namespace.envguard_lock
    if named:
        return os.path.abspath(named)
    written = str(config.getini("envguard_lock"))
    folder = config.rootpath if config.inipath is None else config.inipath.parent
    return os.path.join(folder, written) if written else None


def _paths(config: "pytest.Config") -> "list[str] | None":
    """sys.path as the tests will have it; None where that is sys.path as it is.

    pytest puts the ini key ``pythonpath`` in front only after this plugin has judged.
    """
    if not config.pluginmanager.hasplugin("python_path"):
        return None
    first = [str(path) for path in config.getini("pythonpath")]
    return [*first, *(path for path in sys.path if path not in first)] if first else None


def _setting(config: "pytest.Config", key: str, known: tuple[str, ...]) -> str:
    value = str(config.getini(key))
    if value and value not in known:
        raise pytest.UsageError(f"ini key {key}: {value!a} is none of {', '.join(known)}")
    return value


def _mode(text: str) -> str:
    if text in MODES:
        return text
    # A path after the bare option is taken for its value, as argparse does it.
    raise argparse.ArgumentTypeError(f"{text!a} is none of {', '.join(MODES)}; before a path write --envguard=refuse")
