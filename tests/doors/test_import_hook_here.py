"""The import hook in the process of the tests, event by event."""

import importlib
import importlib.util
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

import envguard
from envguard import latch
from envguard.doors import import_hook
from envguard.facts import loaded
from sandbox import add_distribution, change_version

pytestmark = pytest.mark.usefixtures("here")


def load(name: str = "hostmod") -> None:
    importlib.import_module(name)


def report_of(guard: envguard.ImportGuard) -> "envguard.Report | None":
    return guard.report


def test_the_check_waits_for_the_first_import() -> None:
    guard = envguard.protect("hostmod")
    assert report_of(guard) is None
    load("hostmod.part")
    report = report_of(guard)
    assert report is not None
    assert report.pinned
    assert guard.check() is report


def test_drift_refuses_and_stays_refused(here: Path) -> None:
    change_version(here, "hostmod", "1.0", "2.0")
    envguard.protect("hostmod")
    for _ in range(2):
        with pytest.raises(envguard.ImportRefused, match=r"(?s)import of hostmod refused: .*2\.0") as caught:
            load()
        assert caught.value.module == "hostmod"
        assert isinstance(caught.value.__cause__, envguard.DriftError)
    with pytest.raises(envguard.DriftError, match=r"2\.0"):
        envguard.assert_pinned()


def test_a_refused_import_keeps_its_own_module_name() -> None:
    envguard.protect("hostmod")
    latch.refuse(envguard.ImportRefused("torch", "torch moved"))
    with pytest.raises(envguard.ImportRefused, match="import of hostmod refused: torch moved"):
        load()


def test_too_late() -> None:
    load("hostmod.part")
    with pytest.raises(envguard.TooLateError, match="hostmod was loaded before it was protected"):
        envguard.protect("hostmod")
    assert import_hook._guards == ()


def test_late_but_verified() -> None:
    load("hostmod.part")
    assert envguard.protect("hostmod", "json.tool", verify_loaded=True).report


def test_late_and_from_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hostmod.py").write_text("")
    with monkeypatch.context() as patched:
        patched.syspath_prepend(str(tmp_path))
        load()
    with pytest.raises(envguard.TooLateError, match=r"hostmod was loaded from .*, which is no file of hostmod-1.0"):
        envguard.protect("hostmod", verify_loaded=True)


def test_late_and_owned_by_nobody() -> None:
    with pytest.raises(envguard.TooLateError, match="no installed distribution owns it"):
        envguard.protect("json", verify_loaded=True)


def test_a_name_blocked_in_sys_modules_is_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hostmod.blocked", None)
    envguard.protect("hostmod")


def test_files_are_compared_when_they_run_and_after(here: Path) -> None:
    guard = envguard.protect("hostmod", eager=True)
    (here / "hostmod" / "part.py").write_text("PART = 2\n")
    with pytest.raises(envguard.ImportRefused, match=r"part.py changed after the environment was checked"):
        load()
    with pytest.raises(envguard.DriftError, match=r"part.py changed"):
        guard.look_again()


def test_all_changed_files_are_counted(here: Path) -> None:
    guard = envguard.protect("hostmod", eager=True)
    (here / "hostmod" / "__init__.py").write_text("")
    (here / "hostmod" / "part.py").write_text("")
    with pytest.raises(envguard.DriftError, match=r"__init__.py changed .* \(and 1 more\)"):
        guard.look_again()


def test_events_with_a_file_that_changed(here: Path) -> None:
    guard = envguard.protect("hostmod", eager=True)
    part = here / "hostmod" / "part.py"
    import_hook._hook("ctypes.dlopen", (str(part),))
    import_hook._hook("ctypes.dlopen", (bytes(part),))
    import_hook._hook("ctypes.dlopen", (None,))
    import_hook._hook("import", ("hostmod.part", str(part), None, None, None))
    import_hook._hook("exec", (compile("1", "<string>", "exec"),))
    import_hook._hook("open", (str(part), "r", 0))
    part.write_text("PART = 2\n")
    with pytest.raises(envguard.ImportRefused):
        import_hook._hook("ctypes.dlopen", (bytes(part),))
    with pytest.raises(envguard.ImportRefused):
        import_hook._hook("import", ("anything", str(part), None, None, None))
    assert guard.names == ("hostmod",)


