import pytest
from box import Box

COMMANDS = (
    "accept", "check", "diff", "digest", "exec", "explain", "export", "freeze", "reject", "rule", "schema", "try",
    "version",
)  # fmt: skip


def test_help_lists_every_command(eg: Box) -> None:
    for argv in (("--help",), ("-h",), ("help",)):
        done = eg(*argv)
        assert done.returncode == 0
        assert done.stderr == ""
        for name in COMMANDS:
            assert f"\n  {name} " in done.stdout
        assert max(map(len, done.stdout.splitlines())) <= 85


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_every_command_reads_at_80_columns(eg: Box, name: str) -> None:
    done = eg(name, "--help", COLUMNS="80")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: envguard {name} ")
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert done.stdout.isascii()


def test_no_command_shows_the_help_and_is_2(eg: Box) -> None:
    done = eg()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: envguard COMMAND")


@pytest.mark.parametrize(
    ("argv", "hint"),
    [
        (("chek",), "did you mean check?"),
        (("frobnicate",), "check, diff"),
        (("--color", "always", "check"), "envguard COMMAND [OPTIONS]"),
        (("check", "--dpeth", "files"), "did you mean --depth?"),
        (("check", "--output-formt=json"), "did you mean --output-format?"),
        (("check", "--depth", "deep"), "invalid choice: 'deep'"),
        (("check", "--depth"), "expected one argument"),
        (("check", "--fail-on", "pinned"), "invalid choice"),
        (("check", "a", "b"), "unexpected argument 'b'"),
        (("check", "--output-format", "xml"), "one of concise, full, github, gitlab"),
        (("schema", "nosuch"), "invalid choice"),
        (("rule", "EG101", "--all"), "either CODE or --all"),
        (("exec", "python"), "unexpected argument 'python'"),
        (("exec", "--"), "no program to start"),
        (("check", "--python", "/nosuch/python"), "no such interpreter"),
        (("check\x1b[2K\n",), "unknown command"),
    ],
)
def test_wrong_input_is_one_line_with_a_hint_and_2(eg: Box, argv: tuple[str, ...], hint: str) -> None:
    done = eg(*argv)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("envguard: error: ")
    assert hint in done.stderr
    assert "\x1b" not in done.stderr


def test_the_format_from_the_environment_is_checked_too(eg: Box) -> None:
    done = eg("check", ENVGUARD_OUTPUT_FORMAT="xml")
    assert done.returncode == 2
    assert "ENVGUARD_OUTPUT_FORMAT" in done.stderr
    assert eg("check", ENVGUARD_OUTPUT_FORMAT="json").stdout.startswith("{")
    assert eg("check", "--output-format", "full", ENVGUARD_OUTPUT_FORMAT="json").stdout.startswith("✓")


def test_a_damaged_envguard_is_one_line_and_2_and_a_traceback_on_request(eg: Box) -> None:
    (eg.site / "packaging" / "version.py").write_text("raise RuntimeError('boom')\n")
    eg.drift()
    done = eg("check")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "RuntimeError: boom" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Traceback" in eg("check", ENVGUARD_TRACEBACK="1").stderr


def test_a_crashing_reporter_is_no_pass(eg: Box) -> None:
    code = (
        "import sys; from envguard.reporters import full; full.render = None; sys.argv = ['envguard', 'check'];"
        "from envguard.doors.cli import main; sys.exit(main())"
    )
    done = eg.shell(f'"{eg.python}" -c "{code}"')
    assert done.returncode == 2
    assert "internal error" in done.stderr
