"""What counts as fixed, as a series, as newest: for names of images, and for what a command line installs."""

import pytest

from envguard.repository import images, installs, shell
from envguard.repository.said import UNKNOWN, Located

DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("reference", "state"),
    [
        ("python", "newest"),
        ("python:", "newest"),
        ("host:5000/img", "newest"),
        ("x:latest", "newest"),
        ("x:latest-gpu", "newest"),
        ("x:latest-1.2.3", "newest"),
        ("x:main-v1.2.3", "newest"),
        ("x:stable", "newest"),
        ("x:stability-1", "series"),
        ("x:mainline", "series"),
        ("node:20-alpine", "series"),
        ("x:v1", "series"),
        ("x:v1.2", "series"),
        ("x:3.11-1.2.3", "series"),
        ("x:3.11-alpine3.19.1", "series"),
        ("x:python3.11-bookworm-slim", "series"),
        ("debian:12.4", "series"),
        ("x:24.05", "series"),
        ("x:7.0.0-SNAPSHOT", "series"),
        ("x:3.11.7-latest", "series"),
        ("x:pr-123", "series"),
        ("x:ltsc2022", "series"),
        ("postgres:16", "series"),
        ("nvcr.io/nvidia/x:24.13-py3", "series"),
        ("x@sha256:abc", "series"),
        ("x:1.2.3@", "series"),
        ("x:1.2.3", "version"),
        ("x:v1.2.3-rc1", "version"),
        ("x:4.0.1rc1", "version"),
        ("x:1.27.0-alpine3.19", "version"),
        ("x:2.60.0-py311-cu124", "version"),
        ("x:cu124-2.8.0", "version"),
        ("x:rocm6.2_ubuntu22.04_py3.10_pytorch_release_2.3.0", "version"),
        ("x:RELEASE.2024-01-11T07-46-16Z", "version"),
        ("x:2023-10-20", "version"),
        ("x:stable-20240111-slim", "version"),
        ("x:cafe1234", "version"),
        ("x:sha-1a2b3c4-rocm", "version"),
        ("x:build-12345", "version"),
        ("postgres:16.1", "version"),
        ("docker.io/library/postgres:16.1-alpine", "version"),
        ("nvcr.io/nvidia/x:24.05-py3", "version"),
        (f"x@{DIGEST}", "digest"),
        (f"x:latest@{DIGEST}", "digest"),
        (f"h:5/x:1@{DIGEST}", "digest"),
        (UNKNOWN, "unknown"),
        (f"x:{UNKNOWN}", "unknown"),
        (f"x:{UNKNOWN}-1.2.3", "unknown"),
        (f"x@{UNKNOWN}", "unknown"),
        (f"{UNKNOWN}:latest", "unknown"),
        (f"{UNKNOWN}/x:latest", "newest"),
        (f"x:1.2.3-{UNKNOWN}", "version"),
        (f"x:1.2.{UNKNOWN}", "unknown"),
        ("x" * 1000, "unknown"),
    ],
)
def test_images(reference: str, state: str) -> None:
    assert images.judge(reference).state == state


@pytest.mark.parametrize(
    ("line", "opened"),
    [
        ("pip install torch --index-url https://example.org", ["torch"]),
        ("pip install torch==2.8.0 --hash=sha256:aa", []),
        ("pip install 'torch == 2.8.0,!=2'", []),
        ("pip install -U", []),
        ("pip install -qU a", ["a"]),
        ("pip install -qr r.txt", []),
        ("pip install -Ur r.txt b", ["b"]),
        ("pip install -rr.txt -t /x boto3", ["boto3"]),
        ("pip --python v install q", ["q"]),
        ("pip install -- q", ["q"]),
        ("v/bin/pip install q", ["q"]),
        ("timeout 60 nice -n 5 pip install q", ["q"]),
        ("poetry run pip install q", ["q"]),
        ("function f { pip install q; }", ["q"]),
        ("f() { pip install q; }", ["q"]),
        ("case $x in a) pip install q;; esac", ["q"]),
        ("[ -f x ] && ! pip install q", ["q"]),
        ("pip install x;pip install y&pip install z|cat", ["x", "y", "z"]),
        ("pip install 'a @ file:///x' ./dist/*.whl torch-*.whl pkg/", []),
        ("python -m pip freeze; python -m venv v; python -c 'pip install x'", []),
        ("uv sync; uv add x; uv pip sync r.txt; uv pip compile x; uv run pip install q", ["q"]),
        ("echo 'pip install x'; printf \"pip install x\"", []),
        ("pip install a\\\n  b", ["a", "b"]),
        ("pip install a#b", []),
        ("conda install python=3.11.7 numpy==1.26.4=py311_0 c::d==1", []),
        ("conda install -n base 'python>=3.11,<3.12' numpy=1.26.*", ["python>=3.11,<3.12", "numpy=1.26.*"]),
        ("conda activate x; conda env update -f e.yml; conda run -n x python", []),
    ],
)
def test_installs(line: str, opened: list[str]) -> None:
    script = Located.of(((line, 1),))
    told = [asked for command in shell.commands(script, {}) for asked in installs.asked(command, {})]
    assert [asked.text for asked in told if asked.state == "open"] == opened
