"""Where settings are found and how a broken file is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envguard import config
from envguard.errors import RuleError

if TYPE_CHECKING:
    from pathlib import Path


def write(folder: Path, name: str, text: str | bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_the_nearest_folder_upward_counts(tmp_path: Path) -> None:
    write(tmp_path, "pyproject.toml", '[tool.envguard]\nlock = "locks/far.lock"\n')
    write(tmp_path / "a", "pyproject.toml", '[project]\nname = "no settings here"\n')
    deep = tmp_path / "a" / "b"
    deep.mkdir()
    found = config.find(str(deep))
    assert found is not None
    assert found.lock == str(tmp_path / "locks" / "far.lock")
    assert found.prefix == "tool.envguard."
    write(tmp_path / "a", "envguard.toml", 'lock = "near.lock"\n')
    found = config.find(str(deep))
    assert found is not None
    assert found.lock == str(tmp_path / "a" / "near.lock")


def test_the_own_file_comes_before_pyproject(tmp_path: Path) -> None:
    write(tmp_path, "pyproject.toml", '[tool.envguard]\ndepth = "files"\n')
    own = write(tmp_path, "envguard.toml", 'depth = "versions"\n')
    found = config.find(str(tmp_path))
    assert found is not None
    assert (found.path, found.depth) == (str(own), "versions")


def test_all_settings_arrive_and_have_defaults(tmp_path: Path) -> None:
    text = 'lock = "x"\ndepth = "files"\nfail-on = "cautious"\nallow = "safe"\nbypass = true\n'
    found = config.load(str(write(tmp_path, "envguard.toml", text)))
    assert (found.depth, found.fail_on, found.allow, found.bypass) == ("files", "cautious", "safe", True)
    empty = config.load(str(write(tmp_path, "envguard.toml", "")))
    assert (empty.lock, empty.depth, empty.fail_on, empty.allow, empty.bypass) == ("", "", "", "", False)
    assert config.rules(empty) == ()


def test_an_absolute_lock_stays_where_it_is(tmp_path: Path) -> None:
    assert config.load(str(write(tmp_path, "envguard.toml", 'lock = "/srv/x.lock"\n'))).lock == "/srv/x.lock"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("locks = 1", "locks: unknown key; known are lock, depth"),
        ("lock = 1", "lock: must be the path"),
        ('lock = ""', "lock: must be the path"),
        ('lock = "a\\u0000b"', "lock: must be the path"),
        ('depth = "deep"', "depth: must be one of versions, records, files"),
        ("depth = [1]", "depth: must be one of"),
        ('fail-on = "pinned"', "fail-on: must be one of safe, cautious, forbidden"),
        ('allow = "forbidden"', "allow: must be one of safe, cautious"),
        ("bypass = 1", "bypass: must be true or false"),
        ("rules = 1", "rules: must be an array of tables"),
        ("groups = []", "groups: must be a table"),
        ('"a\\nb" = 1', "'a\\nb': unknown key"),
    ],
)
def test_a_wrong_setting_is_refused_by_its_key(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(RuleError) as error:
        config.load(str(write(tmp_path, "envguard.toml", text)))
    assert error.value.problem.startswith(problem)
    path = write(tmp_path, "pyproject.toml", f"[tool.envguard]\n{text}\n")
    with pytest.raises(RuleError) as error:
        config.load(str(path))
    assert error.value.problem.startswith(f"tool.envguard.{problem}")
    assert error.value.path == str(path)


@pytest.mark.parametrize(
    ("data", "problem", "line"),
    [
        (b"\n\nlock = \n", "no valid TOML", 3),
        (b'lock = "a"\nlock = "b"\n', "no valid TOML", 2),
        (b"a = 1\n\xff\n", "not UTF-8", 2),
        (b"x = " + b"[" * 100_000, "nested too deeply", 0),
        (b"#" * (1 << 20) + b"#", "cannot be read: 1048577 bytes", 0),
        (b"x = " + b"1" * 5000, "no valid TOML", 0),
    ],
)
def test_a_file_that_is_no_toml_is_refused_with_its_line(tmp_path: Path, data: bytes, problem: str, line: int) -> None:
    write(tmp_path, "envguard.toml", data)
    with pytest.raises(RuleError) as error:
        config.find(str(tmp_path))
    assert error.value.problem.startswith(problem)
    assert error.value.line == line


def test_a_broken_pyproject_of_somebody_else_is_no_matter(tmp_path: Path) -> None:
    write(tmp_path, "envguard.toml", 'lock = "x"\n')
    write(tmp_path / "a", "pyproject.toml", "not = = toml")
    found = config.find(str(tmp_path / "a"))
    assert found is not None
    assert found.path == str(tmp_path / "envguard.toml")
    write(tmp_path / "a", "pyproject.toml", "[tool.envguard]\nnot = = toml")
    with pytest.raises(RuleError):
        config.find(str(tmp_path / "a"))


def test_other_mentions_of_the_name_are_no_settings(tmp_path: Path) -> None:
    path = write(tmp_path, "pyproject.toml", '[project]\ndependencies = ["envguard-lock"]\n[tool.other]\n')
    with pytest.raises(RuleError, match=r"no \[tool.envguard\] table"):
        config.load(str(path))
    with pytest.raises(RuleError, match="no such file"):
        config.load(str(tmp_path / "gone.toml"))
    for text in ("tool = 1 # envguard", "[tool]\nenvguard = 1\n"):
        write(tmp_path, "pyproject.toml", text)
        with pytest.raises(RuleError):
            config.load(str(path))


def test_a_folder_of_that_name_is_no_file(tmp_path: Path) -> None:
    write(tmp_path, "envguard.toml", 'lock = "x"\n')
    (tmp_path / "a" / "envguard.toml").mkdir(parents=True)
    found = config.find(str(tmp_path / "a"))
    assert found is not None
    assert found.path == str(tmp_path / "envguard.toml")


def test_windows_line_ends_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    path = write(tmp_path, "envguard.toml", b'\xef\xbb\xbflock = "x"\r\n[[rules]]\r\nid = "a"\r\n')
    assert config.load(str(path)).lock == str(tmp_path / "x")
    with pytest.raises(RuleError) as error:
        config.rules(config.load(str(path)))
    assert error.value.line == 2
