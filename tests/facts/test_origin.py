"""Import origin: the same answer as a real import, and silence where nothing is wrong."""

import importlib.machinery
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from envguard.facts import origin, records
from envguard.facts.records import Row
from envguard.model import Change, Distribution, Source

SOABI = str(sysconfig.get_config_var("SOABI"))
EXTENSION = f".{SOABI}.so"


class Site:
    """A site-packages folder in which distributions are written by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.distributions: list[Distribution] = []
        self.owned: dict[str, frozenset[str]] = {}

    def install(self, name: str, *files: str, editable: bool = False, record: bool = True) -> Distribution:
        for file in files:
            write(self.folder / file)
        rows = [Row(file, "", None) for file in files]
        item = Distribution(
            name=name,
            version="1.0",
            path=str(self.folder / f"{name}-1.0.dist-info"),
            location=str(self.folder),
            top_level=origin.top_level(rows),
            source=Source(kind="directory", url="file:///x", editable=True) if editable else None,
        )
        self.distributions.append(item)
        if record:
            self.owned[item.path] = origin.entrances(rows)
        return item

    def find(self, *before: Path, **options: object) -> tuple[Change, ...]:
        paths = [*map(str, before), str(self.folder)]
        return origin.find(paths, self.distributions, self.owned, **options)  # type: ignore[arg-type]


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "site").mkdir()
    return Site(tmp_path / "site")


@pytest.fixture
def app(tmp_path: Path) -> Path:
    (tmp_path / "app").mkdir()
    return tmp_path / "app"


def test_suffixes_are_those_of_the_running_interpreter() -> None:
    ours = origin.suffixes_for(SOABI)
    theirs = (*importlib.machinery.EXTENSION_SUFFIXES, *importlib.machinery.SOURCE_SUFFIXES, ".pyc")
    assert ours == theirs


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (["six.py", "__pycache__/six.cpython-311.pyc", "six-1.0.dist-info/METADATA"], ("six",)),
        (["numpy/__init__.py", "numpy/core/__init__.py", "numpy.libs/libx.so"], ("numpy",)),
        (["google/protobuf/__init__.py", "google/_upb/_message.abi3.so"], ("google",)),
        ([f"_cffi_backend{EXTENSION}", "cffi/__init__.py", "cffi/api.py"], ("_cffi_backend", "cffi")),
        (["types-x/__init__.pyi", "../../../bin/x.py", "demo.pth", "not-a-name.py", "__init__.py"], ()),
        (["pkg/__init__.so", "pkg/sub/deep/mod.py"], ("pkg",)),
        (["a/b/c/d/e.py"], ()),
    ],
)
def test_top_level_names(files: list[str], names: tuple[str, ...]) -> None:
    assert origin.top_level([Row(file, "", None) for file in files]) == names


def test_entrances_of_a_namespace_package_are_the_packages_in_it() -> None:
    files = ["google/protobuf/__init__.py", "google/protobuf/any.py", "google/protobuf/sub/__init__.py", "google/x.py"]
    found = origin.entrances([Row(file, "", None) for file in files])
    assert found == {"google/protobuf/__init__.py", "google/x.py"}


@pytest.mark.parametrize("intruder", ["six.py", "six/__init__.py", "six.pyc", f"six{EXTENSION}", "six.abi3.so"])
def test_a_file_earlier_on_the_path(site: Site, app: Path, intruder: str) -> None:
    site.install("six", "six.py")
    site.install("click", "click/__init__.py")
    (change,) = site.find(write(app / intruder).parents[intruder.count("/")])
    assert (change.code, change.kind, change.package) == ("EG112", "shadowed", "six")
    assert change.path == str(app / intruder)
    assert str(site.folder / "six.py") in change.evidence[1]


@pytest.mark.parametrize("intruder", ["six/__init__.py", f"six/__init__{EXTENSION}", f"six{EXTENSION}", "six.abi3.so"])
def test_a_file_inside_site_packages_that_comes_before_the_owned_one(site: Site, intruder: str) -> None:
    site.install("six", "six.py")
    write(site.folder / intruder)
    assert [change.path for change in site.find()] == [str(site.folder / intruder)]


@pytest.mark.parametrize("harmless", ["six.pyc", "six/data.txt", "six.txt", "__pycache__/six.cpython-311.pyc"])
def test_a_file_inside_site_packages_that_comes_after_the_owned_one(site: Site, harmless: str) -> None:
    site.install("six", "six.py")
    write(site.folder / harmless)
    assert site.find() == ()


def test_an_extension_in_a_package_hides_its_init(site: Site) -> None:
    site.install("numpy", "numpy/__init__.py")
    write(site.folder / "numpy" / f"__init__{EXTENSION}")
    assert [change.package for change in site.find()] == ["numpy"]


def test_a_later_file_wins_where_the_owned_one_is_gone(site: Site, tmp_path: Path) -> None:
    site.install("six", "six.py")
    (site.folder / "six.py").unlink()
    assert site.find() == ()
    other = write(tmp_path / "later" / "six.py")
    found = origin.find([str(site.folder), str(other.parent)], site.distributions, site.owned)
    assert [change.path for change in found] == [str(other)]


def test_a_mere_folder_loses_to_an_installed_package(site: Site, app: Path) -> None:
    site.install("torchvision", "torchvision/__init__.py")
    write(app / "torchvision" / "notes.txt")
    assert site.find(app) == ()


def test_a_mere_folder_wins_where_the_package_is_absent(site: Site, app: Path) -> None:
    site.install("six", "six.py")
    write(app / "torchvision" / "notes.txt")
    absent = {"torchvision": "torchvision", "cv2": "opencv-python", "six": "other-six"}
    (change,) = site.find(app, absent=absent)
    assert (change.package, change.path) == ("torchvision", str(app / "torchvision"))
    assert "torchvision is not installed" in change.evidence


class TestNamespaces:
    def test_shared_by_distributions_and_folders(self, site: Site, app: Path, tmp_path: Path) -> None:
        site.install("protobuf", "google/protobuf/__init__.py")
        site.install("google-auth", "google/auth/__init__.py", "google/oauth2/__init__.py")
        user = Site(tmp_path / "user")
        user.install("google-cloud-storage", "google/cloud/storage/__init__.py")
        site.distributions += user.distributions
        site.owned.update(user.owned)
        write(app / "google" / "mine" / "__init__.py")
        assert site.find(app, user.folder) == ()

    def test_a_regular_package_hides_the_whole_namespace(self, site: Site, app: Path) -> None:
        site.install("protobuf", "google/protobuf/__init__.py", "google/other/__init__.py")
        intruder = write(app / "google" / "__init__.py")
        assert [(c.package, c.path) for c in site.find(app)] == [("protobuf", str(intruder))]

    def test_a_portion_hides_one_member(self, site: Site, app: Path) -> None:
        site.install("protobuf", "google/protobuf/__init__.py")
        site.install("google-auth", "google/auth/__init__.py")
        write(app / "google" / "auth" / "__init__.py")
        assert [change.package for change in site.find(app)] == ["google-auth"]

    def test_of_the_old_kind_with_an_owned_init(self, site: Site, tmp_path: Path) -> None:
        site.install("zope.event", "zope/__init__.py", "zope/event/__init__.py")
        user = Site(tmp_path / "user")
        user.install("zope.interface", "zope/interface/__init__.py")
        site.distributions += user.distributions
        site.owned.update(user.owned)
        assert site.find(user.folder) == ()


class TestNoFalseAlarm:
    def test_a_file_that_another_distribution_owns(self, site: Site, tmp_path: Path) -> None:
        site.install("opencv-python", "cv2/__init__.py")
        user = Site(tmp_path / "user")
        user.install("opencv-python-headless", "cv2/__init__.py")
        site.distributions += user.distributions
        site.owned.update(user.owned)
        assert site.find(user.folder) == ()

    def test_editable_distributions(self, site: Site, app: Path) -> None:
        site.install("mine", "mine/__init__.py", editable=True)
        write(app / "mine" / "__init__.py")
        assert site.find(app) == ()

    def test_names_of_the_standard_library(self, site: Site) -> None:
        site.install("typing", "typing.py")
        site.install("test-runner", "test/__init__.py", "runner.py")
        assert site.find(Path(sysconfig.get_path("stdlib"))) == ()

    def test_incidental_names(self, site: Site, app: Path) -> None:
        site.install("sloppy", "sloppy/__init__.py", "tests/__init__.py", "docs/conf.py")
        for name in ("tests", "docs"):
            write(app / name / "__init__.py")
        assert site.find(app) == ()
        site.install("build", "build/__init__.py")
        write(app / "build" / "__init__.py")
        assert [change.package for change in site.find(app)] == ["build"]

    def test_the_same_folder_by_another_name(self, site: Site, tmp_path: Path) -> None:
        site.install("six", "six.py")
        (tmp_path / "lib64").symlink_to(site.folder)
        assert site.find(tmp_path / "lib64") == ()

    def test_a_distribution_without_record(self, site: Site, app: Path) -> None:
        site.install("yaml", "yaml/__init__.py", record=False)
        site.install("six", "six.py")
        assert site.find() == ()
        write(app / "yaml.py")
        write(site.folder / "six" / "__init__.py")
        assert [change.package for change in site.find(app)] == ["six", "yaml"]

    def test_files_that_somebody_else_answers_for(self, site: Site) -> None:
        site.install("protobuf", "google/protobuf/__init__.py")
        extra = write(site.folder / "google" / "__init__.py")
        assert len(site.find()) == 1
        assert site.find(known={str(extra)}) == ()

    def test_unreadable_missing_and_odd_entries(self, site: Site, tmp_path: Path) -> None:
        site.install("six", "six.py")
        no_zip = write(tmp_path / "python311.zip", "this is no zip")
        assert site.find(tmp_path / "missing", no_zip, Path("\0"), tmp_path) == ()


def test_a_zip_archive_earlier_on_the_path(site: Site, tmp_path: Path) -> None:
    site.install("six", "six.py")
    archive = tmp_path / "bundle.zip"
    with zipfile.ZipFile(archive, "w") as bundle:
        bundle.writestr("six.py", "")
    assert [change.path for change in site.find(archive)] == [str(archive / "six.py")]


def test_an_empty_entry_is_the_working_folder(site: Site, app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site.install("six", "six.py")
    write(app / "six.py")
    monkeypatch.chdir(app)
    found = origin.find(["", str(site.folder)], site.distributions, site.owned)
    assert [change.path for change in found] == [str(app / "six.py")]


def test_every_folder_is_listed_once(site: Site, app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        site.install(f"demo{number}", f"demo{number}/__init__.py")
    listed: list[str] = []
    real = os.listdir

    def listdir(folder: str) -> list[str]:
        listed.append(folder)
        return real(folder)

    monkeypatch.setattr(os, "listdir", listdir)
    site.find(app)
    assert sorted(listed) == sorted([str(app), str(site.folder)])


FILES = ["demo.py", "demo.pyc", f"demo{EXTENSION}", "demo.abi3.so", "demo.so", "demo/data.txt", "demo/__init__.py"]
FILES += ["demo/__init__.pyc", f"demo/__init__{EXTENSION}", "demo/part/__init__.py", "demo/part.py", "demo.txt"]
ORACLE = """
import importlib.machinery, sys
paths = sys.argv[2:]
for part in sys.argv[1].split("."):
    spec = importlib.machinery.PathFinder.find_spec(part, paths)
    if spec is None or spec.origin is None and spec.submodule_search_locations is None:
        print(""); sys.exit()
    if spec.origin is not None and not spec.submodule_search_locations:
        break
    paths = list(spec.submodule_search_locations)
