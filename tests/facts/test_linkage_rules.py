"""The rules that tell an alarm from what is normal, each on the smallest environment that shows it."""

import os
import platform
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from elf_building import Definition, Need, Symbol, build

from envguard.environment import scan
from envguard.facts import cuda_families, linkage
from envguard.facts.natives import Natives
from envguard.model import Change

MACHINE = {"x86_64": 62, "aarch64": 183}.get(platform.machine(), 0)
pytestmark = pytest.mark.skipif(not MACHINE or sys.platform != "linux", reason="shared objects for this machine")


Files = dict[str, bytes | str]


class Site:
    """A site-packages folder that is written file by file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(
        self,
        name: str,
        files: Mapping[str, "bytes | str"],
        *,
        version: str = "1.0",
        requires: Sequence[str] = (),
        unlisted: bool = False,
    ) -> None:
        info = f"{name.replace('-', '_')}-{version}.dist-info"
        wanted = "".join(f"Requires-Dist: {each}\n" for each in requires)
        everything: dict[str, bytes | str] = {
            **files,
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{wanted}",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n",
        }
        rows = "" if unlisted else "".join(f"{path},,\n" for path in everything)
        everything[f"{info}/RECORD"] = f"{rows}{info}/RECORD,,\n"
        for path, content in everything.items():
            where = self.folder / path
            where.parent.mkdir(parents=True, exist_ok=True)
            where.write_bytes(content.encode() if isinstance(content, str) else content)

    def natives(self) -> Natives:
        live = scan(python=sys.executable, paths=[str(self.folder)])
        return Natives(live, library_path="", preload="")

    def said(self) -> list[Change]:
        with self.natives() as natives:
            return list(linkage.observe(natives))

    def short(self) -> list[tuple[str, str, str, str]]:
        """Code, kind, package and what is wanted of every statement."""
        return [(each.code, each.kind, each.package, each.locked) for each in self.said()]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    folder = tmp_path / "site-packages"
    folder.mkdir()
    return Site(folder)


def library(
    *needed: str,
    soname: str = "",
    wants: Sequence[str] = (),
    has: Sequence[str] = (),
    needs: Sequence[Need] = (),
    defines: Sequence[Definition] = (),
    machine: int = 0,
) -> bytes:
    symbols = [Symbol(name.encode()) for name in wants] + [Symbol(name.encode(), defined=True) for name in has]
    return build(
        symbols=symbols,
        needed=[name.encode() for name in needed],
        soname=soname.encode(),
        needs=needs,
        definitions=defines,
        machine=machine or MACHINE,
    )


def module(name: str, *needed: str, wants: Sequence[str] = (), needs: Sequence[Need] = ()) -> bytes:
    """An extension module."""
    return library(*needed, wants=wants, has=[f"PyInit_{name}"], needs=needs)


LIBFOO = library(soname="libfoo.so.1", has=["foo"])


def test_what_ld_so_finds_needs_no_rule(site: Site) -> None:
    site.add("a", {"a/__init__.py": "import a._x", "a/_x.so": module("_x", "libc.so.6", wants=["puts"])})
    assert site.short() == []


def test_an_import_that_surely_meets_it(site: Site) -> None:
    site.add("a", {"a/__init__.py": "from a import _x", "a/_x.so": module("_x", "libgone.so.1")})
    (change,) = site.said()
    assert (change.code, change.kind, change.package, change.locked) == ("EG401", "unloadable", "a", "libgone.so.1")
    assert change.path == str(site.folder / "a" / "_x.so")
    assert change.evidence == ("a/_x.so of a 1.0 needs libgone.so.1", "import a loads a/_x.so")


@pytest.mark.parametrize(
    "source",
    [
        "",
        "def f():\n    from a import _x",
        "try:\n    from a import _x\nexcept ImportError:\n    _x = None",
    ],
)
def test_an_import_that_may_never_happen(site: Site, source: str) -> None:
    site.add("a", {"a/__init__.py": source, "a/_x.so": module("_x", "libgone.so.1")})
    assert site.short() == [("EG401", "noted", "a", "libgone.so.1")]


def test_a_module_at_the_top_is_an_entrance(site: Site) -> None:
    site.add("odbc", {"odbc.so": module("odbc", "libodbc.so.2")})
    site.add("cv", {"cv/cv.abi3.so": module("cv", "libgone.so.1"), "cv/__init__.py": ""})
    assert [each[:3] for each in site.short()] == [("EG401", "unloadable", "cv"), ("EG401", "unloadable", "odbc")]


def test_the_same_distribution_provides(site: Site) -> None:
    site.add("a", {"a/__init__.py": "import a._x", "a/_x.so": module("_x", "libfoo.so.1", wants=["foo"]),
                   "a/private/libfoo-1234.so.1": LIBFOO})  # fmt: skip
    assert site.short() == []


@pytest.mark.parametrize("requirement", ["foo", "Foo>=1; python_version < '3'", "foo[x]>1; extra == 'all'"])
def test_what_is_required_provides(site: Site, requirement: str) -> None:
    site.add("a", {"a/__init__.py": "import a._x", "a/_x.so": module("_x", "libfoo.so.1", wants=["foo"])},
             requires=["between"])  # fmt: skip
    site.add("between", {"between.py": ""}, requires=[requirement])
    site.add("foo", {"foo/lib/libfoo.so.1": LIBFOO})
    assert site.short() == []


def test_what_is_imported_provides(site: Site) -> None:
    """torchaudio links torch, and torch requires what brings CUDA; torchaudio declares neither."""
    files: Files = {"a/__init__.py": "import a._x", "a/deep.py": "def f():\n  import between.x",
             "a/_x.so": module("_x", "libfoo.so.1")}  # fmt: skip
    site.add("foo", {"foo/lib/libfoo.so.1": LIBFOO})
    site.add("between", {"between/__init__.py": ""}, requires=["foo"])
    site.add("a", files)
    assert site.short() == []
    site.add("a", {**files, "a/deep.py": "# import between"})
    assert site.short() == [("EG401", "unloadable", "a", "libfoo.so.1")]


@pytest.mark.parametrize("path", ["foo.libs/libfoo.so.1", "foo.libs/libfoo-12ab.so.1", "foo/libfoo-12ab.so.1"])
def test_a_private_copy_is_for_its_owner(site: Site, path: str) -> None:
    site.add("a", {"a/__init__.py": "import a._x", "a/_x.so": module("_x", "libfoo.so.1")}, requires=["foo"])
    site.add("foo", {path: LIBFOO})
    (change,) = site.said()
    assert (change.kind, change.locked) == ("unloadable", "libfoo.so.1")
    assert f"{path} of foo 1.0 is a private copy, which others cannot count on" in change.evidence


def test_a_stranger_provides_nothing(site: Site) -> None:
    site.add("a", {"a/__init__.py": "import a._x", "a/_x.so": module("_x", "libfoo.so.1")})
    site.add("foo", {"foo/libfoo.so.1": LIBFOO})
    assert site.short() == [("EG401", "unloadable", "a", "libfoo.so.1")]


def test_a_version_requirement_is_a_need(site: Site) -> None:
    """DT_NEEDED was edited out, as in the wheels of ONNX Runtime; the loader stops all the same."""
    needs = [Need(2, b"libfoo.so.1", b"FOO_1")]
    site.add("a", {"a/__init__.py": "import a._x", "a/_x.so": module("_x", needs=needs)})
    (change,) = site.said()
    assert (change.code, change.kind, change.locked) == ("EG401", "unloadable", "libfoo.so.1")
    assert "DT_NEEDED does not list it" in change.evidence[0]
    site.add("a", {"a/__init__.py": "import a._x",
                   "a/_x.so": module("_x", needs=[Need(2, b"libfoo.so.1", b"FOO_1", flags=2)])})  # fmt: skip
    assert site.short() == []


@pytest.mark.parametrize("name", ["libcuda.so.1", "libnvidia-ml.so.1", "libnvcuvid.so"])
def test_the_driver_is_a_fact_about_the_host(site: Site, name: str) -> None:
    site.add("a", {"a/__init__.py": "import a._x", "a/_x.so": module("_x", name, wants=["cuInit"])})
    with site.natives() as natives:
        assert list(linkage.observe(natives)) == []
        assert [each.name for each in natives.resolution.driver] == [name]


def test_a_symbol_that_nobody_exports(site: Site) -> None:
    site.add("low", {"low/liblow.so": library(soname="liblow.so", has=["_ZN3low3newEi"])}, version="2.0")
    site.add("high", {"high/__init__.py": "", "high/_C.so": library("liblow.so", wants=["_ZN3low3newEv"])},
             requires=["low ==1.0"])  # fmt: skip
    (change,) = site.said()
    assert (change.code, change.kind, change.package) == ("EG402", "unloadable", "high")
    assert (change.locked, change.installed) == ("low::new", "low 2.0")
    assert change.evidence == (
        "high/_C.so needs the symbol low::new (_ZN3low3newEv)",
        "low/liblow.so should export it",
        "low/liblow.so exports _ZN3low3newEi: the same name with other arguments",
        "high 1.0 needs it, low 2.0 does not export it",
        "high 1.0 requires low ==1.0",
    )


def test_a_symbol_that_anybody_exports_is_no_alarm(site: Site) -> None:
    site.add("low", {"low/liblow.so": library(soname="liblow.so")})
    site.add("high", {"high/_C.so": library("liblow.so", wants=["late"])}, requires=["low"])
    assert [each[1] for each in site.short()] == ["unloadable"]
    site.add("third", {"third/plugin.so": library(has=["late"])})
    assert site.short() == []


def test_a_module_with_a_missing_symbol_that_may_never_be_imported(site: Site) -> None:
    site.add("a", {"a/__init__.py": "", "a/_x.so": module("_x", wants=["nowhere"])})
    assert site.short() == [("EG402", "doubtful", "a", "nowhere")]


def test_what_a_module_loads_must_load_too(site: Site) -> None:
    """The library by itself is nobody's business; the import that loads it fails because of it."""
    files: Files = {
        "a/__init__.py": "",
        "a/_x.so": module("_x", "liba.so"),
        "a/liba.so": library(soname="liba.so", wants=["no"]),
    }
    site.add("a", files)
    assert [each[:2] for each in site.short()] == [("EG402", "doubtful")]
    site.add("a", {**files, "a/__init__.py": "import a._x"})
    (change,) = site.said()
    assert (change.kind, change.path) == ("unloadable", str(site.folder / "a" / "liba.so"))
    assert change.evidence[-1] == "import a loads a/_x.so"
    site.add("a", {**files, "a/_x.so": library("liba.so", has=["PyInit__x", "no"])})
    assert site.short() == []  # the module itself has it


