"""Every field of what is stated: people and programs act on it. Several packages at once, so that none is lost."""

from __future__ import annotations

from typing import Any

from envguard import checks
from envguard.model import Change, CondaPackage, Source

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
WHEEL = Source(kind="archive", url="https://example.org/a.whl", digest=A)
EDITABLE = Source(kind="directory", url="file:///src/a", editable=True)


def stated(code: str, kind: str, package: str, **more: Any) -> Change:
    return Change(code=code, kind=kind, package=package, path=more.pop("path", "app.lock"), **more)


def test_records(bench: Any) -> None:
    snapshot = bench.snapshot(
        bench.pin("equal", "1.0", record=A, line=1),
        bench.pin("editable", "1.0", record=A, line=2),
        bench.pin("moved", "1.0", record=A, line=3),
        bench.pin("gone", "1.0", record=A, line=4),
        bench.pin("rebuilt", "1.0", record=A, line=5, tags=("py3-none-any",)),
        bench.pin("both-editable", record=A, line=6, source=EDITABLE, text="-e ./a"),
        bench.pin("no-record", record=A, line=7, source=WHEEL, text="no-record @ url"),
        bench.pin("tags", "1.0", record=A, line=8, tags=("py2-none-any", "py3-none-any")),
    )
    environment = bench.environment(
        bench.dist("equal", "1.0", record=A),
        bench.dist("editable", "1.0", record=B, source=EDITABLE),
        bench.dist("moved", "1.1", record=B),
        bench.dist("gone", "1.0", traits=("native",)),
        bench.dist("rebuilt", "1.0", record=B, traits=("pure",)),
        bench.dist("both-editable", "2.0", record=B, source=EDITABLE),
        bench.dist("no-record", "2.0", source=WHEEL),
        bench.dist("tags", "1.0", record=B, tags=("py3-none-any", "py4-none-any")),
    )
    site = "/env/site"
    digests = (f"locked record {A}", f"installed record {B}")
    assert bench.changes(snapshot, environment) == [
        stated(
            "EG102",
            "upgraded",
            "moved",
            part="minor",
            locked="1.0",
            installed="1.1",
            line=3,
            evidence=(f"found in {site}/moved-1.1.dist-info",),
        ),
        stated(
            "EG105",
            "source",
            "editable",
            locked="index",
            installed="editable file:///src/a",
            line=2,
            evidence=(f"installed version 1.0, recorded in {site}/editable-1.0.dist-info",),
        ),
        stated("EG107", "rebuilt", "both-editable", locked="-e ./a", installed="2.0", line=6, evidence=digests),
        stated(
            "EG107",
            "rebuilt",
            "rebuilt",
            locked="1.0",
            installed="1.0",
            line=5,
            evidence=digests,
            traits=("pure",),
        ),
        stated(
            "EG107",
            "rebuilt",
            "tags",
            locked="1.0",
            installed="1.0",
            line=8,
            evidence=(
                *digests,
                "locked tags py2-none-any py3-none-any",
                "installed tags py3-none-any py4-none-any",
            ),
        ),
        stated(
            "EG109",
            "broken",
            "gone",
            locked="1.0",
            installed="1.0",
            line=4,
            evidence=(f"the lock seals a RECORD, and {site}/gone-1.0.dist-info has none that can be read",),
            traits=("native",),
        ),
        stated(
            "EG109",
            "broken",
            "no-record",
            locked="no-record @ url",
            installed="2.0",
            line=7,
            evidence=(f"the lock seals a RECORD, and {site}/no-record-2.0.dist-info has none that can be read",),
        ),
    ]


def test_sources(bench: Any) -> None:
    snapshot = bench.snapshot(
        bench.pin("a", "1.0", record=A, line=1),
        bench.pin("b", source=WHEEL, line=2),
    )
    environment = bench.environment(
        bench.dist("a", "1.0", record=A, source=WHEEL, traits=("pure",)),
        bench.dist("b", "1.0", source=WHEEL.replace(digest=B), traits=("native",)),
    )
    assert bench.changes(snapshot, environment) == [
        stated(
            "EG105",
            "source",
            "a",
            part="place",
            locked="index",
            installed=WHEEL.url,
            line=1,
            evidence=(
                "installed version 1.0, recorded in /env/site/a-1.0.dist-info",
                f"installed digest {A}",
                "the record digest is the sealed one: the same files from another place",
            ),
            traits=("pure",),
        ),
        stated(
            "EG105",
            "source",
            "b",
            locked=WHEEL.url,
            installed=WHEEL.url,
            line=2,
            evidence=(
                "installed version 1.0, recorded in /env/site/b-1.0.dist-info",
                f"locked digest {A}",
                f"installed digest {B}",
            ),
            traits=("native",),
        ),
    ]


