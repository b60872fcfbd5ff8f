"""The command lines of try, accept and reject: what is asked for, and what makes no sense."""

import sys
from pathlib import Path

import pytest

from envguard.doors.cli import guide, story, wanted
from envguard.doors.cli.commands import try_
from envguard.errors import UsageError
from support import SOURCE, run


def test_a_command_that_is_a_keyword_has_its_own_word() -> None:
    assert {"try", "accept", "reject"} <= set(guide.names())
    assert guide.command("try") is sys.modules[try_.__name__]
    with pytest.raises(UsageError, match="unknown command"):
        guide.command("try_")


@pytest.mark.parametrize(
    ("argv", "own", "removed", "command"),
    [
        (["six==1", "-idna", "--test", "x"], ["six==1", "--test", "x"], ["-idna"], None),
        (["--test", "-odd"], ["--test=-odd"], [], None),
        (["-r", "-odd"], ["-r-odd"], [], None),
        (["--test", "x", "--", "pip", "install", "-U", "six"], ["--test", "x"], [], ["pip", "install", "-U", "six"]),
        (["-U", "--yes"], ["-U", "--yes"], [], None),
    ],
)
def test_removals_and_commands_are_told_from_options(
    argv: list[str], own: list[str], removed: list[str], command: "list[str] | None"
) -> None:
    assert wanted.split(argv, ("--test", "-r")) == (own, removed, command)


def test_every_option_with_a_value_is_known_to_the_splitting() -> None:
    takes = {
        word
        for action in try_._parser()._actions
        if type(action).__name__ in ("_StoreAction", "_AppendAction")
        for word in action.option_strings
    }
    assert takes == set(try_._WITH_VALUE)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("six==1.17.0",), "--test"),
        (("six==1.17.0", "--test", ""), "an empty command"),
        (("six==1.17.0", "--test", "x", "--rtol", "-1"), "no tolerance"),
        (("six==1.17.0", "--test", "x", "--timeout", "0"), "--timeout"),
        (("six==1.17.0", "--test", "x", "--compare", ""), "--compare"),
        (("--test", "x"), "nothing to plan"),
        (("six==1.17.0", "--test", "x", "--", "pip", "install", "six"), "not both"),
        (("six==1.17.0", "--test", "x", "--output-format", "sarif"), "no format"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_happens(
    words: tuple[str, ...], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from envguard.doors.cli import main

    assert main(["try", *words, "--lock", str(tmp_path / "envguard.lock")]) == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["accept", "reject"])
def test_without_a_trial_there_is_nothing_to_decide(command: str, tmp_path: Path) -> None:
    (tmp_path / "envguard.lock").write_text("")
    done = run(sys.executable, "-m", "envguard", command, cwd=tmp_path, PYTHONPATH=str(SOURCE))
    assert done.returncode == 2
    assert "make one with `envguard try CHANGE --test 'CMD'`" in done.stderr


def test_nobody_is_asked_where_nobody_can_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("envguard.doors.cli.output.is_terminal", lambda _stream: False)
    assert not story.can_ask()
