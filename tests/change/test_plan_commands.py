"""The command that makes exactly the change that was judged."""

import shlex
import sys

import pytest

from envguard.change.installers.request import Request, of_command, of_words
from envguard.change.installers.resolution import Arrival, Resolution
from envguard.change.planning import commands
from envguard.model import Distribution, Environment
from envguard.proposal import Move
from support import LINUX

PIP = Distribution(name="pip", version="26.3", path="", location="")
LIVE = Environment(prefix="/venv", paths=(), interpreter=LINUX, executable="/venv/bin/python", distributions=(PIP,))
SIX = Arrival(name="six", version="1.17.0", url="https://u:secret@x/six-1.17.0-py3-none-any.whl")
MOVE = Move(name="six", kind="upgraded", before="1.16.0", after="1.17.0")
GONE = Move(name="idna", kind="removed", before="3.7")
INDEX = ("--index-url", "https://x/simple", "--no-deps", "--upgrade-strategy", "eager")


def made(request: Request, installer: str = "pip 26.3", *, live: Environment = LIVE, arrival: Arrival = SIX) -> str:
    resolution = Resolution(installer=installer, arrivals=(arrival,))
    return commands.making(request, resolution, (MOVE,), live, (), offline=False)


@pytest.mark.parametrize(
    ("request_", "installer", "expected"),
    [
        (of_words(["six"]), "pip 26.3", "/venv/bin/python -m pip install --no-deps six==1.17.0"),
        (of_words(["six"]), "uv 0.13", "uv pip install --python /venv/bin/python --no-deps six==1.17.0"),
        (
            Request(installs=("six",), options=INDEX),
            "pip 26.3",
            "/venv/bin/python -m pip install --no-deps --index-url https://x/simple six==1.17.0",
        ),
        (
            of_command(["uv", "pip", "sync", "want.txt"]),
            "uv 0.13",
            "uv pip sync --python /venv/bin/python want.txt",
        ),
        (of_command(["conda", "install", "x"]), "conda", "conda install x --prefix /venv"),
        (of_command(["conda", "install", "-n", "y", "x"]), "conda", "conda install -n y x"),
    ],
)
def test_every_installer_gets_its_own_words(request_: Request, installer: str, expected: str) -> None:
    assert made(request_, installer) == expected


def test_an_environment_without_pip_is_served_by_this_one() -> None:
    bare = LIVE.replace(distributions=())
    expected = [sys.executable, "-m", "pip", "--python", "/venv/bin/python", "install", "--no-deps", "six==1.17.0"]
    assert shlex.split(made(of_words(["six"]), live=bare)) == expected


def test_a_path_with_spaces_can_be_pasted_and_credentials_are_not_shown() -> None:
    arrival = SIX.replace(url="file:///a%20b/six-1.17.0-py3-none-any.whl", direct=True)
    assert shlex.split(made(of_words(["six"]), arrival=arrival))[-1] == "/a b/six-1.17.0-py3-none-any.whl"
    assert "secret" not in made(of_words(["six"]), arrival=SIX.replace(direct=True))


def test_what_goes_is_removed_first() -> None:
    told = commands.making(
        of_words(["six", "-idna"]),
        Resolution(installer="pip 26.3", arrivals=(SIX,), removals=("idna",)),
        (MOVE, GONE),
        LIVE,
        ("/wheels",),
        offline=True,
    )
    remove, install = told.split(" && ")
    assert remove == "/venv/bin/python -m pip uninstall -y idna"
    assert install.endswith("install --no-deps --no-index --find-links /wheels six==1.17.0")


def test_nothing_to_do_needs_no_command() -> None:
    assert commands.making(of_words(["six"]), Resolution(installer="pip"), (), LIVE, (), offline=False) == ""
