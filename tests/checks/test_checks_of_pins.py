"""Tables: what is locked, what is installed, and the changes that must be stated, all of them."""

from __future__ import annotations

from typing import Any

import pytest

from envguard.model import Change, Source


def sha(letter: str) -> str:
    return "sha256:" + letter * 64


@pytest.mark.parametrize(
    ("locked", "installed", "kind", "part"),
    [
        ("1.0", "1.0.0", None, ""),
        ("1.0-1", "1.0.post1", None, ""),
        ("v1.0", "1.0", None, ""),
        ("2004d", "2004d", None, ""),
        ("1.26.4", "2.0.0", "upgraded", "major"),
        ("1.26.4", "1.27", "upgraded", "minor"),
        ("1.26.4", "1.26.5", "upgraded", "micro"),
        ("1.2.3.4", "1.2.3.5", "upgraded", "micro"),
        ("1.0", "1.0.post1", "upgraded", "post"),
        ("1.0rc1", "1.0", "upgraded", "pre"),
        ("1.0.dev1", "1.0.dev2", "upgraded", "dev"),
        ("2.0", "1!1.0", "upgraded", "epoch"),
        ("10.2.0", "9.5.0", "downgraded", "major"),
        ("2004d", "2004e", "different", "other"),
        ("1.0", "0.1.0-SNAPSHOT", "different", "other"),
        ("2.5.0+cu124", "2.4.0+cpu", "downgraded", "minor"),
        ("2.5.0", "2.5.1+cu124", "upgraded", "micro"),
    ],
)
def test_versions(bench: Any, locked: str, installed: str, kind: str | None, part: str) -> None:
    said = bench.said(bench.snapshot(bench.pin("a", locked)), bench.environment(bench.dist("a", installed)))
    assert said == ([] if kind is None else [("EG102", kind, part, "a")])


def test_a_moved_version_points_to_the_line_and_names_both_sides(bench: Any) -> None:
    pin = bench.pin("a", "1.0", line=7)
    (change,) = bench.changes(bench.snapshot(pin), bench.environment(bench.dist("a", "2.0", traits=("code", "pure"))))
    assert (change.path, change.line, change.locked, change.installed) == ("app.lock", 7, "1.0", "2.0")
    assert change.evidence == ("found in /env/site/a-2.0.dist-info",)
    assert change.traits == ("code", "pure")


def test_a_locked_package_that_is_not_there_is_missing(bench: Any) -> None:
    pin = bench.pin("a", "1.0", tags=("cp311-cp311-manylinux_2_17_x86_64",))
    (change,) = bench.changes(bench.snapshot(pin), bench.environment(bench.dist("pip", "24.0")))
    assert (change.code, change.kind, change.locked, change.installed) == ("EG101", "removed", "1.0", "")
    assert change.traits == ("native",)


def test_a_missing_package_is_said_once_even_where_its_line_is_not_exact(bench: Any) -> None:
    pin = bench.pin("a", text="a>=1", unverifiable="a range")
    said = bench.said(bench.snapshot(pin), bench.environment(bench.dist("pip", "24.0")))
    assert said == [("EG101", "removed", "", "a")]


@pytest.mark.parametrize(
    ("pin", "sealed", "dist", "actual", "drifts"),
    [
        # The three outcomes: equal, the local label alone differs, different (see test_versions).
        ("2.5.0+cu124", None, "2.5.0+cu124", None, False),
        ("2.5.0+cu.124", None, "2.5.0+CU-124", None, False),
        ("2.5.0", None, "2.5.0+cu124", "cu124", True),
        ("2.5.0+cpu", None, "2.5.0+cu124", "cu124", True),
        ("2.5.0+cpu", None, "2.5.0+cu124", None, True),
        # Wheels of the index carry no label: what the package says of itself counts.
        ("2.5.0+cpu", None, "2.5.0", "cpu", False),
        ("2.5.0+cpu", None, "2.5.0", "cu124", True),
        ("2.5.0+cpu", None, "2.5.0", None, True),
        ("2.5.0+cu124.with.cudnn", None, "2.5.0", "cu124", False),
        ("2.5.0+cu12", None, "2.5.0", "cu1", True),
        ("2.5.0", None, "2.5.0", "cu124", False),
        ("2.5.0", "cu124", "2.5.0", "cu124", False),
        ("2.5.0", "cu124", "2.5.0", "CU124", False),
        ("2.5.0", "cu124", "2.5.0", "cpu", True),
        ("2.5.0", "cu124", "2.5.0", None, False),
        ("2.5.0", "cu124", "2.5.0+cu124", None, False),
        ("2.5.0", "cpu", "2.5.0+cu124", None, True),
        # A label that says one thing and a package that says another.
        ("2.5.0+cu124", None, "2.5.0+cu124", "cpu", True),
        ("2.5.0+cu124", "cu124", "2.5.0+cu124", "cpu", True),
        # A label of another sort claims nothing about the target.
        ("2.5.0+git123", None, "2.5.0+git123", "cpu", False),
        ("1.0+deb1", None, "1.0+deb2", None, True),
    ],
)
def test_variants(  # noqa: PLR0917 - the columns of the table
    bench: Any, pin: str, sealed: str | None, dist: str, actual: str | None, drifts: bool
) -> None:
    snapshot = bench.snapshot(bench.pin("torch", pin, variant=sealed, record=sha("a")))
    environment = bench.environment(bench.dist("torch", dist, variant=actual, record=sha("b" if drifts else "a")))
    assert bench.said(snapshot, environment) == ([("EG104", "variant", "local", "torch")] if drifts else [])