def test_a_file_that_no_record_lists(here: Path) -> None:
    envguard.protect("hostmod", eager=True)
    planted = here / "hostmod" / "planted.py"
    planted.write_text("")
    with pytest.raises(envguard.ImportRefused, match=r"planted.py is no file of hostmod-1.0.dist-info"):
        load("hostmod.planted")


def test_templates_in_a_package_are_no_modules(here: Path) -> None:
    envguard.protect("hostmod", eager=True)
    exec(compile("1", str(here / "hostmod" / "page.html"), "exec"))


def test_a_vendored_copy_is_another_module(tmp_path: Path) -> None:
    envguard.protect("hostmod", eager=True)
    exec(compile("1", str(tmp_path / "vendored" / "hostmod" / "__init__.py"), "exec"))


def test_new_byte_code_must_be_the_compiled_source(here: Path) -> None:
    envguard.protect("hostmod", eager=True)
    part = here / "hostmod" / "part.py"
    cache = Path(importlib.util.cache_from_source(str(part)))
    cache.parent.mkdir(exist_ok=True)
    cache.write_bytes(b"anything")
    exec(compile(part.read_text(), str(part), "exec", dont_inherit=True))
    cache.write_bytes(b"anything else")
    with pytest.raises(envguard.ImportRefused, match=r"is not the compiled .*part.py"):
        exec(compile("print('evil')", str(part), "exec"))


def test_what_a_thread_imports_while_it_checks_is_let_through() -> None:
    """What the guard imports while it checks is its own business, and only then."""
    guard = envguard.protect("hostmod")
    import_hook._thread.checking = True
    try:
        load()
    finally:
        import_hook._thread.checking = False
    assert guard.report is None


def test_a_module_without_a_file_is_refused(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class FromMemory:
        def create_module(self, spec: object) -> None:
            pass

        def exec_module(self, module: object) -> None:
            raise AssertionError("ran")

        def find_spec(self, name: str, path: object = None, target: object = None) -> Any:
            return importlib.util.spec_from_loader(name, loader) if name == "hostmod" else None

    loader: Any = FromMemory()
    change_version(here, "hostmod", "1.0", "2.0")
    envguard.protect("hostmod")
    monkeypatch.setattr(sys, "meta_path", [sys.meta_path[0], loader, *sys.meta_path[1:]])
    for _ in range(2):
        with pytest.raises(envguard.ImportRefused):
            load()


def test_loaders_that_take_no_attributes_work_too(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slotted:
        __slots__ = ()

        def create_module(self, spec: object) -> None:
            pass

        def exec_module(self, module: object) -> None:
            pass

    class Finder:
        @staticmethod
        def find_spec(name: str, path: object = None, target: object = None) -> "importlib.machinery.ModuleSpec | None":
            return importlib.util.spec_from_loader(name, loader()) if name == "hostmod" else None

    loader: Any = Slotted
    guard = envguard.protect("hostmod")
    monkeypatch.setattr(sys, "meta_path", [sys.meta_path[0], Finder, *sys.meta_path[1:]])
    __import__("hostmod")
    assert guard.report is not None
    with pytest.raises(envguard.DriftError, match="hostmod was loaded from no file"):
        guard.look_again()


def test_finders_of_another_age_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    envguard.protect("hostmod")
    monkeypatch.setattr(sys, "meta_path", [object(), *sys.meta_path])
    spec = import_hook._watcher.find_spec("hostmod")
    assert spec is not None
    assert spec.origin is not None


def test_built_in_modules_can_be_protected() -> None:
    name = next(name for name in ("xxsubtype", "_symtable", "_tracemalloc") if name not in sys.modules)
    before = vars(importlib.machinery.BuiltinImporter)["exec_module"]
    guard = envguard.protect(name)
    try:
        __import__(name)
    finally:
        sys.modules.pop(name, None)
    assert guard.report is not None
    assert vars(importlib.machinery.BuiltinImporter)["exec_module"] is before


def test_uninstalling_removes_the_finder_with_the_last_guard() -> None:
    with envguard.protect("hostmod") as one:
        other = envguard.protect("hostmod.part")
        assert sys.meta_path.count(import_hook._watcher) == 1
        one.uninstall()
        assert import_hook._watcher in sys.meta_path
        other.uninstall()
        other.uninstall()
        assert import_hook._watcher not in sys.meta_path
    load("hostmod.part")
    assert one.report is None


def test_a_guard_that_ended_while_its_module_ran_looks_no_more(here: Path) -> None:
    source = here / "hostmod" / "__init__.py"
    source.write_text("import envguard.doors.import_hook as hook\nhook._reset()\nimport os\nos.utime(__file__)\n")
    envguard.protect("hostmod", eager=True)
    load()


def test_wrong_names_are_wrong_calls_and_refuse_nothing() -> None:
    for names in ((), ("my mod",), ("",), ("a..b",), (3,)):
        with pytest.raises(envguard.UsageError):
            envguard.protect(*names)
    assert latch.refused() is None


def test_ctrl_c_during_the_check_refuses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    guard = envguard.protect("hostmod")

    def interrupt() -> envguard.Report:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(guard, "_ask", interrupt)
        with pytest.raises(KeyboardInterrupt):
            load()
    load()
    assert guard.report is not None


def test_submodules_can_be_protected_alone(here: Path) -> None:
    guard = envguard.protect("hostmod.part")
    load()
    assert guard.report is None
    change_version(here, "hostmod", "1.0", "2.0")
    with pytest.raises(envguard.ImportRefused):
        load("hostmod.part")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("{site}/hostmod/__init__.py", ("hostmod", True)),
        ("{site}/hostmod/deep/down.py", ("hostmod", True)),
        ("{site}/hostmod.py", ("hostmod", True)),
        ("{site}/hostmod.cpython-311-x86_64-linux-gnu.so", ("hostmod", True)),
        ("{site}/sub/../hostmod/part.py", ("hostmod", True)),
        ("{site}/hostmod2/__init__.py", None),
        ("{site}/myhostmod/part.py", None),
        ("/srv/hostmod/part.py", None),
        ("/srv/hostmod/hostmod/__init__.py", ("hostmod", False)),
        ("/srv/hostmod.py", ("hostmod", False)),
        ("/srv/hostmod.pyc", ("hostmod", False)),
        ("/srv/hostmod.cpython-311-x86_64-linux-gnu.so", ("hostmod", False)),
        ("/srv/hostmod.txt", None),
    ],
)
def test_which_module_a_file_belongs_to(here: Path, path: str, expected: "tuple[str, bool] | None") -> None:
    entries = loaded.folders([str(here), b"bytes", None])
    assert loaded.module_of(path.format(site=here), ["other", "hostmod"], entries) == expected


