"""The command line in Chinese: who chooses it, and terminals that can or cannot show it."""

import json
import re
import subprocess

import pytest
from box import Box

from support import SOURCE, scrubbed

HAN = re.compile("[\u4e00-\u9fff]")
CHINESE = "\u7981\u6b62"  # forbidden


def raw(eg: Box, *argv: str, **environ: str) -> "subprocess.CompletedProcess[bytes]":
    """Bytes, for encodings that are not this process's; no language is given but by the arguments."""
    env = {**scrubbed(PYTHONPATH=str(SOURCE)), **environ}
    del env["ENVGUARD_LANG"]
    env.update({name: value for name, value in environ.items() if name == "ENVGUARD_LANG"})
    command = [str(eg.python), "-m", "envguard", *argv]
    return subprocess.run(command, cwd=eg.folder, env=env, capture_output=True, check=False)


@pytest.mark.parametrize(
    ("argv", "environ", "chinese"),
    [
        ((), {"LANG": "C.UTF-8"}, False),
        ((), {"LANG": "zh_CN.UTF-8"}, True),
        ((), {"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, False),
        ((), {"LANG": "C.UTF-8", "ENVGUARD_LANG": "zh"}, True),
        (("--lang", "zh"), {"LANG": "C.UTF-8"}, True),
        (("--lang", "en"), {"LANG": "zh_CN.UTF-8", "ENVGUARD_LANG": "zh"}, False),
        (("--lang", "auto"), {"LANG": "zh_CN.UTF-8"}, True),
    ],
)
def test_option_variable_locale(drifted: Box, argv: tuple[str, ...], environ: dict[str, str], *, chinese: bool) -> None:
    done = raw(drifted, "check", *argv, PYTHONUTF8="1", **environ)
    assert done.returncode == 1
    assert (CHINESE in done.stdout.decode()) == chinese


@pytest.mark.parametrize("argv", [("--lang", "klingon"), ()])
@pytest.mark.parametrize("command", ["check", "rule", "exec"])
def test_an_unknown_language_is_refused(eg: Box, command: str, argv: tuple[str, ...]) -> None:
    done = eg(command, *argv, **({} if argv else {"ENVGUARD_LANG": "klingon"}))
    assert done.returncode == 2
    assert done.stdout == ""
    assert "klingon" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(("encoding", "form"), [("gbk", "full"), ("gbk", "github"), ("gb18030", "concise")])
def test_a_chinese_terminal_of_any_encoding(drifted: Box, encoding: str, form: str) -> None:
    for command in ("check", "doctor") if form == "full" else ("check",):
        done = raw(drifted, command, "--output-format", form, LANG="zh_CN.GBK", PYTHONIOENCODING=encoding)
        assert done.stderr == b""
        shown = done.stdout.decode(encoding)
        assert HAN.search(shown)
        assert "\\u" not in shown
        assert "\\x" not in shown


@pytest.mark.parametrize("lang", ["zh_CN.GBK", "zh_CN.gb18030"])
def test_the_encoding_of_a_locale_that_is_not_installed_is_kept(drifted: Box, lang: str) -> None:
    """There Python itself would write UTF-8, to a terminal that shows something else."""
    shown = raw(drifted, "check", LANG=lang).stdout.decode("gb18030")
    assert CHINESE in shown
    assert "\\u" not in shown
    assert CHINESE in raw(drifted, "check", LANG=lang, PYTHONUTF8="1").stdout.decode("utf-8")
    assert CHINESE in raw(drifted, "check", LANG="zh_CN.no-such").stdout.decode("utf-8")


@pytest.mark.parametrize("encoding", ["ascii", "big5"])
def test_a_terminal_without_the_letters_is_told_in_english(drifted: Box, encoding: str) -> None:
    chinese = raw(drifted, "check", "--lang", "zh", LANG="zh_CN.UTF-8", PYTHONIOENCODING=encoding)
    english = raw(drifted, "check", "--lang", "en", LANG="zh_CN.UTF-8", PYTHONIOENCODING=encoding)
    assert chinese.stdout == english.stdout
    assert b"forbidden" in chinese.stdout
    assert b"\\u" not in chinese.stdout
    chinese = raw(drifted, "rule", "EG102", "--lang", "zh", PYTHONIOENCODING=encoding)
    assert b"Another version" in chinese.stdout


def test_a_file_is_written_in_chinese_whatever_the_terminal(drifted: Box) -> None:
    for form in ("full", "html"):
        done = raw(
            drifted, "check", "--lang", "zh", "--output-format", form, "-o", "out", LANG="C", PYTHONIOENCODING="ascii"
        )
        assert done.returncode == 1
        text = (drifted.folder / "out").read_text(encoding="utf-8")
        assert (CHINESE in text) if form != "html" else ("&#31105;&#27490;" in text)


def test_programs_are_told_in_english(drifted: Box) -> None:
    for command, form in (
        (("check",), "json"),
        (("check",), "json-lines"),
        (("rule", "EG102"), "json"),
        (("explain", "six"), "json"),
    ):
        answers = {drifted(*command, "--output-format", form, "--lang", lang).stdout for lang in ("en", "zh")}
        assert len(answers) == 1
        assert answers.pop().isascii()
    assert "zh" not in json.loads(drifted("rule", "removed", "--output-format", "json").stdout)


def test_exit_codes_are_the_same(drifted: Box) -> None:
    for argv in (("check", "--fail-on", "forbidden"), ("check", "nothing.lock")):
        assert len({drifted(*argv, ENVGUARD_LANG=lang).returncode for lang in ("en", "zh")}) == 1


def test_rule_explains_in_chinese(eg: Box) -> None:
    shown = eg("rule", "EG102", "--lang", "zh").stdout
    assert shown.splitlines()[0] == "EG102 version-drift \u7248\u672c\u6f02\u79fb"
    assert "PEP 440" in shown
    assert "matters" not in shown
    row = eg("rule", "removed", "--lang", "zh").stdout
    assert CHINESE in row
    assert "pip install --no-deps {package}=={locked}" in row
    listed = eg("rule", "--lang", "zh").stdout.splitlines()
    assert all(HAN.search(line) for line in listed)
    every = eg("rule", "--all", "--lang", "zh", COLUMNS="80").stdout
    from envguard.reporters._columns import cells

    assert max(map(cells, every.splitlines())) <= 82


def test_explain_and_diff_speak_chinese(drifted: Box) -> None:
    shown = drifted("explain", "six", "--lang", "zh").stdout
    assert "\u5047\u5982\u53d1\u751f\u4ee5\u4e0b\u53d8\u5316" in shown
    assert "if it were" not in shown
    (drifted.folder / "other.txt").write_text("six==1.17.0\n")
    shown = drifted("diff", "envguard.lock", "other.txt", "--lang", "zh").stdout
    assert CHINESE in shown
    assert "\u7f3a\u5931" in shown


def test_exec_refuses_in_chinese(drifted: Box) -> None:
    done = drifted("exec", "--lang", "zh", "--", "/bin/true")
    assert done.returncode == 1
    assert CHINESE in done.stderr
    assert done.stderr.rstrip().endswith("\u7a0b\u5e8f\u6ca1\u6709\u542f\u52a8")


def test_freeze_refuses_and_tells_in_chinese(eg: Box) -> None:
    done = eg("freeze", "--lang", "zh")
    assert done.returncode == 0
    assert "\u5df2\u51bb\u7ed3" in done.stderr
    eg.drift()
    done = eg("freeze", "--from", "envguard.lock", "-o", "new.lock", "--lang", "zh")
    assert done.returncode == 1
    assert CHINESE in done.stderr


def test_files_speaks_chinese(eg: Box) -> None:
    (eg.folder / "Dockerfile").write_text("FROM python\nRUN pip install torch\n")
    shown = eg("files", "--lang", "zh").stdout
    assert "\u6ca1\u6709\u6807\u7b7e\uff0c\u4e5f\u5c31\u662f latest" in shown
    assert "no tag" not in shown


def test_a_service_is_refused_in_the_language_of_its_locale(drifted: Box) -> None:
    code = "import envguard; envguard.assert_pinned()"
    for lang, encoding, wanted in (
        ("zh", "utf-8", True),
        ("zh", "gbk", True),
        ("zh", "ascii", False),
        ("en", "utf-8", False),
    ):
        environ = scrubbed(PYTHONPATH=str(SOURCE), ENVGUARD_LANG=lang, PYTHONIOENCODING=encoding)
        done = subprocess.run(
            [drifted.python, "-c", code], cwd=drifted.folder, env=environ, capture_output=True, check=False
        )
        assert done.returncode == 1
        shown = done.stderr.decode(encoding)
        assert "DriftError" in shown
        assert (CHINESE in shown) == wanted, shown
        assert "\\u" not in shown


def test_a_slip_in_the_variable_hides_no_refusal(drifted: Box) -> None:
    code = "import envguard; envguard.assert_pinned()"
    environ = scrubbed(PYTHONPATH=str(SOURCE), ENVGUARD_LANG="klingon")
    done = subprocess.run(
        [drifted.python, "-c", code], cwd=drifted.folder, env=environ, capture_output=True, text=True, check=False
    )
    assert "DriftError" in done.stderr
    assert "forbidden" in done.stderr


def test_a_row_of_the_project_travels_in_the_lock_in_both_languages(eg: Box) -> None:
    (eg.folder / "envguard.toml").write_text(
        '[[rules]]\nid = "own"\npackage = "six"\nverdict = "forbidden"\nreason = "six is part of the ABI"\n'
        'instead = "ask Ada"\nzh = "six \u5c5e\u4e8e ABI \u7684\u4e00\u90e8\u5206"\nzh-instead = "\u627e Ada"\n',
        encoding="utf-8",
    )
    # Frozen where the extra is, judged where it is not.
    import sys

    from support import run

    frozen = run(
        sys.executable, "-m", "envguard", "freeze", "--python", eg.python, cwd=eg.folder, PYTHONPATH=str(SOURCE)
    )
    assert frozen.returncode == 0, frozen.stderr
    assert (eg.folder / "envguard.lock").read_bytes().isascii()
    eg.drift()
    chinese, english = (eg("check", "--lang", lang).stdout for lang in ("zh", "en"))
    assert "six \u5c5e\u4e8e ABI \u7684\u4e00\u90e8\u5206" in chinese
    assert "\u627e Ada" in chinese
    assert "part of the ABI" not in chinese
    assert "six is part of the ABI" in english
    assert not HAN.search(english)
