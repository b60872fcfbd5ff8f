import pytest
from box import Box

HEAVY = {
    "rich",
    "pydantic",
    "pip_api",
    "yaml",
    "jsonschema",
    "typing",
    "dataclasses",
    "logging",
    "asyncio",
    "subprocess",
}


def loaded(eg: Box, *argv: str) -> set[str]:
    """The modules that a run of the command line leaves loaded."""
    code = (
        f"import sys; from envguard.doors.cli import main; main({list(argv)!r}); print(*sys.modules, file=sys.stderr)"
    )
    return set(eg.shell(f'"{eg.python}" -c "{code}"').stderr.split())


@pytest.mark.parametrize("argv", [("--version",), ("--help",), ("check",), ("schema", "report"), ("rule", "EG102")])
def test_nothing_heavy_is_loaded(eg: Box, argv: tuple[str, ...]) -> None:
    modules = loaded(eg, *argv)
    assert "envguard.doors.cli" in modules
    assert not modules & (HEAVY - {"typing", "dataclasses", "subprocess"})


def test_what_needs_no_judging_loads_no_pipeline(eg: Box) -> None:
    modules = loaded(eg, "--version")
    assert not any(name.startswith(("envguard.guard", "envguard.environment", "envguard.formats")) for name in modules)


def test_nothing_of_the_judged_environment_is_run(eg: Box) -> None:
    for name in ("rich", "pydantic", "six", "attr"):
        folder = eg.site / name
        (eg.site / f"{name}.py").unlink(missing_ok=True)
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").write_text("raise SystemExit('I was run')\n")
    for argv in (("check",), ("check", "--depth", "files"), ("explain", "six"), ("freeze", "-o", "-"), ("version",)):
        done = eg(*argv)
        assert "I was run" not in done.stdout + done.stderr
        assert done.returncode in (0, 1), done.stderr
