"""A planned change in Chinese: no line is half English, columns stand, and English is what it was."""

import re

import pytest
from rich.cells import cell_len

from envguard import languages, reporters
from envguard.languages import zh
from envguard.model import Change, Finding, Report
from envguard.proposal import Move, Proposal
from envguard.rules import together
from envguard.rules._builtin_plan import KEEP
from envguard.rules.builtin import ROWS
from envguard.rules.fill import fill
from support import LINUX

RULES = {row.id: row for row in (*ROWS, *together.ROWS)}
HAN = re.compile("[\u4e00-\u9fff]")
ENGLISH = re.compile(r"(?<![\w./=-])[a-z]{2,} [a-z]{2,}(?![\w./=-])")
"""Two words side by side, outside of paths and options."""
COMMANDS = re.compile(r"python -m pip install\b.*|envguard (?:try|check)\b[^\n\u3000-\uffef]*|pip uninstall\b[ \w-]*")


def found(package: str, rule: str, kind: str, code: str = "EG201", **change: object) -> Finding:
    row = RULES[rule]
    change = {"path": "/srv/envguard.lock", "line": 7, **change}
    stated = Change(code=code, kind=kind, package=package, **change)  # type: ignore[arg-type]
    advice = fill(KEEP.get(rule, row.instead), stated)
    return Finding(change=stated, verdict=row.verdict, rule=rule, reason=row.reason, instead=advice)


NUMPY = found(
    "numpy",
    "upgraded-native",
    "upgraded",
    locked="1.26.4",
    installed="2.4.0",
    evidence=(
        "asked for by app > pandas, which requires numpy>=2",
        "1.26.3 is installed now, which is not the locked version",
        "traits: native, numpy-1 > none",
    ),
)
PANDAS = found(
    "pandas", "added-native", "added", "EG202", installed="2.3.0", evidence=("not named in the request", "traits: cuda")
)
SIX = found("six", "restored", "restored", "EG205", locked="1.17.0")
SOME = (
    NUMPY,
    PANDAS,
    SIX,
    found("attrs", "removed", "removed", "EG203", locked="24.1.0"),
    found(
        "scipy",
        "held",
        "held",
        "EG206",
        locked="1.11.0",
        installed="scipy>=1.12",
        evidence=("app 2.0 requires scipy>=1.12", "the golden file pins scipy==1.11.0",
                  "without the pins it would become 1.14.0"),
    ),
)  # fmt: skip
OTHERS = (
    found("onnxruntime-gpu", "overwrites", "overwrites", "EG220", locked="onnxruntime 1.19.0",
          installed="onnxruntime-gpu 1.19.0", evidence=(
              "312 files of onnxruntime 1.19.0 would be overwritten: 57 with other bytes, 255 with the same",
              "onnxruntime/capi/_pybind_state.py has other bytes", "and 54 more",
              "removing onnxruntime-gpu or onnxruntime later removes the files of both")),
    found("torchvision", "unmet-after-family", "unmet-after", "EG223", part="family", locked="torch==2.5.0",
          evidence=("torchvision 0.20.0 has Requires-Dist: torch==2.5.0", "it would not be installed")),
    found("torch", "brings-first-cuda", "brings-cuda", "EG226", locked="no CUDA library",
          installed="12 CUDA libraries", evidence=("torch 2.6.0 requires nvidia-cublas-cu12==12.4.5.8",)),
    found("sdist2", "unopened", "unopened", "EG208", installed="sdist2 1.0", evidence=(
        "a source archive: what will be built from it is not known before it is built",)),
    found("lib2", "unopened-conda", "unopened", "EG208", installed="lib2 1.3", evidence=(
        "no archive of it was found, and the network was not asked (give the folder that it lies in with --find-links)",
        "not the archive that the channel means: x.conda in /y: its SHA256 is not the one that the channel gives",
        "Python 3.12 would come in the place of 3.11: what it would find is not known before",
        "/z/lib2-1.3-h1_0.conda: it is compressed with zstandard, which envguard-lock[conda] reads")),
    found("lib2", "overwrites", "overwrites", "EG220", locked="lib2 1.2 (conda)", installed="lib2 1.3", evidence=(
        "conda's record of it would stay, and speak of files that are not there any more",)),
    found("old2", "withdrawn", "withdrawn", "EG225", installed="old2 1.0", evidence=("the index withdrew it: bad",)),
    found("torch", "torch-together", "apart", "EG212", installed="2.5.0", evidence=(
        "torchvision upgraded from 0.20.0 to 0.21.0", "torchvision 0.21.0 requires torch==2.6.0, and 2.5.0 is there")),
    found("ext", "breaks", "breaks", "EG221", evidence=("libtorch.so would be installed, another generation",)),
    found("ext", "may-mismatch", "may-mismatch", "EG227"),
    found("app", "used-symbols", "used-symbols", "EG229", locked="1.0", installed="2.0", evidence=(
        "used symbols that changed: 2 of 9", "app.load was removed; used in a.py:3, b.py:9 and 4 more",
        "app.dump changed: parameter was removed (indent); used in a.py:4")),
)  # fmt: skip
MANY = tuple(
    found(f"package-{index}", "upgraded-native", "upgraded", locked=f"1.{index}", installed="2.0",
          evidence=("not named in the request",))
    for index in range(8)
) + tuple(
    found(f"other-{index}", "upgraded-pure", "upgraded", locked="1.0", installed="2.0") for index in range(14)
)  # fmt: skip