def test_a_variant_is_shown_as_the_label_that_asks_for_it_and_is_cuda_on_either_side(bench: Any) -> None:
    snapshot = bench.snapshot(bench.pin("torch", "2.5.0", variant="cu124"))
    (change,) = bench.changes(snapshot, bench.environment(bench.dist("torch", "2.5.0", variant="cpu")))
    assert (change.locked, change.installed) == ("2.5.0+cu124", "2.5.0+cpu")
    assert "cuda" in change.traits
    assert "the package itself says cpu" in change.evidence


@pytest.mark.parametrize(
    ("locked", "installed", "kind"),
    [
        (sha("a"), sha("a"), None),
        (sha("a"), sha("b"), ("EG107", "rebuilt")),
        (sha("a"), "", ("EG109", "broken")),
        ("", sha("b"), None),
    ],
)
def test_records(bench: Any, locked: str, installed: str, kind: tuple[str, str] | None) -> None:
    snapshot = bench.snapshot(bench.pin("a", "1.0", record=locked))
    said = bench.said(snapshot, bench.environment(bench.dist("a", "1.0.0", record=installed)))
    assert said == ([] if kind is None else [(*kind, "", "a")])


def test_a_rebuilt_package_shows_both_digests_and_both_tags(bench: Any) -> None:
    old, new = ("cp311-cp311-linux_x86_64",), ("py3-none-any",)
    snapshot = bench.snapshot(bench.pin("a", "1.0", record=sha("a"), tags=old))
    dist = bench.dist("a", "1.0", record=sha("b"), tags=new, traits=("pure",))
    (change,) = bench.changes(snapshot, bench.environment(dist))
    assert change.evidence == (
        f"locked record {sha('a')}",
        f"installed record {sha('b')}",
        f"locked tags {old[0]}",
        f"installed tags {new[0]}",
    )
    assert change.traits == ("native",)  # native on one side is native


def test_records_are_no_question_of_depth_versions(bench: Any) -> None:
    snapshot = bench.snapshot(bench.pin("a", "1.0", record=sha("a")))
    assert bench.said(snapshot, bench.environment(bench.dist("a", "1.0", record=sha("b"))), "versions") == []


def test_another_version_or_damaged_metadata_is_not_also_another_artifact(bench: Any) -> None:
    snapshot = bench.snapshot(bench.pin("a", "1.0", record=sha("a")))
    assert bench.said(snapshot, bench.environment(bench.dist("a", "1.1", record=sha("b")))) == [
        ("EG102", "upgraded", "minor", "a")
    ]
    damaged = Change(code="EG109", kind="broken", package="a", installed="1.0")
    environment = bench.environment(bench.dist("a", "1.0"), observations=(damaged,))
    assert bench.changes(snapshot, environment) == [damaged]


GIT = Source(kind="vcs", url="https://example.org/a/b", revision="1234567890abcdef" * 2 + "12345678")
WHEEL = Source(kind="archive", url="https://example.org/a-1.0-py3-none-any.whl", digest=sha("c"))
FOLDER = Source(kind="directory", url="file:///src/a")
EDITABLE = FOLDER.replace(editable=True)


