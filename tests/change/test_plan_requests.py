"""What is asked for: this command's own words, and the command lines of installers."""

from pathlib import Path

import pytest

from envguard.change.installers.request import Request, named, of_command, of_words
from envguard.errors import UsageError


def test_words_install_remove_and_upgrade() -> None:
    found = of_words(["requests==2.32.5", "+onnxruntime-gpu", "-OnnxRuntime"])
    assert found.installs == ("requests==2.32.5", "onnxruntime-gpu")
    assert found.removes == ("onnxruntime",)
    assert found.names == ("requests", "onnxruntime-gpu")
    assert found.text == "-onnxruntime requests==2.32.5 onnxruntime-gpu"
    assert not found.upgrade
    assert not found.everything


def test_upgrade_alone_means_everything() -> None:
    assert of_words([], upgrade=True).everything
    assert not of_words(["six"], upgrade=True).everything


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([], "nothing to plan"),
        (["six", "-six"], "installed and removed"),
        (["-six==1"], "names nothing to remove"),
        (["six==="], "no requirement"),
        (["+-r"], "no requirement"),
        (["six\nidna"], "no requirement"),
        (["+"], "no requirement"),
    ],
)
def test_words_without_sense_are_refused(words: list[str], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        of_words(words)


def test_a_requirements_file_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match="no such file"):
        of_words([], files=["nowhere.txt"])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("pip install -U torchvision", {"installs": ("torchvision",), "upgrade": True}),
        ("pip3.11 install six==1", {"installs": ("six==1",)}),
        ("/usr/bin/python3 -m pip install six", {"installs": ("six",), "installer": "pip"}),
        ("python -I -m pip install six", {"installs": ("six",), "installer": "pip"}),
        ("pip -q --timeout 5 install six", {"installs": ("six",), "options": ("--timeout", "5")}),
        ("pip install -qU --pre six", {"upgrade": True, "options": ("--pre",)}),
        ("pip install --index-url=https://x/simple six", {"options": ("--index-url", "https://x/simple")}),
        ("pip install -ihttps://x/simple six", {"options": ("--index-url", "https://x/simple")}),
        ("pip install --no-deps --force-reinstall six", {"options": ("--no-deps", "--force-reinstall")}),
        ("pip install -e ./here six", {"editables": ("./here",), "installs": ("six",)}),
        ("pip install -- -odd", {"installs": ("-odd",)}),
        ("pip install -y -v --progress-bar off --no-color six", {"installs": ("six",), "options": ()}),
        ("pip uninstall -y Six idna", {"action": "uninstall", "removes": ("six", "idna"), "installs": ()}),
        ("uv pip install --upgrade six", {"installer": "uv", "upgrade": True, "installs": ("six",)}),
        ("uv pip install --prerelease allow six", {"options": ("--prerelease", "allow")}),
        ("uv pip uninstall six", {"installer": "uv", "action": "uninstall", "removes": ("six",)}),
        ("uv pip sync req.txt", {"installer": "uv", "action": "sync", "files": ("req.txt",)}),
        ("python -m uv pip install six", {"installer": "uv", "installs": ("six",)}),
        ("conda install -y -c conda-forge numpy=2", {"installer": "conda", "installs": ("numpy=2",)}),
        ("mamba remove numpy", {"installer": "conda", "action": "uninstall", "removes": ("numpy",)}),
    ],
)
def test_command_lines_are_understood(line: str, expected: dict[str, object]) -> None:
    found = of_command(line.split())
    assert {field: getattr(found, field) for field in expected} == expected
    assert found.text == line


def test_files_and_constraints_of_a_command_are_kept(tmp_path: Path) -> None:
    wanted, limits = tmp_path / "want.txt", tmp_path / "limits.txt"
    for path in (wanted, limits):
        path.write_text("six\n", encoding="utf-8")
    found = of_command(["pip", "install", f"-r{wanted}", "-c", str(limits)])
    assert (found.files, found.constraints) == ((str(wanted),), (str(limits),))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("pip install --target x six", "elsewhere than in the environment"),
        ("pip install --user six", "elsewhere"),
        ("pip install --python-version 3.9 six", "another Python"),
        ("pip install --platform any six", "another machine"),
        ("uv pip install --python x six", "envguard's own --python"),
        ("pip install --frobnicate six", "not understood"),
        ("pip install -Z six", "not understood"),
        ("pip install -qZ six", "not understood"),
        ("pip install --pre=yes six", "not understood"),
        ("pip install --index-url", "needs a value"),
        ("pip install", "nothing to plan"),
        ("pip install -e git+https://x/y.git#egg=y", "clones it into the environment"),
        ("uv pip sync", "no file is named"),
        ("pip list", "neither installs nor removes"),
        ("pip", "neither installs nor removes"),
        ("uv add six", "no command of an installer"),
        ("npm install six", "no command of an installer"),
        ("python setup.py install", "no command of an installer"),
        ("uv pip remove six", "neither installs nor removes"),
        ("conda install --frob numpy", "not understood"),
        ("conda list", "neither installs nor removes"),
    ],
)
def test_what_is_not_understood_is_refused_in_one_line(line: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        of_command(line.split())
    assert "\n" not in str(caught.value)


def test_no_command_is_refused() -> None:
    with pytest.raises(UsageError, match="no command after --"):
        of_command([])


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("Foo_Bar", "foo-bar"),
        ("foo[x,y]>=1; python_version > '3'", "foo"),
        ("foo @ https://x/y.zip", "foo"),
        ("./dist/foo_bar-1.0-py3-none-any.whl", "foo-bar"),
        ("https://x/foo-1.0-1-cp311-cp311-manylinux_2_17_x86_64.whl#sha256=00", "foo"),
        ("git+https://x/y.git#egg=foo", "foo"),
        ("./nothing-there", ""),
        ("https://x/y.tar.gz", ""),
    ],
)
def test_the_name_in_a_requirement(word: str, name: str) -> None:
    assert named(word) == name


def test_the_name_of_a_folder_is_in_its_pyproject(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "My.Project"\n', encoding="utf-8")
    assert named(str(tmp_path)) == "my-project"
    assert Request(editables=(str(tmp_path),)).names == ("my-project",)
