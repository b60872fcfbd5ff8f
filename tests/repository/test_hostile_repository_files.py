"""Binary files, bombs, depth, a million backslashes: an answer within seconds, and nothing but our own errors."""

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from envguard import repository
from envguard.errors import EnvguardError
from envguard.model import Change
from envguard.repository import finding
from envguard.repository.changes import changes

FIXTURES = Path(__file__).parents[2] / "fixtures" / "repository"
FILES = sorted(path for path in FIXTURES.rglob("*.*") if path.suffix != ".expected")
SECONDS = 20
"""Of the processor, under coverage on a slow machine; what grows with the square of these sizes takes minutes."""
Look = Callable[..., tuple[Change, ...]]


@pytest.fixture
def look(tmp_path: Path) -> Look:
    def seen(data: bytes | str, form: str = "dockerfile", blind: "list[str] | None" = None) -> tuple[Change, ...]:
        path = tmp_path / "file"
        path.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass"))
        began = time.thread_time()
        found = repository.look(str(path), form, [] if blind is None else blind)
        assert time.thread_time() - began < SECONDS
        return found

    return seen


def unread(found: tuple[Change, ...]) -> str:
    (change,) = found
    assert (change.code, change.kind) == ("EG501", "unread")
    return change.evidence[0]


@pytest.mark.parametrize("form", ["dockerfile", "compose"])
def test_what_is_no_text_is_unverified(look: Look, form: str) -> None:
    assert "binary" in unread(look(b"\x7fELF\0\0\xff\xfe" * 100, form))
    assert "NUL" in unread(look(b"FROM a\0b", form))
    assert "UTF-8" in unread(look(b"FROM caf\xe9", form))
    assert "more than the" in unread(look(b"#" * (50 << 20), form))
    assert "merge conflict" in unread(look("FROM a\n<<<<<<< ours\nFROM b\n", form))


def test_utf_16_with_its_mark_is_read(look: Look) -> None:
    (change,) = look("\n\nFROM alpine\n".encode("utf-16"))
    assert (change.kind, change.line) == ("floating", 3)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a:\n- [x\n", 3),
        ("services: {}\nservices: {}\n", 2),
        ("a: *never\n", 1),
        ("a: &a [*a]\n", 1),
        ("? [a]\n: b\n", 1),
        ("[" * 100 + "]" * 100, 1),
        ("".join(" " * level + "a:\n" for level in range(100)), 60),
        ("{" * 100_000, 1),
    ],
)
def test_yaml_that_is_not_read_is_unverified_with_its_line(look: Look, text: str, line: int) -> None:
    (change,) = look(text, "compose")
    assert change.kind == "unread"
    assert abs(change.line - line) <= 1


def test_aliases_that_unfold_to_billions(look: Look) -> None:
    lines = ["a: &a [x,x,x,x,x,x,x,x,x]"]
    lines += [f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]" for old, new in zip("abcdefgh", "bcdefghi", strict=True)]
    assert "nodes" in unread(look("\n".join(lines), "kubernetes"))
    chain = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 5000))]
    assert "levels" in unread(look("\n".join(chain), "kubernetes"))
    merges = ["m0: &m0 {image: x}", *(f"m{n}: &m{n} {{<<: [*m{n - 1}, *m{n - 1}]}}" for n in range(1, 40))]
    assert "nodes" in unread(look("\n".join(merges), "compose"))


def test_a_tag_builds_nothing(look: Look) -> None:
    text = "services:\n  a:\n    image: !!python/object/apply:os.system [x]\n  b:\n    image: !x busybox\n"
    (change,) = look(text, "compose")
    assert (change.package, change.line) == ("busybox", 5)


def test_a_template_is_not_seen_and_no_failure(look: Look) -> None:
    blind: list[str] = []
    assert look("apiVersion: v1\nkind: Pod\n{{- if .Values.x }}\nspec: {}\n{{- end }}\n", "kubernetes", blind) == ()
    assert "template" in blind[0]