print(spec.origin or "")
"""


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sets(st.sampled_from(FILES), max_size=4), min_size=1, max_size=3),
    st.sampled_from(["demo", "demo.part"]),
)
def test_the_winner_is_the_one_of_importlib(
    tmp_path_factory: pytest.TempPathFactory, layout: list[set[str]], name: str
) -> None:
    root = tmp_path_factory.mktemp("paths")
    paths = [root / str(number) for number in range(len(layout))]
    for folder, files in zip(paths, layout, strict=True):
        for file in files:
            write(folder / file)
    told = subprocess.run(
        [sys.executable, "-I", "-S", "-c", ORACLE, name, *map(str, paths)], capture_output=True, text=True, check=True
    )
    search = origin._Search([str(path) for path in paths], origin.suffixes_for(SOABI))
    # Nothing is owned here, so a parent package is where the search ends, as for importlib without its __path__.
    expected = told.stdout.strip()
    found = search.origin(name, frozenset())
    if name == "demo.part" and found.rpartition("/")[2].startswith("__init__.") and "/part/" not in found:
        assert search.origin("demo", frozenset()) == found
    else:
        assert found == expected


def test_a_real_environment_is_clean() -> None:
    folder = sysconfig.get_path("purelib")
    distributions, owned = [], {}
    for path in sorted(Path(folder).glob("*.dist-info")):
        rows = records.parse((path / "RECORD").read_bytes())
        name, _dash, version = path.stem.partition("-")
        item = Distribution(name=name, version=version, path=str(path), location=folder)
        distributions.append(item)
        owned[item.path] = origin.entrances(rows)
    assert len(distributions) > 20
    assert origin.find([sysconfig.get_path("stdlib"), folder], distributions, owned) == ()
