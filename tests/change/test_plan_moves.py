"""What moves, as the golden file sees it."""

from envguard.change.installers.resolution import Arrival, Resolution
from envguard.change.planning import moves
from envguard.change.wheels.incoming import Incoming
from envguard.environment.interpreter import markers
from envguard.model import Change, Distribution, Pin, Snapshot
from envguard.proposal import Move
from support import LINUX

GOLDEN = Snapshot(path="envguard.lock", format="envguard.lock", sha256="")


def state(
    before: str, after: str, *pins: Pin, golden: Snapshot = GOLDEN, said: "Incoming | None" = None, **fields: object
) -> tuple[Move, Change | None]:
    """The move of ``six`` from one version to another, and what is said of it; empty is not installed."""
    installed = {"six": Distribution(name="six", version=before, path="", location="", **fields)} if before else {}  # type: ignore[arg-type]
    arrivals = (Arrival(name="six", version=after),) if after else ()
    arriving = [said or Incoming(name="six", version=after)] if after else []
    resolution = Resolution(installer="pip", arrivals=arrivals, removals=() if after else ("six",))
    found = moves.moves(resolution, arriving, installed, {}, ["six"], markers=markers(LINUX))
    told = moves.changes(found, golden.replace(pins=pins), installed, {each.name: each for each in arriving})
    return found[0], told[0] if told else None


def kind(*given: object, **fields: object) -> tuple[str, str, str]:
    _move, change = state(*given, **fields)  # type: ignore[arg-type]
    assert change is not None
    return change.code, change.kind, change.part


PIN = Pin(name="six", version="1.16.0", path="envguard.lock", line=3)


def test_a_version_is_compared_with_the_golden_one_and_not_with_a_drifted_one() -> None:
    assert kind("1.16.0", "1.17.0", PIN) == ("EG201", "upgraded", "minor")
    assert kind("1.17.0", "1.16.0", PIN) == ("EG205", "restored", "")
    assert kind("", "1.16.0", PIN) == ("EG205", "restored", "")
    assert kind("2.0", "1.17.0", PIN) == ("EG201", "upgraded", "minor")
    _move, change = state("2.0", "1.17.0", PIN)
    assert change is not None
    assert change.evidence == ("2.0 is installed now, which is not the locked version",)
    assert (change.path, change.line, change.locked) == ("envguard.lock", 3, "1.16.0")


def test_what_the_golden_file_does_not_name_is_compared_with_what_is_there() -> None:
    assert kind("1.16.0", "1.15.0") == ("EG201", "downgraded", "minor")
    assert kind("", "1.15.0") == ("EG202", "added", "")
    assert kind("2004d", "2005a") == ("EG201", "different", "other")


def test_a_removal_is_grave_unless_nothing_was_said_of_the_package() -> None:
    assert kind("1.16.0", "", PIN) == ("EG203", "removed", "")
    assert kind("1.16.0", "") == ("EG205", "restored", "")
    assert kind("1.16.0", "", golden=GOLDEN.replace(complete=False)) == ("EG203", "removed", "")


def test_the_same_version_from_another_artifact_is_another() -> None:
    wheel = Incoming(name="six", version="1.16.0", record="sha256:aa")
    move, change = state("1.16.0", "1.16.0", PIN, said=wheel, record="sha256:aa")
    assert (move.kind, change) == ("reinstalled", None)
    sealed = PIN.replace(record="sha256:bb")
    assert kind("1.16.0", "1.16.0", sealed, said=wheel, record="sha256:bb") == ("EG204", "rebuilt", "")


def test_another_local_label_is_another_variant_unless_the_lock_leaves_labels_out() -> None:
    pin = PIN.replace(version="2.5.0+cpu")
    assert kind("2.5.0+cpu", "2.5.0+cu124", pin) == ("EG204", "variant", "local")
    unknown = PIN.replace(version="2.5.0", local_unknown=True)
    assert kind("2.4.0+cpu", "2.5.0+cpu", unknown) == ("EG205", "restored", "")
    assert kind("2.5.0+cpu", "2.5.0+cu124", unknown) == ("EG204", "variant", "local")


def test_traits_are_those_of_both_sides_and_pure_must_hold_on_both() -> None:
    pure = Incoming(name="six", version="1.17.0", traits=("code", "pure"))
    _move, change = state("1.16.0", "1.17.0", PIN, said=pure, traits=("code", "native"))
    assert change is not None
    assert change.traits == ("code", "native")
    _move, change = state("", "1.17.0", said=pure)
    assert change is not None
    assert change.traits == ("code", "pure")


def test_cuda_that_is_new_and_meant_for_this_machine_is_listed() -> None:
    requires = ("nvidia-old>1", "nvidia-new; sys_platform == 'linux'", "cuda-mac; sys_platform == 'darwin'", "idna")
    said = Incoming(name="six", version="1.17.0", requires=requires)
    move, _change = state("1.16.0", "1.17.0", PIN, said=said, requires=("nvidia-old",))
    assert move.cuda_added == ("nvidia-new; sys_platform == 'linux'",)
