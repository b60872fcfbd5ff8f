"""conda pins against conda's own records."""

from __future__ import annotations

from typing import Any

import pytest

from envguard.model import Change, CondaPackage


def conda_pin(bench: Any, name: str, version: str | None, **more: Any) -> Any:
    return bench.pin(name, version, manager="conda", **more)


def record(name: str, version: str, build: str = "h1_0", **more: Any) -> CondaPackage:
    more.setdefault("channel", "conda-forge")
    return CondaPackage(name=name, version=version, build=build, path=f"/env/conda-meta/{name}.json", **more)


@pytest.mark.parametrize(
    ("version", "build", "channel", "expected"),
    [
        ("1.1.1k", "", "", None),
        ("1.1.1k", "h1_0", "conda-forge", None),
        ("1.1.1k", "h1_*", "", None),
        ("1.1.1k", "*1*", "", None),
        ("1.1.1k", "h1?0", "", ("EG107", "rebuilt", "build")),
        ("1.1.1k", "h2_0", "", ("EG107", "rebuilt", "build")),
        ("1.1.1k", "h1_", "", ("EG107", "rebuilt", "build")),
        ("1.1.1K", "", "", ("EG102", "different", "other")),
        ("1.1.1k.0", "", "", ("EG102", "different", "other")),
        ("1.1.1k", "", "conda-forge/linux-64", None),
        ("1.1.1k", "", "https://example.org/conda-forge", None),
        ("1.1.1k", "", "https://example.org/conda-forge/noarch/", None),
        ("1.1.1k", "", "pytorch", ("EG105", "source", "channel")),
        # One cause, one change: the gravest.
        ("1.1.1j", "h2_0", "pytorch", ("EG102", "different", "other")),
    ],
)
def test_pins(bench: Any, version: str, build: str, channel: str, expected: tuple[str, ...] | None) -> None:
    snapshot = bench.snapshot(conda_pin(bench, "openssl", version, build=build, channel=channel))
    said = bench.said(snapshot, bench.environment(conda=(record("openssl", "1.1.1k"),)))
    assert said == ([] if expected is None else [(*expected, "openssl")])


@pytest.mark.parametrize(
    ("wanted", "recorded", "same"),
    [
        ("defaults", "pkgs/main", True),
        ("defaults", "conda-forge", False),
        ("pkgs/main", "pkgs/main", True),
        ("conda-forge", "", False),
    ],
)
def test_channels(bench: Any, wanted: str, recorded: str, same: bool) -> None:
    snapshot = bench.snapshot(conda_pin(bench, "zlib", "1", channel=wanted))
    said = bench.said(snapshot, bench.environment(conda=(record("zlib", "1", channel=recorded),)))
    assert (said == []) is same


@pytest.mark.parametrize(
    ("hashes", "digest", "same"),
    [
        (("sha256:aa",), "sha256:AA", True),
        (("sha256:aa",), "sha256:bb", False),
        (("md5:aa", "sha256:bb"), "md5:aa", True),
        (("sha256:aa",), "md5:bb", True),
        (("sha256:aa",), "", True),
    ],
)
def test_archives(bench: Any, hashes: tuple[str, ...], digest: str, same: bool) -> None:
    snapshot = bench.snapshot(conda_pin(bench, "zlib", "1", hashes=hashes))
    said = bench.said(snapshot, bench.environment(conda=(record("zlib", "1", digest=digest),)))
    assert said == ([] if same else [("EG107", "rebuilt", "build", "zlib")])


def test_without_records_every_conda_pin_is_missing_and_says_why(bench: Any) -> None:
    snapshot = bench.snapshot(conda_pin(bench, "zlib", "1"), conda_pin(bench, "Openssl", "3"))
    changes = bench.changes(snapshot, bench.environment())
    assert [(change.code, change.package) for change in changes] == [("EG101", "Openssl"), ("EG101", "zlib")]
    assert {change.evidence for change in changes} == {("no conda-meta below /env",)}
    (change,) = bench.changes(bench.snapshot(conda_pin(bench, "zlib", "1")), bench.environment(conda=()))
    assert change.evidence == ("no record in conda-meta",)


