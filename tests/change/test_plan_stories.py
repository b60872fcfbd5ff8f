"""What every inference image meets, judged before it happens, with real wheels and the rules of the example."""

import re
import shutil
import sys
from pathlib import Path

import pytest
from planning import freeze, listing, moved, verdicts

import envguard
from envguard import reporters
from envguard.change.installers.request import of_words
from envguard.change.planning.plan import Plan
from envguard.model import GRAVITY
from support import run

EXAMPLE = Path(__file__).parents[2] / "examples" / "envguard.toml"


class Scene:
    """An environment with these distributions, its golden file, and a folder with what could come."""

    def __init__(self, folder: Path, base: Path, installed: tuple[str, ...], offered: tuple[str, ...]) -> None:
        self.venv, self.wheels = folder / "venv", folder / "wheels"
        download = ("-m", "pip", "download", "-q", "--no-deps", "-d", self.wheels)
        rounds: list[dict[str, str]] = []  # pip downloads one version of a name at a time
        for each in (*installed, *offered):
            name = re.split("[=>]", each)[0]
            free = next((known for known in rounds if name not in known), None)
            if free is None:
                rounds.append({name: each})
            else:
                free[name] = each
        for known in rounds:
            done = run(sys.executable, *download, *known.values(), PIP_REQUIRE_VIRTUALENV="0")
            assert done.returncode == 0, done.stderr
        shutil.copytree(base, self.venv, symlinks=True)
        place = ("-m", "pip", "install", "-q", "--no-index", "--no-deps", "-f", self.wheels)
        done = run(self.venv / "bin" / "python", *place, *installed)
        assert done.returncode == 0, done.stderr
        self.lock = freeze(self.venv, folder / "envguard.lock", EXAMPLE.read_text(encoding="utf-8"))
        self.before = listing(self.venv)

    def plan(
        self, *words: str, free: bool = False, no_deps: bool = False, upgrade: bool = False, installer: str = ""
    ) -> Plan:
        """The plan of a request; the environment is as it was before."""
        found = envguard.plan(
            of_words(words, no_deps=no_deps, upgrade=upgrade),
            lock=self.lock,
            python=self.venv,
            offline=True,
            find_links=[self.wheels],
            free=free,
            installer=installer,
        )
        assert listing(self.venv) == self.before
        return found


REQUESTS = ("requests==2.31.0", "urllib3==2.2.3", "idna==3.7", "certifi==2024.8.30", "charset-normalizer==3.3.2")
ADDED = ("python-dateutil==2.9.0.post0", "pytz==2024.2", "tzdata==2024.2", "six==1.16.0")


ONNX = ("flatbuffers==24.3.25",)
PILLOW = pytest.mark.skipif(sys.version_info >= (3, 12), reason="Pillow 9.5 has no wheels for it")
NUMPY = pytest.mark.skipif(
    not (3, 11) <= sys.version_info[:2] <= (3, 12), reason="numpy 1.26 and pandas 3 have no common wheels for it"
)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, base_venv: Path) -> Scene:
    return Scene(tmp_path_factory.mktemp("small"), base_venv, REQUESTS, ("requests==2.32.5",))


def test_requests_may_move(small: Scene) -> None:
    found = small.plan("requests==2.32.5")
    assert moved(found) == {"requests": ("upgraded", "2.31.0", "2.32.5")}
    assert verdicts(found) == {"requests EG201": "safe"}
    (finding,) = found.report.findings
    assert finding.rule == "requests-2.32"
    assert found.report.at_least("cautious") == ()


def test_a_removal_breaks_who_requires_it_and_leaves_others_behind(small: Scene) -> None:
    found = small.plan("-idna")
    assert verdicts(found) == {"idna EG203": "forbidden", "requests EG223": "cautious"}
    found = small.plan("-requests")
    assert verdicts(found) == {"requests EG203": "forbidden"}
    behind = {note.package for note in found.report.notes if note.code == "EG207"}
    assert behind == {"certifi", "charset-normalizer", "idna", "urllib3"}


def test_what_is_named_is_told_from_what_it_brings(small: Scene) -> None:
    found = small.plan("idna==3.7", "requests[socks]==2.32.5", no_deps=True)
    (move,) = found.moves
    assert (move.name, move.requested, move.chain) == ("requests", True, ("requests",))
    assert found.command.endswith("requests==2.32.5")


@PILLOW
@pytest.mark.slow
def test_pillow_may_not_go_back_and_the_alternative_is_told(tmp_path: Path, base_venv: Path) -> None:
    found = Scene(tmp_path, base_venv, ("pillow==10.2.0",), ("pillow==9.5.0",)).plan("Pillow==9.5.0")
    assert moved(found) == {"pillow": ("downgraded", "10.2.0", "9.5.0")}
    (finding,) = found.report.findings
    assert (finding.verdict, finding.rule) == ("forbidden", "pillow-downgrade")
    told = reporters.render(found.report, "full", width=100)
    assert "keep pillow 10.2.0 and convert the images beforehand" in told
    assert told.count("\n") <= 16  # long paths of scratch folders take lines of their own


@pytest.fixture(scope="module")
def numerical(tmp_path_factory: pytest.TempPathFactory, base_venv: Path) -> Scene:
    offered = ("pandas==2.2.3", "pandas==3.1.1", "numpy==2.2.6", *ADDED)
    return Scene(tmp_path_factory.mktemp("numerical"), base_venv, ("numpy==1.26.4",), offered)