@pytest.mark.parametrize(
    "text",
    [
        "FROM a:1.2.3\nRUN " + "\\\n" * 100_000,
        "FROM a:1.2.3\nRUN " + "x;" * 50_000,
        "FROM a:1.2.3\nRUN pip install " + "x " * 50_000,
        "FROM a:1.2.3\nRUN " + "$(" * 100_000,
        "FROM a:1.2.3\nRUN " + "${A:-" * 10_000,
        "FROM a:1.2.3\nRUN " + '"' * 200_001,
        "FROM a:1.2.3\nRUN " + "<<A " * 10_000,
        "FROM a:1.2.3\n" + "RUN <<A\n" * 10_000,
        "FROM a:1.2.3\nRUN pip install " + "(" * 100_000,
        "FROM a:1.2.3\nRUN pip install x" + "[" * 100_000,
        "FROM a:1.2.3\nRUN --mount=" + "from=," * 50_000 + "\n",
        "ARG A=" + 'A="\\" ' * 10_000 + "\nFROM $A\n",
        "ARG A0=xx\n" + "".join(f"ARG A{n}=$A{n - 1}$A{n - 1}\n" for n in range(1, 100)) + "FROM a:$A99\n",
        "FROM a:1.2.3\nRUN A0=xx; "
        + "".join(f"A{n}=$A{n - 1}$A{n - 1}; " for n in range(1, 100))
        + "pip install $A99\n",
        "FROM a:1.2.3\n" + "".join(f"ENV A{n}=1\nRUN x\n" for n in range(10_000)),
        "FROM " + "a-" * 100_000 + "\n",
        "FROM a:" + "1a2b3c4-" * 100_000 + "z\n",
        "# x=" + " " * 200_000 + "\nFROM a\n",
        "#" + " \n" * 200_000,
        "FROM a:1.2.3\nRUN sh -c '" + "sh -c " * 50_000 + "'\n",
        "FROM a:1.2.3\nRUN [" + '"\\u0061",' * 100_000 + '"a"]\n',
        "FROM a:1.2.3\nRUN " + "[" * 100_000 + "\n",
    ],
    ids=range(22),
)
@pytest.mark.slow
def test_long_files_end(look: Look, text: str) -> None:
    look(text)
    finding.by_content(text[: finding.HEAD])


@pytest.mark.parametrize(
    "text",
    [
        "services:\n" + "".join(f"  s{n}: {{image: redis}}\n" for n in range(5_000)),
        "on: x\nenv:\n"
        + "".join(f"  A{n}: b\n" for n in range(5_000))
        + "jobs:\n  a:\n    steps:\n"
        + "    - run: x\n" * 5_000,
        "on: x\njobs:\n  a:\n    steps:\n    - run: >\n" + "        pip install x\n" * 10_000,
        'on: x\njobs:\n  a:\n    steps:\n    - run: "' + "\\n\\\n" * 100_000 + '"\n',
    ],
    ids=range(4),
)
@pytest.mark.parametrize("form", ["compose", "workflow", "gitlab", "kubernetes"])
@pytest.mark.slow
def test_long_yaml_ends(look: Look, text: str, form: str) -> None:
    look(text, form)


def test_any_mutation_raises_nothing_but_our_errors(request: pytest.FixtureRequest) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    alphabet = "\\\n\r\t \"'`$(){}[]<>&|;:@#=-*!~^,.%/\0\ufffc\u2028é" + "aF0"
    for path in FILES:
        text = path.read_bytes().decode("utf-8")
        for _ in range(60):
            mutated = list(text)
            for _ in range(chance.randint(1, 6)):
                at = chance.randrange(len(mutated) + 1)
                what = chance.random()
                if what < 0.4:
                    mutated.insert(at, chance.choice(alphabet))
                elif what < 0.7:
                    del mutated[at : at + chance.randint(1, 12)]
                else:
                    mutated[at:at] = mutated[chance.randrange(len(mutated) + 1) :][: chance.randint(1, 80)]
            changed = "".join(mutated)
            finding.by_content(changed)
            try:
                found = tuple(changes(repository.statements(changed, path.parent.name, "file"), "file"))
            except EnvguardError:
                continue
            lines = changed.count("\n") + 1
            assert all(1 <= change.line <= lines for change in found), (seed, changed)


@pytest.mark.parametrize("odd", ["\u2028", "\u2029", "\x85", "\r"])
def test_lines_are_counted_as_an_editor_does(look: Look, odd: str) -> None:
    (change,) = look(f"# a{odd}b{odd}c\nservices:\n  a:\n    image: redis\n", "compose")
    assert change.line == 4
    (change,) = look(f"# a{odd}b\nFROM redis\n")
    assert change.line == 2