def test_a_distribution_of_the_same_name_does_not_stand_for_a_conda_package(bench: Any) -> None:
    snapshot = bench.snapshot(conda_pin(bench, "graphviz", "9.0.0", channel="conda-forge"))
    dist = bench.dist("graphviz", "0.20", installer="pip")
    said = bench.changes(snapshot, bench.environment(dist, conda=()))
    assert [(c.code, c.kind, c.locked, c.installed) for c in said] == [
        ("EG101", "removed", "9.0.0", ""),
        ("EG103", "added", "", "0.20"),
    ]
    assert "pip put 0.20 in" in said[0].evidence[1]
    assert "may be another project" in said[0].evidence[1]
    # Where conda itself put it there, the name is the same thing's, and only its record has gone.
    dist = bench.dist("graphviz", "9.0.0", installer="conda")
    assert [c.code for c in bench.changes(snapshot, bench.environment(dist, conda=()))] == ["EG101"]


def test_equal_names_of_conda_and_pip_are_not_one_package(bench: Any) -> None:
    program = record("graphviz", "9.0.0")
    binding = bench.dist("graphviz", "0.20", installer="pip")
    both = bench.environment(binding, conda=(program,))
    conda_line, pip_line = conda_pin(bench, "graphviz", "9.0.0"), bench.pin("graphviz", "0.20")
    assert bench.said(bench.snapshot(conda_line, pip_line), both) == []
    assert bench.said(bench.snapshot(conda_line), both) == [("EG103", "added", "", "graphviz")]
    other = conda_pin(bench, "xz", "5")
    records = (program, record("xz", "5"))
    (change,) = bench.changes(bench.snapshot(other, pip_line), bench.environment(binding, conda=records))
    assert (change.code, change.package, change.installed, change.traits) == ("EG103", "graphviz", "9.0.0", ("conda",))
    # Gone on conda's side, and another version on pip's: two findings.
    drifted = bench.environment(bench.dist("graphviz", "0.19", installer="pip"), conda=())
    said = bench.said(bench.snapshot(conda_line, pip_line), drifted)
    assert [code for code, *_rest in said] == ["EG101", "EG102"]


def test_what_the_scan_saw_of_records_is_stated_with_any_lock(bench: Any) -> None:
    seen = (
        Change(code="EG113", kind="clobbered", package="six"),
        Change(code="EG114", kind="leftover", package="yaml"),
    )
    live = bench.environment(bench.dist("a", "1"), conda=(), observations=seen)
    assert bench.changes(bench.snapshot(bench.pin("a", "1")), live, "versions") == list(seen)


def test_pip_over_conda_is_seen_although_conda_still_records_the_locked_version(bench: Any) -> None:
    snapshot = bench.snapshot(conda_pin(bench, "numpy", "1.26.4"))
    records = (record("numpy", "1.26.4", python_name="numpy"),)
    quiet = bench.environment(bench.dist("numpy", "1.26.4", installer="conda"), conda=records)
    assert bench.said(snapshot, quiet) == []
    (change,) = bench.changes(snapshot, bench.environment(bench.dist("numpy", "2.0.0", installer="pip"), conda=records))
    assert (change.code, change.kind, change.locked, change.installed) == ("EG102", "different", "1.26.4", "2.0.0")
    assert "conda-meta still records 1.26.4" in change.evidence[0]


def test_a_python_package_pinned_on_both_sides_is_told_by_pip_alone(bench: Any) -> None:
    snapshot = bench.snapshot(bench.pin("torch", "2.5.0"), conda_pin(bench, "pytorch", "2.5.0"))
    environment = bench.environment(
        bench.dist("torch", "2.4.0", installer="conda"),
        conda=(record("pytorch", "2.4.0", python_name="torch"),),
    )
    assert bench.said(snapshot, environment) == [("EG102", "downgraded", "minor", "torch")]


def test_python_itself_is_told_once(bench: Any) -> None:
    snapshot = bench.snapshot(conda_pin(bench, "python", "3.11.7"), interpreter=bench.python)
    environment = bench.environment(
        conda=(record("python", "3.11.8"),), interpreter=bench.python.replace(version="3.11.8")
    )
    assert bench.said(snapshot, environment) == [("EG110", "interpreter", "micro", "")]


def test_strangers_of_conda_are_stated_where_the_file_speaks_of_conda(bench: Any) -> None:
    records = (
        record("openssl", "3"),
        record("cuda-cudart", "12.4", build="cuda12_0"),
        record("pytorch", "2.5.0", python_name="torch"),
    )
    dists = (bench.dist("torch", "2.5.0", installer="conda"),)
    said = bench.changes(bench.snapshot(conda_pin(bench, "openssl", "3")), bench.environment(*dists, conda=records))
    assert [(change.code, change.package, change.traits) for change in said] == [
        ("EG103", "cuda-cudart", ("conda", "cuda")),
        ("EG103", "torch", ()),
    ]
    pip_only = bench.snapshot(bench.pin("torch", "2.5.0"))
    assert bench.said(pip_only, bench.environment(*dists, conda=records)) == []