@pytest.mark.parametrize(
    ("module", "files", "owned"),
    [
        ("single", {"single.py": ""}, True),
        ("native", {"native.cpython-311-x86_64-linux-gnu.so": ""}, True),
        ("deep.er", {"deep/er/x.py": ""}, True),
        ("deep", {"deeper/x.py": ""}, False),
        ("libs", {"libs.libs/libx.so": "", "libs.txt": ""}, False),
        ("libs", {"libs.libs/libx.so": "", "libs.abi3.so": ""}, True),
    ],
)
def test_which_modules_a_record_claims(here: Path, module: str, files: dict[str, str], owned: bool) -> None:
    add_distribution(here, "extra", "1.0", files)
    found = loaded.owned([module], [str(here), "/nosuch"])[module]
    assert bool(found.owners) is owned
    assert all((str(here / path) in found.files) is owned for path in files)


@pytest.mark.parametrize("record", [None, "hostmod/__init__.py\n", "hostmod/__init__.py,sha256=%%%,x\n"])
def test_a_record_that_says_nothing_claims_nothing(here: Path, record: "str | None") -> None:
    file = here / "hostmod-1.0.dist-info" / "RECORD"
    if record is None:
        file.unlink()
    else:
        file.write_text(record)
    assert loaded.owned(["hostmod"], [str(here)])["hostmod"].owners == ()


def test_sources_that_do_not_compile_compile_to_nothing(tmp_path: Path) -> None:
    code = compile("1", "x", "exec")
    source = tmp_path / "x.py"
    assert not loaded.compiles_to(str(source), code)
    source.write_text("def")
    assert not loaded.compiles_to(str(source), code)
    source.write_text("'\\d'\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        code = compile(source.read_text(), "x", "exec")
    assert loaded.compiles_to(str(source), code)


def test_an_interpreter_that_keeps_no_byte_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.implementation, "cache_tag", None)
    assert loaded.bytecode_file("/x/y.py") == ""
