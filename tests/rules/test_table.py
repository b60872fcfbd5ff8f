"""The rule table as people write it: what is accepted, what is refused, and where the message points."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from envguard import config
from envguard.errors import RuleError
from envguard.model import Change
from envguard.rules import compiled, table
from envguard.rules.hidden import covers

if TYPE_CHECKING:
    from pathlib import Path

ROOT = __import__("pathlib").Path(__file__).parents[2]
ROW = 'id = "a"\nverdict = "safe"\nreason = "b"\n'


def load(tmp_path: Path, text: str, name: str = "envguard.toml") -> table.Table:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return table.build(config.load(str(path)))


@pytest.mark.parametrize("path", ["own-file/envguard.toml", "pyproject/pyproject.toml"])
def test_the_four_classic_rows_say_what_is_true(court: Any, path: str) -> None:
    rules = table.build(config.load(str(ROOT / "fixtures" / "rules" / path))).rules
    environment = court.environment("onnxruntime", "numpy")

    def verdict(*changes: Change) -> tuple[str, str]:
        finding = next(
            f for f in court.judge(*changes, rules_=rules, environment=environment) if f.change == changes[0]
        )
        return finding.verdict, finding.rule

    def moved(kind: str, package: str, locked: str, installed: str, *traits: str) -> Change:
        return Change(
            code="EG102",
            kind=kind,
            package=package,
            part="minor",
            locked=locked,
            installed=installed,
            traits=traits,
        )

    def added(package: str, *traits: str) -> Change:
        return Change(code="EG103", kind="added", package=package, installed="1.0", traits=traits)

    assert verdict(moved("upgraded", "requests", "2.31.0", "2.32.2", "pure")) == ("safe", "requests-2.32")
    assert verdict(moved("upgraded", "requests", "2.31.0", "2.32.1", "pure")) == ("cautious", "upgraded-pure")
    assert verdict(moved("upgraded", "requests", "2.31.0", "3.0", "pure")) == ("cautious", "upgraded-pure")
    assert verdict(moved("downgraded", "pillow", "10.2.0", "9.5.0", "native")) == ("forbidden", "pillow-downgrade")
    assert verdict(added("onnxruntime-gpu", "cuda", "native")) == ("cautious", "onnxruntime-twins")
    assert verdict(added("pandas", "native"), added("tzdata", "pure")) == ("safe", "pandas-alone")
    numpy = moved("upgraded", "numpy", "1.26.4", "2.0.0", "native")
    assert verdict(added("pandas", "native"), numpy) == ("cautious", "added-native")
    (pillow,) = court.judge(moved("downgraded", "pillow", "10.2.0", "9.5.0"), rules_=rules)
    assert pillow.instead == "keep pillow 10.2.0 and convert the images beforehand"


def test_onnxruntime_gpu_alone_is_judged_by_its_evidence(court: Any) -> None:
    rules = table.build(config.load(str(ROOT / "fixtures/rules/own-file/envguard.toml"))).rules
    change = Change(code="EG103", kind="added", package="onnxruntime-gpu", traits=("cuda", "native"))
    (finding,) = court.judge(change, rules_=rules, environment=court.environment("numpy"))
    assert finding.rule == "added-cuda"


def test_every_key_arrives(tmp_path: Path) -> None:
    text = """
        [groups]
        torch = ["torch", "Torch_Vision", "nvidia-*", "!nvidia-ml-py"]
        [[rules]]
        id = "all"
        package = ["@torch", "Foo.Bar*", "!x"]
        change = ["upgraded", "downgraded"]
        part = "major"
        from = ">=1"
        to = "<3"
        traits = ["native", "!cuda"]
        beside = ["@torch"]
        alone = true
        when = "sys_platform == 'linux'"
        verdict = "forbidden"
        reason = "r"
        instead = "i"
        until = 2027-01-01
    """
    (rule,) = load(tmp_path, text).rules
    assert rule.package == ("torch", "torch-vision", "nvidia-*", "!nvidia-ml-py", "foo-bar*", "!x")
    assert rule.beside == ("torch", "torch-vision", "nvidia-*", "!nvidia-ml-py")
    assert (rule.change, rule.part, rule.traits) == (("upgraded", "downgraded"), ("major",), ("native", "!cuda"))
    assert (rule.locked, rule.to, rule.alone) == (">=1", "<3", True)
    assert (rule.when, rule.until, rule.instead) == ("sys_platform == 'linux'", "2027-01-01", "i")
    assert rule.origin == "envguard.toml rules[0]"
    assert compiled.parse(compiled.dump(rule)) == rule


def test_a_group_can_be_excluded_as_a_whole(tmp_path: Path) -> None:
    text = f'groups.g = ["a", "b*"]\n[[rules]]\n{ROW}package = ["!@g"]\n'
    assert load(tmp_path, text).rules[0].package == ("!a", "!b*")


def test_locked_is_another_word_for_from(tmp_path: Path) -> None:
    assert load(tmp_path, f'[[rules]]\n{ROW}locked = "<2"\n').rules[0].locked == "<2"


BAD = [
    ('verdict = "save"', "rules[1].verdict: input should be 'safe', 'cautious' or 'forbidden'"),
    ('verdict = "unverified"', "rules[1].verdict: input should be"),
    ('verdcit = "safe"', "rules[1].verdcit: unknown key"),
    ('"a b" = 1', "rules[1].'a b': unknown key"),
    ("reason = 1", "rules[1].reason: input should be a valid string"),
    ('reason = ""', "rules[1].reason: a row must say why"),
    ('alone = "yes"', "rules[1].alone: input should be a valid boolean"),
    ("alone = 1", "rules[1].alone: input should be a valid boolean"),
    ("package = [1]", "rules[1].package[0]: input should be a valid string"),
    ('package = ["@gone"]', "rules[1].package: '@gone' is no group; known are g, n"),
    ('package = ["!@n"]', "rules[1].package: '@n' excludes members of its own"),
    ('beside = "@gone"', "rules[1].beside: '@gone' is no group"),
    ('package = "*"', "rules[1].package: '*' names everything"),
    ('package = "a b"', "rules[1].package: 'a b' is no normalised name"),
    ('change = ["upgrade"]', "rules[1].change: 'upgrade' is not known; known are removed, upgraded"),
    ('part = "patch"', "rules[1].part: 'patch' is not known"),
    ('traits = ["gpu"]', "rules[1].traits: 'gpu' is not known"),
    ('from = "=>1"', "rules[1].from: '=>1' is no version specifier"),
    ('to = "x"', "rules[1].to: 'x' is no version specifier"),
    ('when = "linux"', "rules[1].when: 'linux' is no marker"),
    ('until = "2027-01-01"', "rules[1].until: "),
    ("until = 2027-01-01T00:00:00", "rules[1].until: "),
    ('change = ["unverifiable"]', "rules[1].until: a row that makes an unverifiable pin safe must end"),
    ('id = "first"', "rules[1].id: first is the id of rules[0] already"),
    ('id = "A"', "rules[1].id: 'A' is no id"),
    ('package = "numpy"', "rules[1]: a never decides: first above it matches all that it does"),
]


@pytest.mark.parametrize(("key", "problem"), BAD)
@pytest.mark.parametrize(("name", "prefix"), [("envguard.toml", ""), ("pyproject.toml", "tool.envguard.")])
def test_one_slip_refuses_the_table_with_key_and_line(
    tmp_path: Path, key: str, problem: str, name: str, prefix: str
) -> None:
    word = key.partition(" =")[0]
    second = "".join(line for line in ROW.splitlines(keepends=True) if not line.startswith(f"{word} "))
    text = (
        f'[{prefix}groups]\ng = ["a"]\nn = ["a", "!b"]\n[[{prefix}rules]]\nid = "first"\npackage = "numpy"\n'
        f'verdict = "cautious"\nreason = "c"\n\n  [[ {prefix}rules ]]\n{second}{key}\n'
    )
    with pytest.raises(RuleError) as error:
        load(tmp_path, text, name)
    assert error.value.problem.startswith(prefix + problem)
    assert error.value.path == str(tmp_path / name)
    assert error.value.line == 10


def test_several_slips_are_counted(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"rules\[0\].verdict.*\(and 2 more\)"):
        load(tmp_path, "[[rules]]\nid = 'x'\nfoo = 1\nreason = 2\nverdict = 3\n".replace("id = 'x'\n", "id = 'x'\n"))


def test_groups_are_checked_too(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"groups.g\[0\]: input should be a valid string"):
        load(tmp_path, "[groups]\ng = [1]\n")


@pytest.mark.parametrize(
    ("above", "below", "hides"),
    [
        ({}, {}, True),
        ({}, {"package": ("a",)}, True),
        ({"package": ("a",)}, {}, False),
        ({"package": ("a", "b")}, {"package": ("a",)}, True),
        ({"package": ("a",)}, {"package": ("a", "b")}, False),
        ({"package": ("a*", "!ab")}, {"package": ("a*", "!ab")}, True),
        ({"package": ("a", "!b")}, {"package": ("a",)}, False),
        ({"package": ("a",)}, {"package": ("a", "!b")}, False),
        ({"change": ("added", "removed")}, {"change": ("added",)}, True),
        ({"change": ("added",)}, {}, False),
        ({}, {"change": ("added",)}, True),
        ({}, {"change": ("edited",)}, False),
        ({"verdict": "forbidden"}, {"change": ("edited",)}, True),
        ({}, {"verdict": "forbidden"}, False),
        ({"verdict": "forbidden"}, {}, True),
        ({"part": ("major",)}, {"part": ("major",)}, True),
        ({"part": ("major",)}, {"part": ("minor",)}, False),
        ({"traits": ("native",)}, {"traits": ("native", "cuda")}, True),
        ({"traits": ("native", "cuda")}, {"traits": ("native",)}, False),
        ({"traits": ("!cuda",)}, {"traits": ("!cuda",)}, True),
        ({"traits": ("!cuda",), "change": ("added",)}, {"traits": ("!cuda",), "change": ("added",)}, True),
        (
            {"traits": ("!cuda",), "change": ("added",)},
            {"traits": ("!cuda",), "change": ("added",), "verdict": "forbidden"},
            False,
        ),
        ({"locked": "<2"}, {"locked": "<2"}, True),
        ({"locked": "<2"}, {"locked": "<1"}, False),
        ({"to": "<2"}, {}, False),
        ({"when": "os_name == 'nt'"}, {}, False),
        ({"beside": ("x",)}, {}, False),
        ({"beside": ("x",)}, {"beside": ("x",)}, True),
        ({"alone": True}, {}, False),
        ({}, {"alone": True}, True),
        ({"alone": True, "package": ("a",)}, {"alone": True, "package": ("a",)}, True),
        ({"alone": True, "package": ("a", "b")}, {"alone": True, "package": ("a",)}, False),
        ({"until": "2027-01-01"}, {}, False),
        ({}, {"until": "2027-01-01"}, True),
    ],
)
def test_which_rows_hide_which(court: Any, above: dict[str, Any], below: dict[str, Any], hides: bool) -> None:
    first, second = court.rule(**{"id": "above", **above}), court.rule(**{"id": "below", **below})
    assert covers(first, second) is hides


def test_the_schema_accepts_the_examples_and_refuses_a_slip() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(table.schema())
    found = config.load(str(ROOT / "fixtures/rules/own-file/envguard.toml"))
    rows = [{key: value for key, value in row.items() if key != "until"} for row in found.rules]
    # The schema describes lists; one name without brackets is a convenience of the reader.
    for row in rows:
        for key in ("package", "change", "beside"):
            if key in row:
                row[key] = [row[key]]
    validator.validate({"rules": rows})
    assert not validator.is_valid({"rules": [{**rows[0], "verdcit": "x"}]})
    assert not validator.is_valid({"rules": [{**rows[0], "verdict": "pinned"}]})
    assert "from" in str(table.schema())


WITHOUT_PYDANTIC = """
import sys
sys.modules["pydantic"] = None
from envguard import config
from envguard.errors import RuleError
found = config.load(sys.argv[1])
assert found.lock.endswith("envguard.lock")
try:
    config.rules(found)
except RuleError as error:
    print(error)
"""


def test_without_pydantic_the_settings_are_read_and_the_rows_name_the_extra() -> None:
    path = str(ROOT / "fixtures/rules/own-file/envguard.toml")
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT_PYDANTIC, path], capture_output=True, text=True, check=True, timeout=60
    )
    assert "pip install 'envguard-lock[cli]'" in run.stdout
