"""EG409 against what a real interpreter runs when it starts."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from native_places import add, look, new_venv, opened

from envguard.environment.interpreter import running
from envguard.facts import startup_code
from envguard.facts.natives import Natives
from envguard.model import Change, CondaPackage, Environment
from support import run, scrubbed, site_packages

BuildWheel = Callable[..., Path]
CODE = "import sys; sys.stderr.write('ran')\n"


def told(environment: Environment) -> list[tuple[str, str]]:
    """Kind and file name of each change."""
    return [(change.kind, os.path.basename(change.path)) for change in changes(environment)]


def changes(environment: Environment) -> list[Change]:
    with opened(environment) as natives:
        found = list(startup_code.observe(natives))
    assert {change.code for change in found} <= {"EG409"}
    return found


def runs(venv: Path, **variables: str) -> bool:
    """Whether the code in ``CODE`` runs at every start."""
    done = run(venv / "bin" / "python", "-c", "pass", cwd=venv, **variables)
    assert done.returncode == 0, done.stderr
    return "ran" in done.stderr


@pytest.fixture
def venv(tmp_path: Path, build_wheel: BuildWheel) -> Path:
    return new_venv(tmp_path, build_wheel(tmp_path, "alpha", {"alpha.py": ""}))


@pytest.fixture
def site(venv: Path) -> Path:
    return site_packages(venv)


def test_a_fresh_environment_has_none(venv: Path, tmp_path: Path) -> None:
    assert told(look(venv)) == []
    made = run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "by-venv")
    assert made.returncode == 0, made.stderr
    add(tmp_path / "by-venv", *tmp_path.glob("alpha*.whl"))
    assert told(look(tmp_path / "by-venv")) == []


@pytest.mark.slow
def test_a_fresh_environment_of_virtualenv_has_none(tmp_path: Path) -> None:
    tool = new_venv(
        tmp_path, "virtualenv==20.26.6", "distlib", "filelock", "platformdirs", "typing-extensions", name="tool"
    )
    options = ("-q", "--setuptools=bundle", "--wheel=bundle", "--no-download", "--app-data", tmp_path / "data")
    made = run(tool / "bin" / "python", "-m", "virtualenv", *options, tmp_path / "made")
    assert made.returncode == 0, made.stderr
    assert (site_packages(tmp_path / "made") / "_virtualenv.pth").exists()
    assert (site_packages(tmp_path / "made") / "distutils-precedence.pth").exists()
    assert told(look(tmp_path / "made")) == []


@pytest.mark.slow
def test_with_setuptools(venv: Path) -> None:
    add(venv, "setuptools==75.8.0")
    assert (site_packages(venv) / "distutils-precedence.pth").exists()
    assert told(look(venv)) == []


def test_a_pth_with_code(venv: Path, site: Path) -> None:
    (site / "odd.pth").write_text(f"# comment\n/somewhere\n{CODE}import os\n" + "import x" * 200)
    [change] = changes(look(venv))
    assert (change.kind, change.package) == ("undeclared", "")
    assert change.path == str(site.resolve() / "odd.pth")
    assert change.evidence == (
        "line 3 is run at every start, and 2 more such lines",
        CODE.strip(),
        "no RECORD and no record of conda lists it",
    )
    (site / "odd.pth").write_text(CODE)
    assert runs(venv)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/somewhere\n",
        "# import os\n",
        "#import os\n",
        " import os; 1/0\n",
        "importlib\n",
        "folder\x0bimport os; 1/0",
    ],
)
def test_a_pth_without_code(venv: Path, site: Path, text: str) -> None:
    (site / "paths.pth").write_text(text)
    assert told(look(venv)) == []
    assert not runs(venv)


@pytest.mark.parametrize("text", [CODE.replace("import ", "import\t", 1), "\r" + CODE, "a\r\n" + CODE, "\ufeff" + CODE])
def test_how_a_line_of_code_begins(venv: Path, site: Path, text: str) -> None:
    (site / "odd.pth").write_bytes(text.encode())
    assert told(look(venv)) == [("undeclared", "odd.pth")]
    if not text.startswith("\ufeff") or sys.version_info >= (3, 13):
        assert runs(venv)


def test_hidden_files_are_read_by_some_releases(venv: Path, site: Path) -> None:
    (site / ".odd.pth").write_text(CODE)
    environment = look(venv)
    assert told(environment) == ([("undeclared", ".odd.pth")] if runs(venv) else [])
    older = environment.replace(interpreter=environment.interpreter.replace(version="3.11.7"))
    newer = environment.replace(interpreter=environment.interpreter.replace(version="3.11.8"))
    assert (told(older), told(newer)) == ([("undeclared", ".odd.pth")], [])


def test_what_a_record_owns_is_declared(venv: Path, tmp_path: Path, build_wheel: BuildWheel) -> None:
    add(venv, build_wheel(tmp_path, "hook", {"hook.pth": CODE, "sitecustomize.py": CODE}))
    assert runs(venv)
    assert told(look(venv)) == []
    for record in site_packages(venv).glob("hook-*.dist-info/RECORD"):
        record.write_text("hook-1.0.dist-info/METADATA,,\n")
    assert told(look(venv)) == [("undeclared", "hook.pth"), ("undeclared", "sitecustomize.py")]


def test_what_a_record_of_conda_owns_is_declared(venv: Path, site: Path) -> None:
    (site / "odd.pth").write_text(CODE)
    record = venv / "conda-meta" / "hook-1.0-0.json"
    record.parent.mkdir()
    relative = (site / "odd.pth").relative_to(venv)
    record.write_text(f'{{"name": "hook", "paths_data": {{"paths": [{{"_path": "{relative}"}}]}}}}')
    package = CondaPackage(name="hook", version="1.0", build="0", path=str(record))
    environment = look(venv)
    assert told(environment) == [("undeclared", "odd.pth")]
    assert told(environment.replace(conda=(package,))) == []


def test_virtualenvs_own_file_is_known_by_its_content(venv: Path, site: Path) -> None:
    (site / "_virtualenv.pth").write_text("import _virtualenv")
    assert told(look(venv)) == [("undeclared", "_virtualenv.pth")]  # of what? nothing lies beside it
    (site / "_virtualenv.py").write_text("")
    assert told(look(venv)) == []
    (site / "_virtualenv.pth").write_text("import _virtualenv; import odd")
    assert told(look(venv)) == [("undeclared", "_virtualenv.pth")]


def test_setuptools_own_files_are_known_by_their_content(venv: Path, site: Path) -> None:
    (site / "distutils-precedence.pth").write_text(
        "import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os.environ.get(var, 'local') == 'local'; "
        "enabled and __import__('_distutils_hack').add_shim(); "
    )
    assert told(look(venv)) == [("undeclared", "distutils-precedence.pth")]
    (site / "_distutils_hack").mkdir()
    assert told(look(venv)) == []
    (site / "distutils-precedence.pth").write_text(CODE)
    assert told(look(venv)) == [("undeclared", "distutils-precedence.pth")]


def test_files_of_develop_installs(venv: Path, site: Path) -> None:
    (site / "easy-install.pth").write_text(
        "import sys; sys.__plen = len(sys.path)\n/somewhere\n"
        "import sys; new=sys.path[sys.__plen:]; del sys.path[sys.__plen:]; p=getattr(sys,'__egginsert',0); "
        "sys.path[p:p]=new; sys.__egginsert = p+len(new)\n"
    )
    assert told(look(venv)) == []
    (site / "easy-install.pth").write_text(CODE)
    assert told(look(venv)) == [("undeclared", "easy-install.pth")]


def test_sitecustomize(venv: Path, site: Path) -> None:
    (site / "sitecustomize.py").write_text("# comment\n\n" + CODE)
    [change] = changes(look(venv))
    assert (change.kind, change.path) == ("undeclared", str(site.resolve() / "sitecustomize.py"))
    assert change.evidence[:2] == ("imported at every start", CODE.strip())
    assert runs(venv)


@pytest.mark.parametrize("name", ["sitecustomize/__init__.py", "sitecustomize.pyc", "sitecustomize.so"])
def test_other_forms_of_sitecustomize(venv: Path, site: Path, name: str) -> None:
    (site / name).parent.mkdir(exist_ok=True)
    (site / name).write_text("")
    assert told(look(venv)) == [("undeclared", os.path.basename(name))]


def test_a_folder_without_code_is_none(venv: Path, site: Path) -> None:
    (site / "sitecustomize").mkdir()
    assert told(look(venv)) == []


def test_usercustomize_is_not_run_in_a_virtual_environment(venv: Path, site: Path) -> None:
    (site / "usercustomize.py").write_text(CODE)
    assert told(look(venv)) == [("noted", "usercustomize.py")]
    assert not runs(venv)
    config = venv / "pyvenv.cfg"
    config.write_text(config.read_text().replace("= false", "= true"))
    assert ("undeclared", "usercustomize.py") in told(look(venv))
    assert runs(venv, HOME=str(venv))


def test_python_path(venv: Path, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "injected"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(CODE)
    (folder / "odd.pth").write_text(CODE)  # site reads no .pth there
    (site / "sitecustomize.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    found = changes(look(venv))
    assert [(change.kind, change.path) for change in found] == [
        ("undeclared", str(folder.resolve() / "sitecustomize.py")),
        ("noted", str(site.resolve() / "sitecustomize.py")),
    ]
    assert "comes before it on sys.path" in found[1].evidence[0]
    assert runs(venv, PYTHONPATH=str(folder))


def test_beside_the_program_it_is_only_noted(venv: Path, tmp_path: Path) -> None:
    folder = tmp_path / "program"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(CODE)
    environment = look(venv)
    assert told(environment.replace(paths=(str(folder), *environment.paths))) == [("noted", "sitecustomize.py")]
    program = folder / "program.py"
    program.write_text("")
    done = subprocess.run(
        [venv / "bin" / "python", program], env=scrubbed(), capture_output=True, text=True, check=True
    )
    assert done.stderr == ""


def test_what_lies_in_the_standard_library_is_noted(venv: Path, tmp_path: Path) -> None:
    folder = tmp_path / "lib" / "python3.11"
    folder.mkdir(parents=True)
    (folder / "sitecustomize.py").write_text("")
    environment = look(venv)
    assert told(environment.replace(paths=(str(folder), *environment.paths))) == [("noted", "sitecustomize.py")]


@pytest.mark.parametrize(
    ("folder", "system"),
    [
        ("/usr/lib/python3/dist-packages", True),
        ("/usr/lib64/python3.12/site-packages", True),
        ("/nix/store/x-python3-3.12.4/lib/python3.12/site-packages", True),
        ("/usr/local/lib/python3.12/site-packages", False),  # pip's, in the images of Python
        ("/opt/nix/store/site-packages", False),
    ],
)
def test_which_folders_belong_to_the_operating_system(folder: str, system: bool) -> None:
    assert (startup_code._SYSTEM_FOLDER.fullmatch(folder) is not None) is system


def test_files_that_cannot_be_read(venv: Path, site: Path) -> None:
    environment = look(venv)
    os.mkfifo(site / "pipe.pth")
    (site / "gone.pth").symlink_to("nowhere")
    (site / "folder.pth").mkdir()
    assert told(environment) == []  # site passes over them, or would wait for ever
    with (site / "large.pth").open("wb") as file:
        file.truncate(startup_code.PTH_LIMIT + 1)
    [change] = changes(environment)
    assert (change.kind, os.path.basename(change.path)) == ("undeclared", "large.pth")
    assert "whether it holds code is not known" in change.evidence[0]


def test_odd_bytes(venv: Path, site: Path) -> None:
    (site / "odd.pth").write_bytes(b"import \xff\x00\x1b[31m; x\n")
    [change] = changes(look(venv))
    assert change.evidence[1] == "import \udcff\0\x1b[31m; x"


def test_the_running_interpreter_itself() -> None:
    """What is installed beside the tests is the work of pip and uv alone."""
    from envguard.environment import scan

    environment = scan()
    assert environment.interpreter == running()
    with Natives(environment) as natives:
        assert [change for change in startup_code.observe(natives) if change.kind == "undeclared"] == []