def planned(*findings: Finding, **fields: object) -> Report:
    moves = tuple(
        Move(
            name=each.change.package,
            kind="upgraded",
            before="1.0",
            after=each.change.installed,
            size=2_000_000 if index else None,
            unpacked=7_000_000,
            chain=("app", each.change.package) if index % 2 else (),
            asks=f"{each.change.package}>=2" if index % 2 else "",
        )
        for index, each in enumerate(findings)
    )
    proposal = Proposal(
        request="-U pandas",
        installer="pip 26.3",
        command="python -m pip install pandas==2.3.0" if findings else "",
        trial="envguard try -U pandas",
        moves=moves,
        unseen=2,
    )
    given: dict[str, object] = {
        "lock": "/srv/envguard.lock",
        "format": "envguard.lock",
        "lock_sha256": "ab" * 32,
        "seal": "cd" * 32,
        "prefix": "/srv/venv",
        "interpreter": LINUX,
        "depth": "native",
        "packages": 90,
        "installed": 90,
        "checks": ("installer",),
        "findings": findings,
        "proposal": proposal,
        "notes": (
            Change(code="EG209", kind="noted", evidence=(
                "the environment is not the golden one now: 3 differences, which envguard check shows",)),
            Change(code="EG207", kind="noted", package="pytz", evidence=(
                "pandas, app required it, and nothing that stays does; no installer removes it",)),
        ),
        "blind": (
            "left alone: mine: it comes from directory file:///srv/mine, and not from an index",
            "used symbols of numpy: behaviour behind an unchanged signature is not seen",
            "something that nobody sees",
        ),
        **fields,
    }  # fmt: skip
    return Report(**given)  # type: ignore[arg-type]


REPORTS = {
    "none": planned(),
    "one": planned(NUMPY),
    "some": planned(*SOME),
    "others": planned(*OTHERS[:5]),
    "more": planned(*OTHERS[5:]),
    "many": planned(*MANY),
    "all": planned(*SOME, *OTHERS, *MANY),
}
WIDTH = 100


def chinese(report: Report, name: str = "full", width: int = WIDTH) -> str:
    return reporters.render(report, name, width=width, language="zh")


@pytest.mark.parametrize("given", sorted(REPORTS))
def test_no_english_sentence_is_left_on_the_screen(given: str) -> None:
    told = chinese(REPORTS[given])
    assert HAN.search(told)
    left = [line for line in told.splitlines() if ENGLISH.search(COMMANDS.sub("", line))]
    assert left == []
    half = re.findall(r"\b(?:forbidden|cautious|unverified|safe|because|instead|seen|packages?|moves?)(?!-)\b", told)
    assert half == []


def test_the_search_for_english_finds_it() -> None:
    for line in ("  because   it is what the golden file says", "3 packages move", "numpy 1.26.4 \u5df2 would be"):
        assert ENGLISH.search(COMMANDS.sub("", line)), line


@pytest.mark.parametrize("name", ["concise", "markdown", "github"])
@pytest.mark.parametrize("given", sorted(REPORTS))
def test_nor_in_other_formats(given: str, name: str) -> None:
    told = chinese(REPORTS[given].replace(blind=REPORTS[given].blind[:2]), name)
    plain = re.sub(r"&#(\d+);", lambda code: chr(int(code[1])), re.sub(r"</?[a-z]+>", "", told))
    assert [line for line in plain.splitlines() if ENGLISH.search(COMMANDS.sub("", line))] == []


