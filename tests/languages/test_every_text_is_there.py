"""Whatever English is said to people has its Chinese. What is missing is named, and where to add it."""

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

from envguard import languages
from envguard.change.planning import loading, used_api
from envguard.facts import wheel
from envguard.languages import telling, zh_lines, zh_lines_change, zh_lines_native
from envguard.model import GRAVITY
from envguard.rules import catalog, together
from envguard.rules.builtin import ROWS

SOURCE = Path(languages.__file__).parent.parent


def _catalogue() -> languages.Catalogue:
    texts = languages.catalogue("zh")
    assert texts is not None
    return texts


ZH = _catalogue()
HAN = re.compile("[\u4e00-\u9fff]")
FOLDER = "src/envguard/languages"


def missing(wanted: object, there: object, file: str) -> str:
    """A message for whoever added a text."""
    lacking = sorted(set(wanted) - set(there))  # type: ignore[call-overload]
    return f"no Chinese for {lacking}: add it to {FOLDER}/{file}" if lacking else ""


def test_every_code() -> None:
    assert not missing(catalog.CODES, ZH.codes, "zh_codes_*.py, the file of its hundred")


def test_every_built_in_row() -> None:
    assert not missing((row.id for row in (*ROWS, *together.ROWS)), ZH.rows, "zh_rows.py")


def test_a_row_gives_advice_in_both_languages_or_in_none() -> None:
    wrong = [row.id for row in (*ROWS, *together.ROWS) if bool(row.instead) != bool(ZH.rows[row.id][1])]
    assert wrong == []


def test_every_kind_part_trait_and_verdict() -> None:
    assert not missing(catalog.KINDS, ZH.kinds, "zh_words.py")
    assert not missing(catalog.PARTS, ZH.parts, "zh_words.py")
    assert not missing({*catalog.TRAITS, *wheel.TRAITS}, ZH.traits, "zh_words.py")
    assert not missing(GRAVITY, ZH.verdicts, "zh_words.py")


TREES = {file: ast.parse(file.read_text(encoding="utf-8")) for file in SOURCE.rglob("*.py")}