@pytest.mark.parametrize(
    ("locked", "hashes", "installed", "drifts"),
    [
        (None, (), None, False),
        (None, (), GIT, True),
        (None, (), EDITABLE, True),
        (None, (), WHEEL, True),
        (None, (sha("c"),), WHEEL, False),
        (None, (sha("d"),), WHEEL, True),
        (None, (sha("c"),), FOLDER.replace(digest=sha("c")), True),
        (GIT, (), None, True),
        (GIT, (), GIT, False),
        (GIT, (), GIT.replace(url="ssh://EXAMPLE.org/a/b.git/"), False),
        (GIT, (), GIT.replace(url="https://example.org/a/c"), True),
        (GIT, (), GIT.replace(revision="f" * 40), True),
        (GIT.replace(revision="1234567"), (), GIT, False),
        (GIT.replace(revision="123456"), (), GIT, True),
        (GIT.replace(revision="v1.0.0.0"), (), GIT, True),
        (GIT.replace(revision=""), (), GIT.replace(revision=""), True),
        (GIT, (), GIT.replace(subdirectory="python"), True),
        (GIT, (), WHEEL, True),
        (WHEEL, (), WHEEL, False),
        (WHEEL, (), WHEEL.replace(url="file:///mirror/a.whl"), False),
        (WHEEL, (), WHEEL.replace(digest=sha("d")), True),
        (WHEEL, (), WHEEL.replace(digest=sha("C")), False),
        (WHEEL, (), WHEEL.replace(digest=""), False),
        (WHEEL, (), WHEEL.replace(digest="", url="https://example.org/other.whl"), True),
        (WHEEL.replace(digest=""), (sha("c"),), WHEEL.replace(url="file:///mirror/a.whl"), False),
        (FOLDER, (), FOLDER, False),
        (FOLDER, (), EDITABLE, True),
        (EDITABLE, (), EDITABLE.replace(url="file:///elsewhere/a"), True),
    ],
)
def test_sources(
    bench: Any, locked: Source | None, hashes: tuple[str, ...], installed: Source | None, drifts: bool
) -> None:
    snapshot = bench.snapshot(bench.pin("a", "1.0", source=locked, hashes=hashes))
    said = bench.said(snapshot, bench.environment(bench.dist("a", "1.0", source=installed)))
    assert said == ([("EG105", "source", "", "a")] if drifts else [])


def test_a_source_without_a_version_is_compared_as_a_source(bench: Any) -> None:
    snapshot = bench.snapshot(bench.pin("a", source=GIT))
    environment = bench.environment(bench.dist("a", "1.0", source=GIT.replace(revision="f" * 40)))
    (change,) = bench.changes(snapshot, environment)
    assert change.locked == f"{GIT.url}@{GIT.revision}"
    assert change.installed == f"{GIT.url}@{'f' * 40}"


def test_the_same_files_from_another_place_are_said_to_be_the_same(bench: Any) -> None:
    snapshot = bench.snapshot(bench.pin("a", "1.0", record=sha("a")))
    environment = bench.environment(bench.dist("a", "1.0", record=sha("a"), source=WHEEL))
    assert bench.said(snapshot, environment) == [("EG105", "source", "place", "a")]


def test_other_files_from_another_place_are_two_facts(bench: Any) -> None:
    snapshot = bench.snapshot(bench.pin("a", "1.0", record=sha("a")))
    environment = bench.environment(bench.dist("a", "1.0", record=sha("b"), source=WHEEL))
    assert bench.said(snapshot, environment) == [("EG105", "source", "", "a"), ("EG107", "rebuilt", "", "a")]


def test_an_editable_install_is_one_fact_and_its_record_proves_nothing(bench: Any) -> None:
    snapshot = bench.snapshot(bench.pin("a", "1.0", record=sha("a")))
    for record in (sha("a"), sha("b"), ""):
        environment = bench.environment(bench.dist("a", "1.0", record=record, source=EDITABLE))
        assert bench.said(snapshot, environment) == [("EG105", "source", "", "a")]


def test_an_editable_checkout_hides_its_commit(bench: Any) -> None:
    snapshot = bench.snapshot(bench.pin("a", source=GIT.replace(editable=True)))
    environment = bench.environment(bench.dist("a", "1.0", source=EDITABLE))
    assert bench.said(snapshot, environment) == [("EG111", "unverifiable", "", "a")]


def test_a_line_that_pins_nothing_exact_is_stated_with_its_reason(bench: Any) -> None:
    snapshot = bench.snapshot(
        bench.pin("a", text="a>=1", unverifiable="a range, not one version"),
        bench.pin("", text="./local", unverifiable="a local path", line=4),
        bench.pin("b", line=5),
    )
    environment = bench.environment(bench.dist("a", "1.0"), bench.dist("b", "1.0"))
    changes = bench.changes(snapshot, environment)
    assert [(c.package, c.locked, c.line, c.evidence) for c in changes] == [
        ("", "./local", 4, ("a local path",)),
        ("a", "a>=1", 3, ("a range, not one version",)),
        ("b", "b", 5, ("the line gives neither an exact version nor a source",)),
    ]
    assert {c.code for c in changes} == {"EG111"}


def test_a_distribution_without_a_version_is_unverifiable_unless_its_damage_is_stated(bench: Any) -> None:
    snapshot = bench.snapshot(bench.pin("a", "1.0", variant="cpu", record=sha("a")))
    dist = bench.dist("a", "", record=sha("b"))
    assert bench.said(snapshot, bench.environment(dist)) == [("EG111", "unverifiable", "", "a")]
    damaged = Change(code="EG109", kind="broken", package="a")
    assert bench.changes(snapshot, bench.environment(dist, observations=(damaged,))) == [damaged]