def test_strangers_and_interpreters(bench: Any) -> None:
    snapshot = bench.snapshot(interpreter=bench.python)
    environment = bench.environment(
        bench.dist("b", "2.0", traits=("pure",), variant="cu9"),
        bench.dist("c", "3.0", variant="custom"),
        interpreter=bench.python.replace(version="3.11.7rc1", soabi="cpython-311d", libc="glibc 2.36 odd"),
    )
    unnamed = ("no line of app.lock names it",)
    python: dict[str, Any] = {"code": "EG110", "kind": "interpreter", "package": "", "evidence": ("prefix /env",)}
    assert bench.changes(snapshot, environment) == [
        stated(
            "EG103",
            "added",
            "b",
            installed="2.0",
            path="/env/site/b-2.0.dist-info",
            evidence=unnamed,
            traits=("cuda", "native"),
        ),
        stated("EG103", "added", "c", installed="3.0", path="/env/site/c-3.0.dist-info", evidence=unnamed),
        stated(**python, part="abi", locked="cpython-311-x86_64-linux-gnu", installed="cpython-311d"),
        stated(**python, part="libc", locked="glibc 2.36", installed="glibc 2.36 odd"),
        stated(**python, part="pre", locked="3.11.7", installed="3.11.7rc1", traits=("older",)),
    ]


def test_conda(bench: Any) -> None:
    def pin(name: str, line: int, **more: Any) -> Any:
        more.setdefault("version", "1")
        return bench.pin(name, more.pop("version"), manager="conda", line=line, **more)

    def record(name: str, build: str = "h0", **more: Any) -> CondaPackage:
        return CondaPackage(name=name, version="1", build=build, channel="main", path=f"/m/{name}.json", **more)

    snapshot = bench.snapshot(
        pin("build", 1, build="cuda_0"),
        pin("channel", 2, channel="conda-forge"),
        pin("digest", 3, hashes=(A, "md5:00")),
        pin("version", 4, version="0"),
        pin("range", 5, version=None, text="range"),
        pin("py", 6),
    )
    environment = bench.environment(
        bench.dist("numpy", "1", installer="conda"),
        conda=(
            record("build"),
            record("channel"),
            record("digest", digest=B),
            record("version", build="cu12_0"),
            record("range"),
            record("py", python_name="numpy"),
            record("stranger"),
        ),
    )

    def said(code: str, kind: str, package: str, line: int, *traits: str, **more: Any) -> Change:
        evidence = (f"recorded in /m/{package}.json",)
        return stated(code, kind, package, line=line, evidence=evidence, traits=("conda", *traits), **more)

    assert bench.changes(snapshot, environment) == [
        said("EG102", "different", "version", 4, "cuda", part="other", locked="0", installed="1"),
        stated(
            "EG103",
            "added",
            "stranger",
            installed="1",
            path="/m/stranger.json",
            evidence=("no line of app.lock names it",),
            traits=("conda",),
        ),
        said("EG105", "source", "channel", 2, part="channel", locked="conda-forge", installed="main"),
        said("EG107", "rebuilt", "build", 1, "cuda", part="build", locked="cuda_0", installed="h0"),
        said("EG107", "rebuilt", "digest", 3, part="build", locked=f"{A} md5:00", installed=B),
        stated(
            "EG111",
            "unverifiable",
            "range",
            locked="range",
            line=5,
            evidence=("the line gives no exact version",),
        ),
    ]


def test_what_could_not_be_asked_says_why(bench: Any) -> None:
    snapshot = bench.snapshot(bench.pin("a", "1"), complete=False)
    _changes, ran, skipped = checks.run(snapshot, bench.environment(bench.dist("a", "1")), "records")
    assert skipped == (
        "interpreter: the golden file does not say which Python it was made for",
        "record: the golden file seals no record digest; envguard freeze does",
        "unlocked: the golden file names only some of what is installed",
    )
    assert set(ran) == set(checks.names("records")) - {"interpreter", "record", "unlocked"}


def test_places_that_are_not_on_the_path_come_last_and_a_repeated_folder_hides_no_other(bench: Any) -> None:
    near, far = bench.dist("a", "1"), bench.dist("a", "2", location="/elsewhere")
    for order in ((far, near, near, far), (near, near, far)):
        assert bench.said(bench.snapshot(bench.pin("a", "1")), bench.environment(*order)) == []
    again = bench.dist("a", "0")
    (change,) = bench.changes(bench.snapshot(bench.pin("a", "1")), bench.environment(far, near, near, again))
    assert (change.kind, change.installed) == ("duplicate", "1, 0, 2")


def test_only_the_interpreters_version_explains_condas_python(bench: Any) -> None:
    snapshot = bench.snapshot(
        bench.pin("python", "3.11.7", manager="conda"), bench.pin("a", "1.0"), interpreter=bench.python
    )
    records = (CondaPackage(name="python", version="3.11.8", build="h", path="/m/python.json"),)
    environment = bench.environment(
        bench.dist("a", "2.0"), conda=records, interpreter=bench.python.replace(libc="glibc 2.39")
    )
    assert bench.said(snapshot, environment) == [
        ("EG102", "different", "other", "python"),
        ("EG102", "upgraded", "major", "a"),
        ("EG110", "interpreter", "libc", ""),
    ]