@NUMPY
@pytest.mark.slow
def test_pandas_is_safe_while_the_golden_set_holds_numpy(numerical: Scene) -> None:
    found = numerical.plan("pandas")
    assert moved(found)["pandas"] == ("added", "", "2.2.3")
    assert "numpy" not in moved(found)
    assert {finding.verdict for finding in found.report.findings} == {"safe"}
    chains = {move.name: move.chain for move in found.moves}
    assert chains["pandas"] == ("pandas",)
    assert chains["pytz"] == ("pandas", "pytz")
    assert chains["python-dateutil"] == ("pandas", "python-dateutil")


@NUMPY
@pytest.mark.slow
def test_pandas_is_forbidden_when_it_may_drag_numpy(numerical: Scene) -> None:
    found = numerical.plan("pandas", free=True)
    assert moved(found)["numpy"] == ("upgraded", "1.26.4", "2.2.6")
    numpy = found.report.findings[0]
    assert (numpy.change.package, numpy.verdict) == ("numpy", "forbidden")
    assert "asked for by pandas, which requires numpy>=" in numpy.change.evidence[0]
    (move,) = (move for move in found.moves if move.name == "numpy")
    assert (move.requested, move.chain) == (False, ("pandas", "numpy"))


@NUMPY
@pytest.mark.slow
@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_a_pin_that_stands_against_the_request_is_named(numerical: Scene, installer: str) -> None:
    found = numerical.plan("pandas==3.1.1", installer=installer)
    assert found.moves == ()
    assert verdicts(found) == {"numpy EG206": "forbidden"}
    change = found.report.findings[0].change
    assert change.locked == "1.26.4"
    assert change.installed.startswith("numpy>=2")
    assert "the golden file pins numpy==1.26.4" in change.evidence
    assert "without the pins it would become 2.2.6" in change.evidence


@pytest.mark.wheels
def test_a_second_onnxruntime_overwrites_the_first(tmp_path: Path, base_venv: Path) -> None:
    numpy = "numpy==1.26.4" if sys.version_info < (3, 13) else "numpy==2.2.6"
    scene = Scene(tmp_path, base_venv, ("onnxruntime==1.23.2", numpy, *ONNX), ("onnxruntime-gpu==1.23.2",))
    found = scene.plan("onnxruntime-gpu", no_deps=True)
    said = verdicts(found)
    assert said["onnxruntime-gpu EG202"] == said["onnxruntime-gpu EG220"] == "cautious"
    assert found.verdict == "cautious"
    (counted,) = (each.change.evidence[0] for each in found.report.findings if each.change.code == "EG220")
    assert counted.startswith("315 files of onnxruntime 1.23.2 would be overwritten: 4 with other bytes")
    # The way out that this row names is no dead end.
    found = scene.plan("-onnxruntime", "+onnxruntime-gpu", no_deps=True)
    said = verdicts(found)
    assert said["onnxruntime EG203"] == said["onnxruntime-gpu EG202"] == "cautious"
    assert {finding.rule for finding in found.report.findings if finding.change.code in ("EG202", "EG203")} == {
        "onnxruntime-swap-out",
        "onnxruntime-swap-in",
    }
    assert "EG220" not in {finding.change.code for finding in found.report.findings}


@pytest.mark.wheels
def test_torchvision_does_not_move_alone(tmp_path: Path, base_venv: Path) -> None:
    scene = Scene(tmp_path, base_venv, ("torch==2.13.0", "numpy==1.26.4"), ("torchvision==0.20.0",))
    found = scene.plan("torchvision==0.20.0")
    assert verdicts(found) == {"torch EG206": "forbidden"}
    assert "torchvision 0.20.0 requires torch==2.5.0" in found.report.findings[0].change.evidence
    found = scene.plan("torchvision==0.20.0", no_deps=True)
    family = [each for each in found.report.findings if each.change.part == "family"]
    assert [(each.change.code, each.change.package, each.verdict) for each in family] == [
        ("EG223", "torchvision", "forbidden")
    ]


@NUMPY
@pytest.mark.slow
def test_everything_is_one_screen_gravest_first_each_with_its_reason(tmp_path: Path, base_venv: Path) -> None:
    first = ("certifi==2024.2.2", "click==8.1.3", "filelock==3.13.1", "fsspec==2024.2.0", "markupsafe==2.1.5")
    old = (*first, "numpy==1.26.4", "pillow==10.2.0", "pytz==2023.4", "pyyaml==6.0.1", "tqdm==4.66.1")
    new = tuple(f"{each.partition('==')[0]}>{each.partition('==')[2]}" for each in old)
    found = Scene(tmp_path, base_venv, old, new).plan(upgrade=True)
    assert set(moved(found)) >= {each.partition("==")[0] for each in old}
    told = reporters.render(found.report, "full", width=100)
    assert told.count("\n") <= 40
    ranks = [GRAVITY.index(finding.verdict) for finding in found.report.findings]
    assert ranks == sorted(ranks, reverse=True)
    for finding in found.report.findings:
        assert finding.reason.split()[0] in told
        assert f"{finding.change.locked} → {finding.change.installed}" in " ".join(told.split())
