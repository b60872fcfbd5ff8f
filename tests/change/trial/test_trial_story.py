"""A change tried, accepted, applied; a change that fails its test; and the original as it was."""

import json

import pytest

from trial_box import Box

REGRESSION = "import json, six; json.dump({'x': 0.1, 'v': six.__version__ >= '1.17'}, open('out.json', 'w'))"


def test_a_change_is_tried_accepted_and_applied(box: Box) -> None:
    before = box.state()
    done = box.tried("six==1.17.0", test='python -c "import six; print(six.__version__)"')
    assert done.returncode == 0, done.stderr
    assert "passed" in done.stdout
    assert box.state() == before
    assert box.check() == 0
    (said,) = box.trials()
    assert said["state"] == "passed"
    assert [(move["name"], move["before"], move["after"]) for move in said["plan"]["moves"]] == [
        ("six", "1.16.0", "1.17.0")
    ]
    assert (said["equal"]["depth"], said["equal"]["findings"], said["broken"]) == ("native", [], [])
    logs = sorted((box.folder / ".envguard" / "trials" / said["id"] / "logs").glob("*-test-*.log"))
    assert [log.read_text().strip() for log in logs] == ["1.16.0", "1.17.0"]
    old = (box.folder / "envguard.lock").read_bytes()

    done = box.accept("--why", "a newer one")
    assert done.returncode == 0, done.stderr
    assert "six 1.16.0 -> 1.17.0" in done.stderr
    assert box.state() == before
    assert box.check() == 1
    entries = box.history()
    assert [entry["why"] for entry in entries] == ["", "a newer one"]
    assert (box.folder / ".envguard" / "history" / entries[0]["lock"]).read_bytes() == old

    done = box.accept("--apply")
    assert done.returncode == 0, done.stderr
    assert box.check() == 0
    assert "1.17.0" in (box.site / "six.py").read_text()
    assert (
        box(
            "check", "--python", box.live, "--lock", box.folder / ".envguard" / "history" / entries[0]["lock"]
        ).returncode
        == 1
    )
    assert box.trials()[0]["state"] == "applied"


@pytest.mark.slow
def test_a_change_that_fails_the_regression_is_rejected_and_nothing_was_touched(box: Box) -> None:
    before, golden = box.state(), (box.folder / "envguard.lock").read_bytes()
    (box.folder / "regression.py").write_text(REGRESSION)
    done = box.tried("six==1.17.0", "--compare", "out.json", test="python regression.py")
    assert done.returncode == 1, done.stderr
    assert "$.v: False before, True after" in done.stdout
    refused = box.accept()
    assert refused.returncode == 2
    assert "no passed" in refused.stderr
    (said,) = box.trials()
    refused = box.accept(said["id"])
    assert refused.returncode == 1
    assert "is failed" in refused.stderr
    assert box("reject").returncode == 0
    assert box.trials() == []
    assert box.state() == before
    assert (box.folder / "envguard.lock").read_bytes() == golden
    assert box.history() == []


@pytest.mark.slow
def test_a_test_that_fails_without_the_change_says_nothing_about_it(box: Box) -> None:
    done = box.tried("six==1.17.0", test="python -c 'raise SystemExit(5)'")
    assert done.returncode == 2
    assert "failed with exit code 5 before anything was changed" in done.stderr
    (said,) = box.trials()
    assert (said["state"], "after" in said) == ("unjudged", False)
    assert not (box.folder / ".envguard" / "trials" / said["id"] / "env").exists()


@pytest.mark.slow
def test_a_forbidden_change_is_not_tried(box: Box) -> None:
    (box.folder / "envguard.toml").write_text(
        '[[rules]]\nid = "six-stays"\npackage = ["six"]\nverdict = "forbidden"\n'
        'reason = "it must"\ninstead = "leave it"\n'
    )
    assert box("freeze", "--python", box.live, "--depth", "files").returncode == 0
    done = box.tried("six==1.17.0")
    assert done.returncode == 1
    assert "it must" in done.stdout
    assert "leave it" in done.stdout
    assert "forbidden, so it is not tried" in done.stderr
    assert not (box.folder / ".envguard").exists()


def test_a_cautious_change_needs_somebody_who_agrees(box: Box) -> None:
    source = ("--python", box.live, "--offline", "--find-links", box.wheels, "--test", "python -c pass")
    done = box("try", "six==1.17.0", *source, "--output-format", "json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["verdict"] == "cautious"
    assert "--yes" in done.stderr
    assert not (box.folder / ".envguard").exists()
