"""Bombs, depth, equal keys and size: an error within a second, never a walk; and how long honest files take."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from envguard.errors import LockError
from envguard.formats import load
from envguard.model import Selection, Snapshot

Golden = Callable[..., Snapshot]
YAML = ("conda-lock.yml", "pixi.lock")
JSON = ("Pipfile.lock", "pip-inspect", "cyclonedx")
LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join(f'*{old}' for _ in range(9))}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize("name", YAML)
@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        "version: 6\npackages:\n" + "- &x a\n- *x\n",
        "version: 6\npackages: " + "[" * 100 + "]" * 100,
        "".join(" " * level + "a:\n" for level in range(100)),
        "version: 6\nversion: 6\n",
        "version: !!python/object/apply:os.system [x]\n",
        "version: 6\n---\nversion: 6\n",
        "- " * 5000,
        "{" * 100_000,
        "version: 1\nmetadata: {}\npackage:\n- {name: a, name: b}\n",
    ],
    ids=range(10),
)
def test_yaml(golden: Golden, name: str, text: str) -> None:
    refused_at_once(golden, name, text)


@pytest.mark.parametrize("name", JSON)
@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100 + "1" + "}" * 100,
        "[" * 100 + "]" * 100,
        '{"version": "1", "version": "1"}',
        '{"_meta": {"pipfile-spec": ' + "9" * 5000 + "}}",
        '{"_meta": {"pipfile-spec": NaN}}',
        '{"default": {"\\ud800": {}}, "installed": []}',
        "{",
        "",
        '{"a": 1}\n<<<<<<< ours\n',
    ],
    ids=range(10),
)
def test_json(golden: Golden, name: str, text: str) -> None:
    refused_at_once(golden, name, text)


def refused_at_once(golden: Golden, name: str, text: str) -> None:
    began = time.thread_time()
    with pytest.raises(LockError):
        golden(text, "golden", format=name, selection=Selection(platform="linux-64" if name in YAML else ""))
    assert time.thread_time() - began < 5


def test_the_line_of_broken_json_is_named(golden: Golden) -> None:
    with pytest.raises(LockError, match="not JSON") as caught:
        golden('{\n "_meta": {\n  oops\n }\n}', "Pipfile.lock", format="Pipfile.lock")
    assert caught.value.line == 3


def test_equal_keys_are_named(golden: Golden) -> None:
    with pytest.raises(LockError, match="the key 'six' stands twice"):
        golden('{"_meta": {"pipfile-spec": 6}, "default": {"six": {}, "six": {}}}', "Pipfile.lock")


def test_utf16_and_a_mark_are_read(golden: Golden) -> None:
    text = '{"_meta": {"pipfile-spec": 6}, "default": {"six": {"version": "==1.0"}}}'
    for encoding in ("utf-16", "utf-8-sig"):
        assert golden(text.encode(encoding), "Pipfile.lock").pins[0].version == "1.0"


def test_many_packages_take_linear_time(golden: Golden) -> None:
    entries = ",\n".join(f'"p{number}": {{"version": "=={number}"}}' for number in range(20_000))
    text = '{"_meta": {"pipfile-spec": 6},\n"default": {\n' + entries + "}}"
    began = time.thread_time()
    found = golden(text, "Pipfile.lock")
    assert time.thread_time() - began < 20
    assert found.pins[-1].line == 20_002
    assert load(found.path).pins == found.pins


@pytest.mark.slow
@pytest.mark.parametrize("name", ["conda-lock/bertchen-conda-lock.yml", "pixi/esmvalcore-pixi.lock"])
def test_reading_takes_no_longer_than_twice_the_parser(corpus: Path, name: str) -> None:
    path = corpus / name
    text = path.read_text()
    parser = quickest(lambda: yaml.load(text, Loader=yaml.CBaseLoader))
    ours = quickest(lambda: load(path, selection=Selection(platform="linux-64")))
    assert ours < 2 * parser, f"{ours:.3f} s, and the parser alone takes {parser:.3f} s"


def quickest(call: Callable[[], object]) -> float:
    times = []
    for _ in range(5):
        began = time.thread_time()
        call()
        times.append(time.thread_time() - began)
    return min(times)