def said() -> tuple[set[str], set[str]]:
    """The templates and the nouns that the source says, and the constants that stand for such."""
    templates: set[str] = set()
    nouns: set[str] = set()
    for tree in TREES.values():
        constants = {
            target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or not node.args:
                continue
            place, into = {"say": (0, templates), "plural": (1, nouns), "_fitting": (2, nouns)}.get(
                node.func.id, (0, None)
            )
            if into is None or len(node.args) <= place:
                continue
            argument = node.args[place]
            if isinstance(argument, ast.Name):
                argument = ast.Constant(constants.get(argument.id))
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                into.add(argument.value)
    return templates, nouns


TEMPLATES, NOUNS = said()


def test_every_phrase_and_noun() -> None:
    assert len(TEMPLATES) > 90, "the search for phrases finds nothing any more"
    assert not missing(TEMPLATES, ZH.phrases, "zh_phrases.py, PHRASES")
    assert not missing(NOUNS, ZH.nouns, "zh_phrases.py, NOUNS")


def test_a_phrase_has_the_same_fields() -> None:
    def named(text: str) -> list[str]:
        return sorted(name for _text, name, _form, _change in Formatter().parse(text) if name is not None)

    assert [english for english, chinese in ZH.phrases.items() if named(english) != named(chinese)] == []


def test_a_line_has_the_same_fields() -> None:
    for english, chinese in (*ZH.lines, *ZH.values):
        numbers = sorted(map(int, re.findall(r"\{(\d+)\}", chinese)))
        assert numbers == list(range(english.count("{}"))), english
        assert "{}" not in chinese


def test_placeholders_of_advice_are_known() -> None:
    for reason, instead in ZH.rows.values():
        assert "{" not in reason
        assert set(re.findall(r"\{\w*\}", instead)) <= {"{package}", "{locked}", "{installed}"}


COMPOSED = (
    "no version in",
    "an unknown installer put",
    "and it is not what its source compiles to",
    "and it or its source is gone",
    "this record of conda ",
    "the compiled module that lies there is ",
    "should export ",
    "but their suffix is for",
    "unknown (no NVIDIA driver here",
)
"""Where the source puts such a part together from two."""


def test_no_line_stands_in_vain() -> None:
    """Each fixed part of an English line is said somewhere: a line that was reworded loses its Chinese loudly."""
    folders = ("change", "checks", "diffing", "environment", "facts", "formats", "repository", "rules")
    spoken = [
        node.value
        for file, tree in TREES.items()
        if file.relative_to(SOURCE).parts[0] in folders
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    whole = "\n".join(spoken)
    known_name = re.compile(r"\b(?:METADATA|RECORD|envguard-lock|onnxruntime)\b")
    lost = []
    for english, _chinese in (*zh_lines.LINES, *zh_lines_native.LINES, *zh_lines_change.LINES):
        for part in re.split(r"\{\}|: |; |, ", english):
            pieces = [piece.strip(" ()") for piece in known_name.split(part)]
            lost += [
                (english, piece)
                for piece in pieces
                if len(piece) > 8 and piece not in whole and not piece.startswith(COMPOSED)
            ]
    assert lost == [], f"reword them in {FOLDER}/zh_lines*.py too"


def every_text() -> list[str]:
    texts = [*ZH.phrases.values(), *ZH.nouns.values(), *ZH.parts.values(), *ZH.traits.values(), *ZH.verdicts.values()]
    texts += [text for entry in ZH.codes.values() for text in (getattr(entry, field) for field in entry._fields)]
    texts += [text for pair in (*ZH.rows.values(), *ZH.kinds.values()) for text in pair]
    return [*texts, *(chinese for _english, chinese in (*ZH.lines, *ZH.values))]


@pytest.mark.parametrize("encoding", ["gb2312", "gbk", "gb18030", "utf-8"])
def test_terminals_in_china_can_show_every_text(encoding: str) -> None:
    for text in every_text():
        text.encode(encoding)


def test_what_is_said_on_pages_needs_no_escaping() -> None:
    assert [text for text in (*ZH.phrases.values(), *ZH.verdicts.values()) if re.search(r"[<>&\"]", text)] == []


def test_a_space_stands_between_chinese_and_latin_letters_and_digits() -> None:
    """One way of writing throughout: a space there, none beside full-width punctuation, no half-width comma."""
    tight = re.compile("[\u4e00-\u9fff][A-Za-z0-9`]|[A-Za-z0-9`][\u4e00-\u9fff]")
    loose = re.compile("[\uff0c\u3002\uff1b\uff1a\uff08\uff09\u3001] | [\uff0c\u3002\uff1b\uff1a\uff08\uff09\u3001]")
    half = re.compile("[\u4e00-\u9fff][,;:?!]")
    allowed = {"**\u68c0\u67e5\u4e0d\u5b8c\u6574\uff1a** {checks}\u672a\u80fd\u8fd0\u884c\u3002"}
    wrong = [text for text in every_text() for rule in (tight, loose, half) if rule.search(text)]
    assert [text for text in wrong if text not in allowed] == []


def test_texts_of_codes_are_chinese() -> None:
    for entry in ZH.codes.values():
        for field in ("summary", "finds", "matters", "action", "limits"):
            assert HAN.search(getattr(entry, field)), (entry, field)
            assert getattr(entry, field).endswith("\u3002")


def test_what_is_said_of_the_future_is_what_the_source_says() -> None:
    assert zh_lines_change.TENSES == loading._TENSES
    assert len(zh_lines_change.LATER) > 8
    for english, chinese in zh_lines_change.LATER:
        assert "would be" in english, english
        assert re.search("[\u5c06\u5c4a]", chinese), (english, chinese)
        assert "\u5df2\u5b89\u88c5" not in chinese


def test_what_griffe_says_of_a_parameter() -> None:
    griffe = pytest.importorskip("griffe")
    said = {kind.value.lower() for kind in griffe.BreakageKind if kind.name in used_api._PARAMETERS}
    assert said == set(zh_lines_change.SYMBOLS)


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("conda install python=3.9 replaces the Python of the base environment",
         "conda install python=3.9 \u4f1a\u66ff\u6362 base \u73af\u5883\u7684 Python"),
        ("torch upgraded from 2.5.0 to 2.6.0", "torch \u5347\u7ea7\uff1a\u4ece 2.5.0 \u5230 2.6.0"),
        ("the rules of HEAD say forbidden (rule six-stays)",
         "HEAD \u7684\u89c4\u5219\u5224\u4e3a\u7981\u6b62\uff08\u89c4\u5219 six-stays\uff09"),
        ("numpy.asarray changed: parameter was removed (dtype); used in a.py:3",
         "numpy.asarray\uff1a\u53c2\u6570\u88ab\u5220\u9664\uff08dtype\uff09\uff1b\u7528\u4e8e a.py:3"),
        ("there would be instead: libcudart.so.13", "\u5c4a\u65f6\u5374\u662f\uff1alibcudart.so.13"),
        ("torchvision 0.20.0 requires torch==2.5.0, and 2.6.0 is there",
         "torchvision 0.20.0 \u8981\u6c42 torch==2.5.0\uff0c\u800c\u90a3\u91cc\u662f 2.6.0"),
        ("/usr/local of python:3.12 is copied over /usr",
         "python:3.12 \u7684 /usr/local \u4f1a\u88ab\u590d\u5236\u8986\u76d6\u5230 /usr"),
        ("the index withdrew it: it deletes your files", "the index withdrew it: it deletes your files"),
    ],
)  # fmt: skip
def test_lines_of_proposals(english: str, chinese: str) -> None:
    assert telling.line(english, ZH) == chinese


@pytest.mark.parametrize(
    ("english", "chinese"),
    [("no CUDA library", "\u6ca1\u6709 CUDA \u5e93"), ("1 CUDA library", "1 \u4e2a CUDA \u5e93"),
     ("12 CUDA libraries", "12 \u4e2a CUDA \u5e93"), ("12 angry men", "12 angry men"), ("2.5.0", "2.5.0"), ("", "")],
)  # fmt: skip
def test_words_in_the_place_of_a_version(english: str, chinese: str) -> None:
    with languages.speaking("zh"):
        assert languages.term(english) == chinese
    assert languages.term(english) == english