def test_a_conda_pin_that_is_not_exact_is_unverifiable(bench: Any) -> None:
    snapshot = bench.snapshot(
        conda_pin(bench, "zlib", None, text="zlib"),
        conda_pin(bench, "xz", None, text="xz>=5", unverifiable="a range"),
    )
    said = bench.said(snapshot, bench.environment(conda=(record("zlib", "1"), record("xz", "5"))))
    assert said == [("EG111", "unverifiable", "", "xz"), ("EG111", "unverifiable", "", "zlib")]


def test_what_is_said_of_a_missing_package_in_full(bench: Any) -> None:
    changes = bench.changes(
        bench.snapshot(
            conda_pin(bench, "cuda-cudart", "12.4", build="cuda12_0"),
            conda_pin(bench, "xz", None, text="xz>=5", unverifiable="a range", line=4),
        ),
        bench.environment(conda=()),
        "versions",
    )
    missing = [change for change in changes if change.code == "EG101"]
    assert missing == [
        Change(
            code="EG101",
            kind="removed",
            package="cuda-cudart",
            locked="12.4",
            path="app.lock",
            line=3,
            evidence=("no record in conda-meta",),
            traits=("conda", "cuda"),
        ),
        Change(
            code="EG101",
            kind="removed",
            package="xz",
            locked="xz>=5",
            path="app.lock",
            line=4,
            evidence=("no record in conda-meta",),
            traits=("conda",),
        ),
    ]


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_what_is_said_of_an_overwritten_package_in_full(bench: Any, installer: str) -> None:
    dist = bench.dist("numpy", "1.26.4", installer=installer)
    live = record("numpy", "1.26.4", python_name="numpy")
    why = f"conda-meta still records 1.26.4 in {live.path}"
    common: dict[str, Any] = {
        "package": "numpy",
        "path": "app.lock",
        "line": 3,
        "evidence": (why, f"{installer} put 1.26.4 in {dist.path}"),
        "traits": ("conda",),
    }
    for pin, expected in (
        (conda_pin(bench, "numpy", "1.26.4"), ("EG105", "source", "channel", "conda", installer)),
        (conda_pin(bench, "numpy", "1.26.4", channel="main"), ("EG105", "source", "channel", "main", installer)),
        (conda_pin(bench, "numpy", "1.26.3"), ("EG102", "different", "other", "1.26.3", "1.26.4")),
    ):
        code, kind, part, locked, installed = expected
        change = Change(code=code, kind=kind, part=part, locked=locked, installed=installed, **common)
        assert bench.changes(bench.snapshot(pin), bench.environment(dist, conda=(live,)), "versions") == [change]


@pytest.mark.parametrize(("installed", "kind"), [("2.6.0", "upgraded"), ("2.4.0", "downgraded"), ("x", "different")])
def test_whatever_pip_tells_conda_does_not_repeat(bench: Any, installed: str, kind: str) -> None:
    snapshot = bench.snapshot(bench.pin("numpy", "2.5.0"), conda_pin(bench, "NumPy", "2.5.0"))
    dists = (bench.dist("numpy", installed, installer="conda"),)
    records = (record("NumPy", installed, python_name="numpy"),)
    (change,) = bench.changes(snapshot, bench.environment(*dists, conda=records))
    assert (change.kind, change.package) == (kind, "numpy")
    # Of another package nothing was told.
    other = bench.snapshot(bench.pin("numpy", "2.5.0"), conda_pin(bench, "openssl", "3"))
    told = bench.said(other, bench.environment(*dists, conda=(*records, record("openssl", "4"))))
    assert {("EG102", "different", "other", "openssl")} < set(told)


def test_a_channel_is_its_name_whatever_surrounds_it(bench: Any) -> None:
    for wanted, recorded in (
        ("xlab/XX", "xlab/xx"),
        ("/conda-forge/", "conda-forge"),
        ("https://example.org/t/to-ken/private/osx-arm64", "private"),
        ("https://example.org/pkgs/main/linux-64", "pkgs/main"),
    ):
        snapshot = bench.snapshot(conda_pin(bench, "zlib", "1", channel=wanted))
        assert bench.said(snapshot, bench.environment(conda=(record("zlib", "1", channel=recorded),))) == []