def test_what_is_said_of_an_editable_checkout_in_full(bench: Any) -> None:
    snapshot = bench.snapshot(bench.pin("a", source=GIT.replace(editable=True)))
    environment = bench.environment(bench.dist("a", "1.0", source=EDITABLE, traits=("editable",)))
    assert bench.changes(snapshot, environment) == [
        Change(
            code="EG111",
            kind="unverifiable",
            package="a",
            locked=f"editable {GIT.url}@{GIT.revision}",
            installed=f"editable {FOLDER.url}",
            path="app.lock",
            line=3,
            evidence=("an editable checkout does not record its commit",),
            traits=("editable",),
        )
    ]


@pytest.mark.parametrize(
    ("pin", "sealed", "dist", "actual", "shown", "evidence"),
    [
        (
            "2.5.0+cpu",
            "cpu",
            "2.5.0+cu124",
            "cu124",
            ("2.5.0+cpu", "2.5.0+cu124"),
            (
                "locked version 2.5.0+cpu, sealed variant cpu",
                "installed version 2.5.0+cu124 in /env/site/torch-2.5.0+cu124.dist-info",
                "the package itself says cu124",
            ),
        ),
        (
            "2.5.0+cpu",
            None,
            "2.5.0",
            None,
            ("2.5.0+cpu", "2.5.0"),
            ("locked version 2.5.0+cpu", "installed version 2.5.0 in /env/site/torch-2.5.0.dist-info"),
        ),
    ],
)
def test_what_is_said_of_a_variant_in_full(  # noqa: PLR0917 - the columns of the table
    bench: Any, pin: str, sealed: str | None, dist: str, actual: str | None, shown: Any, evidence: Any
) -> None:
    snapshot = bench.snapshot(bench.pin("torch", pin, variant=sealed))
    (change,) = bench.changes(snapshot, bench.environment(bench.dist("torch", dist, variant=actual)))
    assert (change.locked, change.installed) == shown
    assert change.evidence == evidence


@pytest.mark.parametrize("digest", ["a:b:c", "sha256:" + "c:" * 3])
def test_an_odd_digest_is_compared_by_its_algorithm(bench: Any, digest: str) -> None:
    locked = WHEEL.replace(digest=digest)
    snapshot = bench.snapshot(bench.pin("a", source=locked))
    same = bench.dist("a", "1.0", source=locked.replace(url="file:///mirror/a.whl"))
    other = bench.dist("a", "1.0", source=locked.replace(digest=digest.replace("c", "d")))
    assert bench.said(snapshot, bench.environment(same)) == []
    assert bench.said(snapshot, bench.environment(other)) == [("EG105", "source", "", "a")]


def test_a_branch_that_looks_almost_like_a_commit_is_none(bench: Any) -> None:
    for revision in ("release", "deadbee-x", "xdeadbeef", "feature1"):
        source = GIT.replace(revision=revision)
        snapshot = bench.snapshot(bench.pin("a", source=source))
        found = GIT.replace(revision=revision + "0" * 20)
        assert bench.said(snapshot, bench.environment(bench.dist("a", "1", source=found))) != []
    upper = bench.snapshot(bench.pin("a", source=GIT.replace(revision=GIT.revision[:12].upper())))
    assert bench.said(upper, bench.environment(bench.dist("a", "1", source=GIT))) == []


def test_a_target_is_read_from_the_front_of_a_label(bench: Any) -> None:
    for label in ("cu124.with.cudnn", "rocm6.1", "cpu.cxx11.abi"):
        target = {"cu124.with.cudnn": "cu124", "rocm6.1": "rocm6.1", "cpu.cxx11.abi": "cpu"}[label]
        snapshot = bench.snapshot(bench.pin("torch", f"2.5.0+{label}"))
        same = bench.dist("torch", f"2.5.0+{label}", variant=target)
        other = bench.dist("torch", f"2.5.0+{label}", variant="xpu")
        assert bench.said(snapshot, bench.environment(same)) == [], label
        assert bench.said(snapshot, bench.environment(other)) == [("EG104", "variant", "local", "torch")], label


def test_every_moved_version_is_stated_whatever_stands_between(bench: Any) -> None:
    pins = [bench.pin(name, version) for name, version in (("a", "1"), ("b", None), ("c", "1"), ("d", "1"), ("e", "1"))]
    snapshot = bench.snapshot(*pins)
    found = (("a", "2"), ("b", "1"), ("c", ""), ("d", "1"), ("e", "0"))
    said = bench.said(snapshot, bench.environment(*(bench.dist(*row) for row in found)))
    assert [row for row in said if row[0] == "EG102"] == [
        ("EG102", "downgraded", "major", "e"),
        ("EG102", "upgraded", "major", "a"),
    ]
