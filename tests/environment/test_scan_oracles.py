"""On real environments the scan sees what ``importlib.metadata`` and pip see, no more and no less."""

import json
import os
import sys
from pathlib import Path

import pytest
from building import base_python, broken, installed, run, uv

from envguard import environment
from envguard.versions import normalise, parse

METADATA = """
import importlib.metadata, json
print(json.dumps([(d.metadata["Name"], d.version) for d in importlib.metadata.distributions()]))
"""
PIP = """
import json, pip_api
print(json.dumps([(d.name, str(d.version)) for d in pip_api.installed_distributions().values()]))
"""


def _pairs(printed: str) -> set[tuple[str, str]]:
    return {(normalise(name), version) for name, version in json.loads(printed)}


def _comparable(pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """pip spells versions in their normal form."""
    return {(name, str(parse(version) or version)) for name, version in pairs}


def _agrees_with_both(python: Path | str, cwd: Path, monkeypatch: pytest.MonkeyPatch, **more: str) -> None:
    for name, value in more.items():
        monkeypatch.setenv(name, value)
    live = environment.scan(python=str(python))
    assert broken(live) == []
    assert [each.code for each in live.observations if each.code != "EG904"] == []
    ours = installed(live)
    assert ours == _pairs(run(python, "-c", METADATA, cwd=cwd, **more))
    if "pip" in {name for name, _version in ours}:
        seen = _pairs(run(sys.executable, "-c", PIP, cwd=cwd, PIPAPI_PYTHON_LOCATION=str(python), **more))
        assert {name for name, _version in ours} == {name for name, _version in seen}
        assert _comparable(seen) <= _comparable(ours)  # of a copy that another hides pip shows only the first


def test_the_environment_that_runs_the_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _agrees_with_both(sys.executable, tmp_path, monkeypatch)


def test_environment_made_by_uv(base_venv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _agrees_with_both(base_venv / "bin/python", tmp_path, monkeypatch)


@pytest.mark.slow
def test_environment_made_by_venv_and_pip(pip_venv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _agrees_with_both(pip_venv / "bin/python", tmp_path, monkeypatch)


@pytest.mark.slow
def test_environment_that_sees_the_system_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(uv(), "venv", "--quiet", "--system-site-packages", "--python", sys.executable, tmp_path / "venv")
    run(uv(), "pip", "install", "--quiet", "--no-deps", "--python", tmp_path / "venv/bin/python", "six==1.17.0")
    live = environment.scan(python=str(tmp_path / "venv"))
    assert len({each.location for each in live.distributions}) >= 2
    _agrees_with_both(tmp_path / "venv/bin/python", tmp_path, monkeypatch)


@pytest.mark.slow
def test_interpreter_without_a_virtual_environment(
    any_python: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _agrees_with_both(any_python, tmp_path, monkeypatch)


@pytest.mark.skipif(not os.path.exists("/usr/lib/python3/dist-packages"), reason="no Debian Python here")
def test_python_of_debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Legacy egg-info, a wheel's metadata without INSTALLER, and both for one distribution."""
    _agrees_with_both("/usr/bin/python3", tmp_path, monkeypatch)


@pytest.mark.slow
def test_user_site_and_pythonpath(venv: Path, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packages of the user are visible to an interpreter without a virtual environment."""
    home = tmp_path / "home"
    base = str(base_python())
    place = run(base, "-c", "import site; print(site.getusersitepackages())", HOME=str(home)).strip()
    Path(place).parent.mkdir(parents=True)
    (site / "idna-3.10.dist-info").rename(tmp_path / "idna-3.10.dist-info")
    (tmp_path / "idna").mkdir()
    (site / "idna").rename(tmp_path / "idna" / "idna")
    site.rename(place)
    (tmp_path / "idna-3.10.dist-info").rename(tmp_path / "idna" / "idna-3.10.dist-info")
    more = {"HOME": str(home), "PYTHONPATH": str(tmp_path / "idna")}
    _agrees_with_both(base, tmp_path, monkeypatch, **more)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "idna"))
    assert {("idna", "3.10"), ("attrs", "25.3.0")} <= installed(environment.scan(python=base))
    assert ("attrs", "25.3.0") in installed(environment.scan(python=str(venv)))  # its own
    monkeypatch.setenv("PYTHONNOUSERSITE", "1")
    assert ("attrs", "25.3.0") not in installed(environment.scan(python=base))
