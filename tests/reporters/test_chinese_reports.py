"""Which language is spoken, and that a report in it is the same report."""

import json
import re
import threading
import time
from pathlib import Path

import pytest
from telling import finding, report, several

from envguard import languages, reporters
from envguard.errors import UsageError
from envguard.languages import telling
from envguard.model import Change, Report
from envguard.rules.builtin import ROWS
from envguard.rules.fill import fill

HAN = re.compile("[\u4e00-\u9fff]")


def _catalogue() -> languages.Catalogue:
    texts = languages.catalogue("zh")
    assert texts is not None
    return texts


ZH = _catalogue()
LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG", "ENVGUARD_LANG")


@pytest.fixture
def locale(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in LOCALE:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.GBK"}, "zh"),
        ({"LANG": "zh-Hans"}, "zh"),
        ({"LANG": "zh"}, "zh"),
        ({"LANG": "zh_TW.UTF-8"}, "zh"),
        ({"LANG": "ZH_cn"}, "zh"),
        ({"LANG": "zha_CN.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "C"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_CN.UTF-8"}, "zh"),
        ({"LC_MESSAGES": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LC_ALL": "", "LANG": "zh_CN"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "ENVGUARD_LANG": "en"}, "en"),
        ({"LANG": "en_US.UTF-8", "ENVGUARD_LANG": "zh"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "ENVGUARD_LANG": "auto"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "ENVGUARD_LANG": ""}, "zh"),
    ],
)
def test_variable_then_locale(locale: pytest.MonkeyPatch, given: dict[str, str], wanted: str) -> None:
    for name, value in given.items():
        locale.setenv(name, value)
    assert languages.chosen() == wanted
    assert languages.chosen("en") == "en"
    assert languages.chosen("zh") == "zh"


@pytest.mark.parametrize("value", ["klingon", "zh_CN", "EN", "\x1b[2J", "x" * 1000])
def test_an_unknown_language_is_refused_but_hides_no_error(locale: pytest.MonkeyPatch, value: str) -> None:
    locale.setenv("ENVGUARD_LANG", value)
    with pytest.raises(UsageError, match=r"ENVGUARD_LANG: no language .* \(one of auto, en, zh\)") as caught:
        languages.chosen()
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 200
    assert languages.of_process() == "en"


@pytest.mark.parametrize(
    ("encoding", "wanted"),
    [("utf-8", "zh"), ("gbk", "zh"), ("gb2312", "zh"), ("gb18030", "zh"), ("utf-16", "zh"), ("ascii", "en"),
     ("latin-1", "en"), ("cp1252", "en"), ("big5", "en"), ("no-such-encoding", "en")],
)  # fmt: skip
def test_a_terminal_that_lacks_the_letters_gets_english(encoding: str, wanted: str) -> None:
    assert languages.showable("zh", encoding) == wanted
    for name in ("full", "concise", "markdown", "github"):
        shown = reporters.render(several(), name, language="zh", encoding=encoding)
        assert bool(HAN.search(shown)) == (wanted == "zh")
        if wanted == "en":
            assert shown == reporters.render(several(), name, encoding=encoding)
        elif encoding != "utf-16":
            shown.encode(encoding)


@pytest.mark.parametrize("name", reporters.names())
def test_every_format_is_the_same_report(name: str) -> None:
    english, chinese = (reporters.render(several(40), name, language=language) for language in languages.NAMES)
    codes = re.compile(r"EG\d{3}")
    assert sorted(codes.findall(english)) == sorted(codes.findall(chinese))
    if name.startswith("json"):
        assert english == chinese
        return
    assert english != chinese
    if name not in ("html", "junit", "sarif", "gitlab"):
        assert HAN.search(chinese)
    else:
        assert chinese.isascii()
        assert len(re.findall(r"&#2\d{4};|\\u[4-9][0-9a-f]{3}", chinese)) > 100


@pytest.mark.parametrize("name", reporters.names())
def test_no_phrase_is_left_in_english(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those that are said by way of a variable, which a look at the source does not see."""
    asked: list[str] = []

    class Strict(dict[str, str]):
        def get(self, key: str, _default: object = None) -> str:
            if key not in self:
                asked.append(key)
            return super().get(key, key)

    told = ZH.replace(phrases=Strict(ZH.phrases), nouns=Strict(ZH.nouns))
    from envguard.languages import zh

    monkeypatch.setattr(zh, "CATALOGUE", told)
    for given in (
        several(),
        several(40, bypass="INC-7"),
        report(),
        report(lock="", files=3),
        several(lock="", notes=()),
    ):
        reporters.render(given, name, language="zh")
    assert asked == []


def test_what_is_compared_by_machines_is_the_same_in_every_language() -> None:
    def both(name: str) -> list[str]:
        return [reporters.render(several(bypass="INC-7"), name, language=language) for language in languages.NAMES]

    sarif = [json.loads(text)["runs"][0] for text in both("sarif")]
    for key in ("ruleId", "level", "partialFingerprints", "locations"):
        assert len({json.dumps([row[key] for row in run["results"]]) for run in sarif}) == 1
    assert (
        len({json.dumps([(row["id"], row.get("name")) for row in run["tool"]["driver"]["rules"]]) for run in sarif})
        == 1
    )
    gitlab = [json.loads(text) for text in both("gitlab")]
    for key in ("fingerprint", "severity", "check_name", "location"):
        assert len({json.dumps([row[key] for row in rows]) for rows in gitlab}) == 1
    names = re.compile(r'<testcase classname="[^"]*" name="[^"]*"')
    assert len({"\n".join(names.findall(text)) for text in both("junit")}) == 1


def test_each_built_in_reason_is_told_in_chinese_with_its_advice_filled() -> None:
    for row in ROWS:
        own = finding(rule=row.id, verdict=row.verdict, reason=row.reason)
        own = own.replace(instead=fill(row.instead, own.change))
        told = telling.finding(own, "zh")
        assert HAN.search(told.reason), row.id
        assert "{" not in told.instead
        assert bool(told.instead) == bool(row.instead)
        assert told.instead == own.instead or HAN.search(told.instead), row.id


def test_other_advice_than_the_row_gives_is_not_replaced_by_it() -> None:
    own = finding(rule="removed", reason=_reason("removed"))
    for english, chinese in (
        ("keep numpy, or remove what requires it too", "保留 numpy，或把要求它的包也一并卸载"),
        ("ask Ada", "ask Ada"),
        ("", ""),
    ):
        assert telling.finding(own.replace(instead=english), "zh").instead == chinese


def test_a_row_of_the_project_with_the_id_of_a_built_in_one_speaks_for_itself() -> None:
    own = finding(rule="removed", reason="we need it on Mondays", instead="ask Ada")
    assert telling.finding(own, "zh").reason == "we need it on Mondays"
    assert telling.finding(own, "zh").instead == "ask Ada"
    given = own.replace(zh="周一要用", zh_instead="找 Ada")
    told = telling.finding(given, "zh")
    assert (told.reason, told.instead) == ("周一要用", "找 Ada")
    assert telling.finding(given.replace(zh_instead=""), "zh").instead == "ask Ada"
    assert telling.finding(given, "en") == given
    assert "周一" not in reporters.render(report(given), "json")
    assert "\\u" not in reporters.render(report(given), "json")


def test_a_hostile_advice_is_not_filled_in_chinese_either() -> None:
    told = telling.finding(
        finding(
            rule="added-native",
            package="x; rm -rf ~",
            reason=_reason("added-native"),
            instead="pip uninstall <package>, or validate with it and freeze again",
        ),
        "zh",
    )
    assert HAN.search(told.instead)
    assert "rm -rf" not in told.instead
    assert "<package>" in told.instead


def _reason(name: str) -> str:
    return next(row.reason for row in ROWS if row.id == name)


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("found in /srv/{0}/x", "见于 /srv/{0}/x"),
        ("torch/lib/a.so of torch 2.5.0 needs b.so, c.so and 3 more", "torch 2.5.0 的 torch/lib/a.so 需要 b.so, c.so 等，另有 3 项"),
        ("python:3.11: the tag names a series, not one release", "python:3.11：这个标签指的是一个系列，而不是某个发布版"),
        ("/a/b: sha256 7d, 8 bytes expected, sha256 7e, 9 bytes found", "/a/b：应为 sha256 7d，8 字节，实际为 sha256 7e，9 字节"),
        # What no template fits, and what would be half a translation, stays as it is.
        ("nobody has said this before", "nobody has said this before"),
        ("/a: cannot be read: the moon is full tonight", "/a: cannot be read: the moon is full tonight"),
        ("the whole family of it is not installed", "the whole family of it is not installed"),
        ("found in ", "found in "),
        ("", ""),
    ],
)  # fmt: skip
def test_a_line_is_told_wholly_in_one_language(english: str, chinese: str) -> None:
    assert telling.line(english, ZH) == chinese


def test_hostile_lines_take_no_more_time_than_their_length() -> None:
    begin = time.perf_counter()
    for text in (" needs " * 300, ": " * 1000, "a of " * 400, "x" * 1_000_000, "{}" * 1000, "{0}{1}{9}" * 100):
        assert isinstance(telling.line(text, ZH), str)
    assert time.perf_counter() - begin < 5.0


def test_one_thread_speaks_without_the_others() -> None:
    heard: list[str] = []
    with languages.speaking("zh"):
        other = threading.Thread(target=lambda: heard.append(languages.say("not installed")))
        other.start()
        other.join()
        heard.append(languages.say("not installed"))
    heard.append(languages.say("not installed"))
    assert heard == ["not installed", "未安装", "not installed"]


def test_values_are_never_read_as_templates() -> None:
    with languages.speaking("zh"):
        assert languages.say("not run: {why}", why="{why} {0} {why.__class__}") == "未运行：{why} {0} {why.__class__}"


def test_an_unknown_kind_is_told_by_its_own_name() -> None:
    odd: Report = report(finding(kind="brand-new", package="", locked="", installed="", code="EG999"))
    shown = reporters.render(odd, "full", language="zh")
    assert "EG999 EG999  (brand-new)" in shown
    assert telling.report(odd, "zh").findings[0].change.kind == "brand-new"


def test_notes_skipped_checks_and_what_was_not_seen_are_told_too(tmp_path: Path) -> None:
    told = telling.report(
        report(
            notes=(Change(code="EG501", kind="noted", evidence=("x:1: a full version, but no digest",)),),
            skipped=("interpreter: the golden file does not say which Python it was made for",),
            blind=(
                "without a manifest: executable bits, byte code in __pycache__, pyvenv.cfg, and edits of RECORD itself",
            ),
        ),
        "zh",
    )
    assert told.notes[0].evidence == ("x:1：版本完整，但没有摘要",)
    assert told.skipped == ("interpreter: 锁文件没有说明是为哪个 Python 生成的",)
    assert told.blind[0].startswith("没有文件清单")
