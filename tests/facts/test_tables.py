"""Compatibility tables: valid as a whole, with a source in each row, and a project's own rows before them."""

import json
from pathlib import Path

import pytest

from envguard.errors import RuleError
from envguard.facts import tables

ROW = {"cuda": 12, "driver": "535.54.03", "source": "our cluster's manual", "date": "2026-01-31"}
LIBRARY = {
    "family": "libcublas",
    "generation": "12",
    "cuda": [12],
    "distributions": ["our-cublas"],
    "source": "our own index",
    "date": "2026-01-31",
}


def table(folder: Path, **content: object) -> str:
    path = folder / "tables.json"
    path.write_text(json.dumps({"schema": tables.SCHEMA, **content}))
    return str(path)


def test_the_built_in_table_is_valid_and_says_where_each_row_is_from() -> None:
    own = tables.load()
    minimum = {row.cuda: row.driver for row in own.driver}
    assert minimum == {11: "450.80.02", 12: "525.60.13", 13: "580"}
    stated = [(row.source, row.date) for row in own.driver] + [(row.source, row.date) for row in own.library]
    assert all(len(source) > 10 and len(date) == 10 for source, date in stated)
    cufft = own.row("libcufft", "11")
    assert cufft is not None
    assert cufft.cuda == (12,)  # numbered in its own way
    assert own.row("libcufft", "99") is None
    assert own.minimum(10) is None


def test_it_is_part_of_the_package() -> None:
    assert Path(tables.BUILT_IN).parent.parent.name == "envguard"


def test_a_project_s_rows_replace_and_add(tmp_path: Path) -> None:
    more = {**ROW, "cuda": 14, "driver": "610.1"}
    both = tables.load(table(tmp_path, driver=[ROW, more], library=[LIBRARY]))
    assert {row.cuda: row.driver for row in both.driver} == {
        11: "450.80.02",
        12: "535.54.03",
        13: "580",
        14: "610.1",
    }
    replaced = both.row("libcublas", "12")
    assert replaced is not None
    assert replaced.distributions == ("our-cublas",)
    assert len(both.library) == len(tables.load().library)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"driver": {}}, "driver: must be an array"),
        ({"driver": [1]}, r"driver\[0\]: must be an object"),
        ({"driver": [{**ROW, "ceiling": "600"}]}, r"driver\[0\]: unknown key 'ceiling'"),
        (
            {"driver": [{key: value for key, value in ROW.items() if key != "source"}]},
            r"driver\[0\]: source is missing",
        ),
        ({"driver": [ROW, {**ROW, "cuda": 13, "source": "  "}]}, r"driver\[1\].source: must be"),
        ({"driver": [{**ROW, "date": "last week"}]}, r"driver\[0\].date: must be"),
        ({"driver": [{**ROW, "date": "2026-13-01"}]}, r"driver\[0\].date: must be"),
        ({"driver": [{**ROW, "cuda": True}]}, r"driver\[0\].cuda: must be"),
        ({"driver": [{**ROW, "cuda": "12"}]}, r"driver\[0\].cuda: must be"),
        ({"driver": [{**ROW, "driver": "new"}]}, r"driver\[0\].driver: must be"),
        ({"driver": [ROW, ROW]}, r"driver\[1\]: a second row for cuda 12"),
        ({"library": [{**LIBRARY, "cuda": []}]}, r"library\[0\].cuda: must be"),
        ({"library": [{**LIBRARY, "distributions": ["../x"]}]}, r"library\[0\].distributions: must be"),
        ({"library": [LIBRARY, LIBRARY]}, r"library\[1\]: a second row for libcublas.so.12"),
        ({"ceilings": []}, "unknown table 'ceilings'"),
        ({"schema": {"name": "other", "version": 1}}, "schema must be"),
    ],
)
def test_one_clear_error(tmp_path: Path, content: dict[str, object], problem: str) -> None:
    path = table(tmp_path, **content)
    with pytest.raises(RuleError, match=problem) as caught:
        tables.load(path)
    assert caught.value.path == path
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b"\xff\xfe", b"[" * 100_000, b'{"schema": 1}'])
def test_what_is_no_table(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "tables.json").write_bytes(text)
    with pytest.raises(RuleError):
        tables.load(str(tmp_path / "tables.json"))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="cannot be read: missing"):
        tables.load(str(tmp_path / "tables.json"))
