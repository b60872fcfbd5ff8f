"""Which part of a lock is meant, and the remark on a lock that is slow to read."""

import json

import pytest
from box import Box

import envguard
from envguard.doors.cli import part
from envguard.doors.cli.parser import Parser
from envguard.model import Selection

REQUIREMENTS = "six==1.16.0\nidna==3.7\nattrs==24.2.0\npackaging==24.2\n"


def chosen(*argv: str) -> Selection | None:
    parser = Parser("test", "Test.")
    part.add_options(parser)
    return part.chosen(parser.parse(argv))


def test_options_become_one_selection() -> None:
    assert chosen() is None
    asked = ("--group", "dev", "--extra", "gpu", "--group", "docs", "--environment", "prod", "--platform", "linux-64")
    assert chosen(*asked, "--category", "test", "--group", "dev") == Selection(
        groups=("dev", "docs"), extras=("gpu",), environment="prod", platform="linux-64", categories=("test",)
    )
    assert envguard.Selection is Selection


def test_a_selection_is_said_again_as_options() -> None:
    selection = Selection(groups=("dev", "a b"), platform="linux-64", categories=("x",))
    assert part.as_words(selection) == " --group dev --group 'a b' --platform linux-64 --category x"
    assert part.as_words(None) == ""


@pytest.mark.parametrize("option", ["--group", "--extra", "--environment", "--platform", "--category"])
def test_an_empty_name_is_refused(option: str) -> None:
    with pytest.raises(envguard.UsageError, match=f"{option}: an empty name"):
        chosen(option, "")


@pytest.mark.parametrize(
    "argv",
    [
        ("check", "r.txt"),
        ("check",),
        ("freeze", "-o", "-", "--from", "r.txt"),
        ("diff", "r.txt", "envguard.lock"),
        ("diff", "r.txt", "--live"),
        ("explain", "six", "--lock", "r.txt"),
        ("digest", "r.txt"),
    ],
)
def test_a_part_of_what_has_none_is_refused_and_never_ignored(eg: Box, argv: tuple[str, ...]) -> None:
    (eg.folder / "r.txt").write_text(REQUIREMENTS)
    assert eg(*argv).returncode == 0
    done = eg(*argv, "--group", "dev")
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert "has no groups to choose from" in done.stderr
    assert "compared as a whole" in done.stderr


@pytest.fixture
def sectioned(eg: Box) -> Box:
    """A Pipfile.lock that has idna in a section of its own."""

    def packages(**versions: str) -> dict[str, object]:
        return {name: {"version": f"=={version}"} for name, version in versions.items()}

    told = {
        "_meta": {"hash": {"sha256": "0" * 64}, "pipfile-spec": 6, "requires": {}, "sources": []},
        "default": packages(six="1.16.0", attrs="24.2.0", packaging="24.2"),
        "develop": packages(idna="3.7"),
    }
    (eg.folder / "Pipfile.lock").write_text(json.dumps(told, indent=4))
    return eg


@pytest.mark.parametrize(
    "argv",
    [
        ("check", "Pipfile.lock"),
        ("freeze", "-o", "-", "--from", "Pipfile.lock"),
        ("diff", "Pipfile.lock", "--live"),
        # envguard's own lock is a whole, the other file is asked for its part
        ("diff", "Pipfile.lock", "envguard.lock"),
    ],
)
def test_the_part_that_is_asked_for_is_compared(sectioned: Box, argv: tuple[str, ...]) -> None:
    whole = sectioned(*argv)
    assert whole.returncode == 1
    assert "EG103 unlocked  idna" in whole.stdout + whole.stderr
    assert sectioned(*argv, "--category", "develop").returncode == 0
    assert sectioned(*argv, "--category", "develop", "--extra", "gpu").returncode == 2


def test_the_part_that_is_asked_for_is_shown(sectioned: Box) -> None:
    asked = ("--category", "develop")
    for argv in (
        ("digest", "Pipfile.lock", "--output-format", "json"),
        ("export", "Pipfile.lock", "--to", "requirements"),
    ):
        assert "idna" not in sectioned(*argv).stdout
        assert "idna" in sectioned(*argv, *asked).stdout
    explained = ("explain", "idna", "--lock", "Pipfile.lock")
    assert "the golden file does not name it" in sectioned(*explained).stdout
    assert "3.7 at Pipfile.lock:" in sectioned(*explained, *asked).stdout


def test_a_part_needs_a_lock_that_it_is_of(eg: Box, wheelhouse: object) -> None:
    done = eg("freeze", "-o", "-", "--extra", "gpu")
    assert (done.returncode, done.stdout) == (2, "")
    assert "name the lock with --from" in done.stderr
    (eg.folder / "x-1-py3-none-any.whl").write_bytes(b"")
    done = eg("digest", "x-1-py3-none-any.whl", "--extra", "gpu")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no parts" in done.stderr


# --- a lock that is slow to read -------------------------------------------------------------------------------------


@pytest.fixture
def large(eg: Box) -> Box:
    """A requirements file that takes some hundred milliseconds: 200 lines of it apply, 2,000 do not."""
    lines = [f"absent-{number} (==1.{number}) ; python_version < '3.{number % 9}'\n" for number in range(2_000)]
    (eg.folder / "large requirements.txt").write_text(REQUIREMENTS + "".join(lines))
    return eg


def test_a_lock_that_is_slow_to_read_is_remarked_on_stderr_only(large: Box) -> None:
    lock = "large requirements.txt"
    done = large("check", lock, "--output-format", "json")
    assert done.returncode == 0, done.stderr
    (remark,) = done.stderr.splitlines()
    assert remark.startswith("envguard: reading large requirements.txt took ")
    assert "; `envguard freeze --from 'large requirements.txt'` makes a golden file" in remark
    assert "freeze" not in done.stdout
    assert json.loads(done.stdout)["verdict"] == "pinned"
    assert large("check", lock, "--python", large.python).stderr.count(f" --python {large.python}` makes") == 1


def test_the_remark_can_be_silenced(large: Box) -> None:
    lock = "large requirements.txt"
    assert large("check", lock, "--no-progress").stderr == ""
    assert large("check", lock, ENVGUARD_NO_PROGRESS="1").stderr == ""


def test_what_is_read_quickly_is_not_remarked(drifted: Box) -> None:
    (drifted.folder / "r.txt").write_text(REQUIREMENTS)
    for lock in ("r.txt", "envguard.lock"):
        done = drifted("check", lock)
        assert (done.returncode, done.stderr) == (1, "")
