"""A healthy environment of 100 distributions and more, much of it compiled: the guard has nothing to say of it.

It is built by the benchmarks' own script, in a folder that ENVGUARD_WORK may name to keep it between runs.
"""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from envguard import comparing, environment
from envguard.facts.natives import Natives
from support import SOURCE, run, scrubbed

pytestmark = [pytest.mark.wheels, pytest.mark.slow]

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

LOAD_EACH = """
import ctypes, json, os, signal, sys
for path in json.load(sys.stdin):
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm(60)
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1), os.dup2(silent, 2)
        try:
            ctypes.CDLL(path, mode=os.RTLD_NOW)
        except OSError as error:
            os.write(writing, str(error).encode()[:2000])
        os._exit(0)
    os.close(writing)
    said = b""
    while chunk := os.read(reading, 4096):
        said += chunk
    os.close(reading)
    _pid, status = os.waitpid(child, 0)
    print(json.dumps([path, said.decode("utf-8", "replace"), os.waitstatus_to_exitcode(status)]), flush=True)
"""

EXPLAINED = {
    "static TLS": "thread-local storage that must be there at start: a question of space, not of names",
}
"""Words of the loader for what no name, symbol or version can show, and why."""

IMPORTS = (
    "numpy",
    "scipy.linalg",
    "pandas",
    "sklearn",
    "cv2",
    "pyarrow",
    "onnxruntime",
    "torch",
    "tensorflow",
    "jax",
    "ray",
    "xgboost",
    "matplotlib",
    "lxml.etree",
    "psycopg",
    "zmq",
)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    sys.path.insert(0, str(BENCHMARKS))
    try:
        environments: Any = importlib.import_module("environments")
        with environments.work_folder(os.environ.get("ENVGUARD_WORK")) as work:
            yield environments.native(work).python
    finally:
        sys.path.remove(str(BENCHMARKS))
        for name in [name for name in sys.modules if name == "environments"]:
            del sys.modules[name]


@pytest.fixture(scope="module")
def natives(python: Path) -> Iterator[Natives]:
    with comparing.natives_of(environment.scan(python=str(python))) as read:
        yield read


def test_doctor_finds_no_fault(python: Path, tmp_path: Path) -> None:
    done = run(
        sys.executable, "-m", "envguard", "doctor", "--python", python, "--output-format", "json",
        cwd=tmp_path, PYTHONPATH=str(SOURCE), XDG_CACHE_HOME=str(tmp_path),
    )  # fmt: skip
    report = json.loads(done.stdout)
    assert report["findings"] == []
    assert (done.returncode, report["verdict"]) == (0, "pinned")
    assert {"native", "gpu", "claims"} <= set(report["checks"])


def test_it_is_large_enough_to_mean_something(natives: Natives) -> None:
    assert len(natives.environment.distributions) >= 100
    assert len(natives.files) >= 700


def test_what_is_called_healthy_is_imported(python: Path, tmp_path: Path) -> None:
    for name in IMPORTS:
        done = subprocess.run(
            [python, "-W", "ignore", "-c", f"import {name}"],
            cwd=tmp_path,
            env=scrubbed(HOME=str(tmp_path)),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{name}: {done.stderr[-2000:]}"


def test_every_shared_object_loads_where_the_model_says_so(python: Path, natives: Natives, tmp_path: Path) -> None:
    """Each file alone, in a forked child: what the loader refuses, the model refuses, and the other way round."""
    paths = [file.path for file in natives.files]
    done = subprocess.run(
        [python, "-c", LOAD_EACH],
        input=json.dumps(paths),
        cwd=tmp_path,
        env=scrubbed(HOME=str(tmp_path)),
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [path for path, _said, _status in answers] == paths
    refused = {path: said for path, said, _status in answers if said}
    predicted = {file.path for file in natives.files if _is_refused(natives, file.elf)}
    unexpected = {path: said for path, said in refused.items() if path not in predicted}
    assert {path: said for path, said in unexpected.items() if not any(word in said for word in EXPLAINED)} == {}
    assert predicted - set(refused) == set()


def _is_refused(natives: Natives, elf: Any) -> bool:
    """By the plain rules of the loader: no help from other packages, as when the file is opened alone."""
    loader = natives.loader
    closure = loader.closure(elf)
    if closure.missing:
        return True
    scope = (*loader.scope, *closure.order)
    return any(loader.unresolved(each, scope) or loader.missing_versions(each, scope) for each in closure.order)