def test_shadowing_of_any_package_counts_where_the_file_names_everything(bench: Any) -> None:
    shadowed = Change(code="EG112", kind="shadowed", package="pip")
    nameless = Change(code="EG112", kind="shadowed")
    environment = bench.environment(bench.dist("pip", "1"), observations=(shadowed, nameless))
    assert bench.changes(bench.snapshot(), environment) == [nameless, shadowed]
    assert bench.changes(bench.snapshot(complete=False), environment) == [nameless]


def test_twins(bench: Any) -> None:
    def twin(name: str, folder: str, version: str, **more: Any) -> Any:
        return bench.dist(name, version, path=f"/env/site/{folder}", **more)

    snapshot = bench.snapshot(bench.pin("b", "1", tags=("cp311-cp311-linux_x86_64",)), bench.pin("c", line=4))
    environment = bench.environment(
        bench.dist("pip", "1"),
        twin("b", "b1", "1", traits=("cuda",)),
        twin("b", "b2", ""),
        twin("c", "c1", "1"),
        twin("c", "c2", "1"),
        twin("d", "d1", "1"),
        twin("d", "d2", "2"),
    )
    last = "which one answers depends on the order of the file system"
    assert [change for change in bench.changes(snapshot, environment) if change.code == "EG106"] == [
        stated(
            "EG106",
            "duplicate",
            "b",
            locked="1",
            installed="1, ?",
            path="/env/site/b2",
            evidence=("1 in /env/site/b1", "no version in /env/site/b2", last),
            traits=("cuda", "native"),
        ),
        stated(
            "EG106",
            "duplicate",
            "c",
            installed="1, 1",
            path="/env/site/c2",
            evidence=("1 in /env/site/c1", "1 in /env/site/c2", last),
        ),
        stated(
            "EG106",
            "duplicate",
            "d",
            installed="1, 2",
            path="/env/site/d2",
            evidence=("1 in /env/site/d1", "2 in /env/site/d2", last),
        ),
    ]


def test_unverifiable_lines(bench: Any) -> None:
    snapshot = bench.snapshot(
        bench.pin("gone", text="gone>=1", unverifiable="a range"),
        bench.pin("a", text="a>=1", unverifiable="a range", line=4),
        bench.pin("b", "1", text="", line=5),
        bench.pin("", text="", unverifiable="a local path", line=6),
        bench.pin("a", None, text="a", manager="conda", line=7),
    )
    environment = bench.environment(
        bench.dist("a", "2", traits=("pure",), installer="conda"),
        bench.dist("b", ""),
        conda=(CondaPackage(name="a", version="2", build="h", path="/m/a.json", python_name="a"),),
    )
    said = {"code": "EG111", "kind": "unverifiable"}
    changes = [change for change in bench.changes(snapshot, environment) if change.code == "EG111"]
    assert changes == [
        stated(**said, package="", line=6, evidence=("a local path",)),
        stated(**said, package="a", locked="a", line=7, evidence=("the line gives no exact version",)),
        stated(**said, package="a", locked="a>=1", installed="2", line=4, evidence=("a range",), traits=("pure",)),
        stated(
            **said,
            package="b",
            locked="1",
            line=5,
            evidence=("/env/site/b-.dist-info gives no version",),
        ),
    ]


def test_no_variant_is_passed_over_and_its_evidence_is_that_of_both_sides(bench: Any) -> None:
    snapshot = bench.snapshot(bench.pin("a", "1"), bench.pin("b", "1+cpu", line=4))
    environment = bench.environment(bench.dist("a", "2"), bench.dist("b", "1", traits=("native",)))
    (change,) = [change for change in bench.changes(snapshot, environment) if change.code == "EG104"]
    assert (change.package, change.traits) == ("b", ("native",))


def test_conda_packages_are_known_by_the_name_of_their_distribution(bench: Any) -> None:
    records = (
        CondaPackage(name="pytorch", version="2", build="h", path="/m/pytorch.json", python_name="torch"),
        CondaPackage(name="pillow-simd", version="9", build="h", path="/m/p.json", python_name="pillow"),
    )
    dists = (bench.dist("torch", "2", installer="pip"), bench.dist("pillow", "9", installer="conda"))
    snapshot = bench.snapshot(bench.pin("pytorch", "2", manager="conda"), bench.pin("pillow", "9", line=4))
    environment = bench.environment(*dists, conda=records)
    assert bench.said(snapshot, environment) == [("EG105", "source", "channel", "pytorch")]
    only_openssl = bench.snapshot(bench.pin("openssl", "3", manager="conda"))
    assert bench.said(only_openssl, environment) == [
        ("EG101", "removed", "", "openssl"),
        ("EG103", "added", "", "pillow"),
        ("EG103", "added", "", "torch"),
    ]