@pytest.mark.parametrize("name", reporters.names())
def test_every_phrase_and_noun_is_there(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Strict(dict[str, str]):
        def get(self, key: str, _default: object = None) -> str:
            if key not in self:
                asked.append(key)
            return super().get(key, key)

    texts = zh.CATALOGUE
    monkeypatch.setattr(zh, "CATALOGUE", texts.replace(phrases=Strict(texts.phrases), nouns=Strict(texts.nouns)))
    for report in REPORTS.values():
        chinese(report, name)
    assert asked == []


@pytest.mark.parametrize("width", [60, 80, 100, 120])
@pytest.mark.parametrize("given", sorted(REPORTS))
def test_columns_stand_and_prose_fits(given: str, width: int) -> None:
    """Widths as rich counts them. Commands and what was read are never wrapped; a row has one line."""
    report = REPORTS[given]
    lines = chinese(report, width=width).splitlines()
    for line in lines:
        if re.search(r"  EG\d{3}  ", line):
            assert cell_len(line) == width or re.search(r"\S  \S+ MB  EG|\S  EG", line), line
        label = re.match(r"  (\u539f\u56e0|\u5408\u8ba1) +", line)
        if label:
            assert cell_len(label[0]) == 12
            assert cell_len(line) <= width
    margins = [re.match(r"  [\u4e00-\u9fff]+ +(?=\S)", line) for line in lines]
    assert {cell_len(each[0]) for each in margins if each} <= {12, 10}


def test_packages_of_one_reason_stand_in_columns() -> None:
    lines = chinese(REPORTS["many"]).splitlines()
    rows = [line for line in lines if line.startswith("  package-")]
    assert len(rows) == 8
    assert {line.index("\u2192") for line in rows} == {len("  package-0  1.0 ")}
    assert "\u7531 app \u5e26\u6765\uff08package-1>=2\uff09" in rows[1]
    long = [line for line in lines if line.startswith("  other-")]
    assert all(cell_len(line) <= WIDTH for line in long)
    flat = "".join(line.strip() for line in long)
    assert all(f"other-{index} " in flat for index in range(14))
    advice = next(line for line in lines if line.startswith("  \u5efa\u8bae"))
    assert advice.split()[1].startswith("\u4fdd\u7559\u5404\u4e2a\u5305\uff1b")


def test_what_concerns_the_change_is_told_beside_a_count_of_the_rest() -> None:
    told = chinese(REPORTS["none"])
    assert "\u4e0d\u6539\u52a8\uff1amine\uff1a" in told
    assert "\u7528\u5230\u7684\u7b26\u53f7\uff08numpy\uff09\uff1a" in told
    assert "nobody sees" not in told
    assert "1 \u9879\uff0c\u8fd0\u884c envguard check" in told
    # A line that has no Chinese is told in English, and is not counted among the rest.
    odd = "left alone: mine: the moon is full tonight"
    report = planned(blind=(odd,))
    assert report.proposal is not None
    told = chinese(report.replace(proposal=report.proposal.replace(unseen=1)))
    assert odd in told
    assert "envguard check \u53ef\u9010\u9879\u67e5\u770b" not in told


def test_reasons_with_a_clause_behind_them() -> None:
    clause = "; neither the project nor a package that moved asked for it, so it counts one class graver"
    for each, wanted in ((NUMPY, clause), (OTHERS[5], "; whether they do here is not known")):
        told = chinese(planned(each.replace(reason=each.reason + wanted)))
        assert not ENGLISH.search(COMMANDS.sub("", told)), told
    odd = planned(NUMPY.replace(reason=NUMPY.reason + "; the moon is full tonight"))
    assert f"{NUMPY.reason}; the moon" in " ".join(chinese(odd).split())


SCREEN = """\
✗ forbidden  -U pandas: 1 forbidden, 1 cautious, 1 safe  against /srv/envguard.lock, as pip 26.3 would make it

numpy  1.26.4 → 2.4.0                                                               EG201  forbidden
  because   another feature release of compiled code, or of what may hold some, can break what was
            built against it
  instead   keep numpy 1.26.4; if it must move, try it in a copy first: envguard try
  seen      asked for by app > pandas, which requires numpy>=2
            1.26.3 is installed now, which is not the locked version
            traits: native, numpy-1 > none

pandas  2.3.0 (new)                                                          2.0 MB  EG202  cautious
  because   it may bring compiled libraries that meet those of locked packages in one process
  instead   leave pandas out; if it is needed, try it in a copy first: envguard try
  seen      not named in the request
            traits: cuda

safe  it is what the golden file says
  six 1.17.0 → removed

  in all    3 packages move, 4.0 MB to download and 1 artifact of unknown size, 21.0 MB once
            installed; everything else is held at the golden version
  would run python -m pip install pandas==2.3.0
  try first envguard try -U pandas
"""


def test_english_is_what_it_was() -> None:
    told = reporters.render(planned(NUMPY, PANDAS, SIX, notes=(), blind=()), "full", width=100)
    assert told == SCREEN
    assert languages.spoken() == "en"