def test_a_version_that_is_not_defined(site: Site) -> None:
    foo = library(soname="libfoo.so.1", defines=[Definition(1, b"libfoo.so.1", flags=1), Definition(2, b"FOO_1.9")])
    needs = [Need(2, b"libfoo.so.1", b"FOO_1.10")]
    site.add("foo", {"foo/libfoo.so.1": foo})
    site.add("a", {"a/x.so": library("libfoo.so.1", needs=needs)}, requires=["foo"])
    (change,) = site.said()
    assert (change.code, change.kind, change.package, change.locked) == ("EG403", "unloadable", "a", "FOO_1.10")
    assert change.installed == str(site.folder / "foo" / "libfoo.so.1")
    assert change.evidence == (
        "a/x.so of a 1.0 needs FOO_1.10 of libfoo.so.1",
        "foo/libfoo.so.1 of foo 1.0 is found for it and does not define it",
        "the newest that it defines is FOO_1.9",
    )


def test_a_package_that_does_without_a_module(site: Site) -> None:
    """The file is broken all the same; whether anybody misses it is another matter."""
    needs = [Need(2, b"libc.so.6", b"GLIBC_9.99")]
    files: Files = {"a/__init__.py": "", "a/_x.so": module("_x", "libc.so.6", needs=needs)}
    site.add("a", files)
    (change,) = site.said()
    assert (change.code, change.kind, change.locked) == ("EG403", "unloadable", "GLIBC_9.99")
    site.add("a", {**files, "a/__init__.py": "try:\n    from ._x import y\nexcept ImportError:\n    y = None"})
    (change,) = site.said()
    assert (change.code, change.kind) == ("EG403", "doubtful")
    assert change.evidence[-1] == "the loader refuses it; its package does without it"


def test_an_entrance_that_its_package_does_without(site: Site) -> None:
    files: Files = {"yaml/__init__.py": "def f():\n    import _yaml", "_yaml.so": module("_yaml", "libgone.so")}
    site.add("yaml", files)
    assert [each[1] for each in site.short()] == ["unloadable"]
    site.add("yaml", {**files, "yaml/__init__.py": "try:\n    import _yaml\nexcept ImportError:\n    pass"})
    assert [each[1] for each in site.short()] == ["noted"]
    site.add("yaml", {**files, "yaml/__init__.py": "try:\n    import _yaml\nexcept ImportError:\n    pass",
                      "yaml/other.py": "def f():\n    import _yaml"})  # fmt: skip
    assert [each[1] for each in site.short()] == ["unloadable"]


def test_numbered_variants(site: Site) -> None:
    """bitsandbytes has one library for each CUDA release, of which one loads."""
    files: Files = {
        "b/__init__.py": "",
        "b/libb118.so": library("libx.so.1"),
        "b/libb120.so": library("libx.so.2"),
    }
    site.add("b", files)
    assert {each[1] for each in site.short()} == {"noted"}
    site.add("x", {"x/libx.so.2": library(soname="libx.so.2")})
    site.add("b", files, requires=["x"])
    (note,) = site.said()
    assert (note.kind, note.evidence[-1]) == ("noted", "another variant of it loads")


def test_a_variant_that_is_imported_by_its_name(site: Site) -> None:
    files: Files = {
        "a/__init__.py": "from a import _x2",
        "a/_x1.so": module("_x1"),
        "a/_x2.so": module("_x2", "libgone.so"),
    }
    site.add("a", files)
    assert site.short() == [("EG401", "unloadable", "a", "libgone.so")]


def test_torch_without_a_gpu(site: Site) -> None:
    files: Files = {"torchvision/__init__.py": "", "torchvision/_C.so": library("libtorch_cuda.so", "libc10_cuda.so")}
    site.add("torchvision", files, version="0.20.0", requires=["torch"])
    assert {each[1] for each in site.short()} == {"noted"}  # torch itself is not there: that is another question
    site.add("torch", {"torch/lib/libtorch_cpu.so": library(soname="libtorch_cpu.so")}, version="2.5.0+cpu")
    (change,) = site.said()
    assert (change.code, change.kind, change.package) == ("EG401", "unloadable", "torchvision")
    assert change.locked == "libc10_cuda.so, libtorch_cuda.so"
    assert "torch 2.5.0+cpu is installed, a build without GPU support" in change.evidence


def test_another_generation(site: Site) -> None:
    site.add("a", {"a/plugin.so": library("libfoo.so.2")})
    assert {each[1] for each in site.short()} == {"noted"}
    site.add("foo", {"foo/libfoo.so.1": LIBFOO}, version="1.5")
    (change,) = site.said()
    assert (change.kind, change.locked, change.installed) == ("doubtful", "libfoo.so.2", "libfoo.so.1")
    assert "foo/libfoo.so.1 of foo 1.5 is installed, another generation" in change.evidence


def test_another_generation_of_cuda_is_left_to_others(site: Site) -> None:
    site.add("a", {"a/__init__.py": "import a._x", "a/_x.so": module("_x", "libcudnn.so.9")})
    site.add("cudnn", {"cudnn/libcudnn.so.8": library(soname="libcudnn.so.8")})
    with site.natives() as natives:
        assert list(linkage.observe(natives)) == []
        (broken,) = natives.resolution.broken
        assert (broken.severity, broken.kind, broken.libraries[0].rivals) == ("unloadable", "ext", ("libcudnn.so.8",))


def test_a_hundred_files_are_one_note(site: Site) -> None:
    site.add(
        "a", {f"a/{chr(97 + number % 26)}{chr(97 + number // 26)}.so": library("libgone.so") for number in range(100)}
    )
    (note,) = site.said()
    assert note.kind == "noted"
    assert note.evidence[0].startswith("100 files: ")
    assert note.evidence[0].endswith(" and 95 more")


def test_who_asks_is_named_and_not_who_loads_him(site: Site) -> None:
    site.add("low", {"low/liblow.so": library("libgone.so.1", soname="liblow.so")})
    site.add("high", {"high/__init__.py": "import high._x", "high/_x.so": module("_x", "liblow.so")}, requires=["low"])
    (change,) = site.said()
    assert (change.package, change.kind, change.path) == ("low", "unloadable", str(site.folder / "low" / "liblow.so"))
    assert "import high loads high/_x.so" in change.evidence
    assert "loaded by files of high 1.0" in change.evidence


def test_files_of_nobody(site: Site) -> None:
    site.add("b", {"b.py": ""})
    site.add("a", {"a/__init__.py": "import a._x", "a/_x.so": module("_x", "libgone.so")}, unlisted=True)
    assert [each[:3] for each in site.short()] == [("EG401", "noted", "")]


def test_other_machines_and_other_files_are_not_resolved(site: Site) -> None:
    site.add("a", {
        "a/arm.so": library("libgone.so", machine=183 if MACHINE == 62 else 62),
        "a/script.so": "INPUT(libx.so.1)",
        "a/empty.so": b"",
        "a/cut.so": library("libgone.so")[:300],
        "a/notes.so.txt": "text",
    })  # fmt: skip
    with site.natives() as natives:
        assert list(linkage.observe(natives)) == []
        assert [os.path.basename(path) for path, _why in natives.foreign] == [
            "arm.so",
            "cut.so",
            "empty.so",
            "script.so",
        ]


def test_names_of_cuda() -> None:
    for name in ("libcudart.so.12", "libcublasLt.so.11", "libcudnn_ops_infer.so.8", "libnvrtc-builtins.so.12.4"):
        assert cuda_families.family(name) == name.partition(".so")[0]
    assert cuda_families.family("libcudart-1234.so.12") == cuda_families.family("libcuda.so.1") == ""
    assert cuda_families.generation("libcudart.so.11.0") == "11.0"
    assert cuda_families.generation("libcudart.so") == ""
    assert cuda_families.is_driver("libcuda.so.1")
    assert not cuda_families.is_driver("libcudart.so.12")
