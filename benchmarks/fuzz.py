"""Random inputs for everything that reads bytes which others wrote.

    python benchmarks/fuzz.py --inputs 100000 --seed 1 --json fuzz.json

Each reader gets mutations of real seeds: tokens that break parsers (nesting, surrogates, digits that are not ASCII,
YAML aliases, five thousand nines), bytes removed, replaced and repeated, and now and then another encoding. A reader
may return, or raise what it documents; anything else is a defect, printed with the input that caused it. The exit
status is 1 where there is one.

To add a reader, add a row to ``READERS``.
"""

import argparse
import collections
import contextlib
import hashlib
import importlib
import json
import os
import random
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from envguard.errors import EnvguardError

Call = Callable[[bytes], object]


class Reader(NamedTuple):
    """What is fuzzed: ``prepare`` imports the module and returns the call; ``allowed`` names what it may raise."""

    prepare: Callable[[], tuple[Call, tuple[type[Exception], ...]]]
    seeds: tuple[bytes, ...]


class Outcome(NamedTuple):
    """What a run over one reader showed. Times are CPU time of this thread."""

    reader: str
    inputs: int
    outcomes: dict[str, int]
    defects: dict[str, str]
    slowest_ms: float
    slowest_bytes: int
    seconds: float


def _format(module: str) -> Callable[[], tuple[Call, tuple[type[Exception], ...]]]:
    def prepare() -> tuple[Call, tuple[type[Exception], ...]]:
        read = importlib.import_module(f"envguard.formats.{module}")
        path = os.path.join(tempfile.gettempdir(), "no-such-folder", read.NAME)

        def call(data: bytes) -> object:
            read.recognises("input.txt", data[:8192])
            return read.parse(data, path=path)

        return call, (EnvguardError,)

    return prepare


def _sealed() -> tuple[Call, tuple[type[Exception], ...]]:
    """A lock as it is, and with a seal that fits, so that the input gets past the first check."""
    lock = importlib.import_module("envguard.formats.envguard_lock")
    quick = importlib.import_module("envguard.quick")
    prefix = b"# envguard: "

    def call(data: bytes) -> object:
        body = data[: data.rfind(prefix + b"end ")] if prefix + b"end " in data else data
        lines = body.split(b"\n")[3:-1]
        pins = sum(not line.startswith(prefix) or line.startswith(prefix + b"conda ") for line in lines)
        body += prefix + b"end packages=%d sha256:%s " % (pins, hashlib.sha256(body).hexdigest().encode())
        with contextlib.suppress(EnvguardError):
            lock.parse(data, path=lock.NAME)
        return lock.parse(body + quick.checksum(body).encode() + b"\n", path=lock.NAME)

    return call, (EnvguardError,)


def _attribute(
    module: str, function: str, error: str = "", **options: object
) -> Callable[[], tuple[Call, tuple[type[Exception], ...]]]:
    def prepare() -> tuple[Call, tuple[type[Exception], ...]]:
        home = importlib.import_module(f"envguard.{module}")
        function_itself = getattr(home, function)
        documented = (getattr(home, error),) if error else ()
        return lambda data: function_itself(data, **options), (EnvguardError, *documented)

    return prepare


def _rule() -> tuple[Call, tuple[type[Exception], ...]]:
    compiled = importlib.import_module("envguard.rules.compiled")
    return lambda data: compiled.parse(data.decode("utf-8", "replace")), (EnvguardError,)


def _load() -> tuple[Call, tuple[type[Exception], ...]]:
    """The whole way of a lock: a file, recognised by its content."""
    formats = importlib.import_module("envguard.formats")
    descriptor, path = tempfile.mkstemp(suffix=".txt")
    os.close(descriptor)

    def call(data: bytes) -> object:
        with open(path, "wb") as file:
            file.write(data)
        return formats.load(path)

    return call, (EnvguardError,)


_HEX = b"0123456789abcdef" * 4
REQUIREMENTS = (
    b"six==1.17.0 --hash=sha256:" + _HEX + b"\nnumpy[foo,bar]>=1.0,<2 ; python_version>'3.8' and os_name=='posix'\n",
    b"# c\n-r x.txt\n-c y.txt\n",
    b"-i https://u:p@h/simple\nfoo @ https://u:p@h/foo-1.0-py3-none-any.whl?t=1#sha256=ab\n",
    b"# Editable install with no version control (alfred==0.0.1)\n-e /home/x/alfred\n--pre a\n-e ./b[c, d] ; x\n",
    b"git+https://u@h/x.git@0123456789abcdef0123456789abcdef01234567#egg=x&subdirectory=s\nq==${VER}\nq==1\nq==2\n",
    b"torch==2.5.0+cu124 \\\n    --hash=sha256:" + _HEX + b" \\\n    # via x\n    --hash=sha512:00\n",
    b"a==1; python_version<'3.9'\na==2; python_version>='3.9' and extra=='x'\na==2; sys_platform=='win32'\n./w-1.zip\n",
    "# -*- coding: latin-1 -*-\nsix==1 # \xe9\n".encode("latin-1"),
    "six==1.0\r\nfoo === bar\r\n".encode("utf-16"),
)
ENVIRONMENT = (
    b"name: x\nchannels: [a, b]\ndependencies:\n  - python=3.11\n  - numpy=1.2=py_0\n  - pip:\n    - six==1.0\n",
    b"channels:\n  - conda-forge\ndependencies:\n  - conda-forge/linux-64::z==1=h_1\n  - 'b >1,<2'\n  - c=1[build=*]\n",
    b'{"name": "x", "channels": ["a"], "dependencies": ["m=0.1=py_0", {"pip": ["six==1.0", "-r x.txt"]}]}',
    b"dependencies:\n  - a=1=0\n  - pip:\n    - |\n      b==1 \\\n        --hash=sha256:00\nprefix: /x\n",
)
LOCK = (
    b"# envguard: lock 1\n# envguard: interpreter cpython 3.11.7 cpython-311-x86_64-linux-gnu\n"
    b"# envguard: platform linux x86_64 glibc 2.36\nnumpy==1.26.4  # envguard: record=sha256:" + _HEX + b" tags=a-b-c\n"
    b"# envguard: conda a=1=0 sha256=" + _HEX + b" channel=c/linux-64\n"
    b"# envguard: manifest envguard.lock.files sha256=" + _HEX + b" files=1\n"
    b"# envguard: end packages=2 sha256:" + _HEX + b"\n",
)
RECORD = (
    b'six.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,123\n"a,b.py",sha256=b,1\nx/RECORD,,\n',
    b"../../../bin/x,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,1\r\na/__pycache__/b.cpython-311.pyc,,\r\n",
)
DIRECT_URL = (
    b'{"url": "https://u:p@h/x.git", "vcs_info": {"vcs": "git", "commit_id": "0123", "requested_revision": "main"}}',
    b'{"url": "file:///x", "dir_info": {"editable": true}, "subdirectory": "a"}',
    b'{"url": "https://h/a.whl", "archive_info": {"hash": "sha256=00", "hashes": {"sha256": "00"}}}',
)
METADATA = (
    b"Metadata-Version: 2.1\nName: six\nVersion: 1.17.0\nSummary: x\n y\n\nbody",
    b"Name: Foo.Bar\r\nVersion: 1.0+CU.1\r\nRequires-Dist: a (>=1); extra == 'b'\r\n",
)
WHEEL = (b"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: false\nTag: cp311-cp311-linux_x86_64\nTag: a.b-c-d\n",)
VARIANT = (b"from typing import Optional\n__version__ = '2.5.0+cu124'\ncuda: Optional[str] = '12.4'\nhip = None\n",)
RULE = (b'{"id": "a", "verdict": "forbidden", "reason": "x", "package": ["numpy"], "locked": ">=1", "alone": true}',)

LOCK_FILES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "fixtures", "lockfiles")


def _files(folder: str) -> tuple[bytes, ...]:
    """Every file of a folder of fixtures as a seed."""
    seeds = []
    for name in sorted(os.listdir(os.path.join(LOCK_FILES, folder))):
        with open(os.path.join(LOCK_FILES, folder, name), "rb") as file:
            seeds.append(file.read())
    return tuple(seeds)


UV_LOCK = (
    (
        b'version = 1\nrevision = 3\nrequires-python = ">=3.8"\nconflicts = [[\n{ package = "d", extra = "a" },\n'
        b'{ package = "d", group = "b" },\n]]\n[[package]]\nname = "d"\nversion = "1"\nsource = { virtual = "." }\n'
        b'dependencies = [{ name = "t", marker = "extra == \'extra-1-d-a\'" }, { name = "u", extra = ["x"] }]\n'
        b'[package.dev-dependencies]\ndev = [{ name = "t" }]\n[package.metadata]\nprovides-extras = ["a"]\n'
        b'[[package]]\nname = "t"\nversion = "2.0+cu1"\nsource = { registry = "https://h/s" }\n'
        b'sdist = { hash = "sha256:0" }\n'
        b'[[package]]\nname = "u"\nversion = "1"\nsource = { git = "https://u:p@h/r?rev=v&subdirectory=s#0123" }\n'
        b'wheels = [{ url = "https://h/u-1-py3-none-any.whl", hash = "sha256:00" }]\n'
    ),
    (
        b'version = 1\nrequires-python = ">=3.8"\n[manifest]\nmembers = ["a"]\n[[package]]\nname = "a"\n'
        b'source = { editable = "p" }\n[package.optional-dependencies]\nx = [{ name = "a" }]\n'
    ),
)
PYLOCK = (
    (
        b'lock-version = "1.0"\ncreated-by = "x"\nrequires-python = ">=3.8"\nenvironments = ["os_name == \'posix\'"]\n'
        b'extras = ["e"]\ndependency-groups = ["g"]\ndefault-groups = ["g"]\n[[packages]]\nname = "a"\n'
        b'version = "1.0"\n'
        b"marker = \"python_version > '3' and 'g' in dependency_groups\"\n"
        b'wheels = [{ name = "a-1.0-py3-none-any.whl", url = "https://h/a-1.0-py3-none-any.whl", upload-time = "x", '
        b'hashes = { sha256 = "00" } }]\n[[packages]]\nname = "B.b"\nversion = "2"\n'
        b'sdist = { url = "https://h/b-b-2.tar.gz", hashes = { sha256 = "00" } }\n'
    ),
    (
        b'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "v"\n'
        b'vcs = { type = "git", url = "https://u:p@h/r", commit-id = "0123" }\n[[packages]]\nname = "d"\n'
        b'directory = { path = "../d", editable = true }\n[[packages]]\nname = "z"\n'
        b'archive = { url = "https://h/z.zip", hashes = { sha256 = "00" } }\n'
    ),
)
POETRY_LOCK = (
    (
        b'[[package]]\nname = "a"\nversion = "1"\noptional = false\npython-versions = ">=3.6"\n'
        b'groups = ["main", "dev"]\n'
        b'markers = "os_name == \'posix\'"\nfiles = [{file = "a-1-py3-none-any.whl", hash = "sha256:00"}]\n'
        b'[package.dependencies]\nb = {version = "*", markers = "extra == \'x\'"}\n[package.source]\ntype = "git"\n'
        b'url = "https://h/r"\nresolved_reference = "0123"\n[extras]\nx = ["b"]\n[metadata]\nlock-version = "2.1"\n'
    ),
    (
        b'[[package]]\nname = "a"\nversion = "1"\ncategory = "main"\noptional = false\n'
        b'python-versions = "^3.6 || ~2.7"\n'
        b'[package.dependencies]\nb = [{version = "1", python = "<3"}, {version = "2"}]\n[[package]]\nname = "b"\n'
        b'version = "1"\ncategory = "dev"\noptional = true\n[extras]\nx = ["b (>=1)"]\n[metadata]\n'
        b'lock-version = "1.1"\n'
        b'python-versions = "*"\n[metadata.files]\na = [{file = "a-1.tar.gz", hash = "sha256:00"}]\n'
    ),
)
PDM_LOCK = (
    (
        b'[metadata]\ngroups = ["default", "t"]\nstrategy = ["inherit_metadata"]\nlock_version = "4.5.0"\n'
        b'[[metadata.targets]]\nrequires_python = ">=3.8"\n[[package]]\nname = "a"\nversion = "1"\n'
        b'groups = ["default"]\n'
        b'marker = "os_name == \'posix\'"\nsummary = "x"\ndependencies = ["b[c]>=1; os_name == \'nt\'"]\n'
        b'files = [{file = "a-1-py3-none-any.whl", hash = "sha256:00"}]\n[[package]]\nname = "b"\nversion = "1"\n'
        b'extras = ["c"]\ngit = "https://h/r"\nrevision = "0123"\n'
    ),
    (
        b'[[package]]\nname = "A"\nsections = ["default"]\nversion = "1"\nmarker = "os_name == \'posix\'"\n'
        b'[package.dependencies]\nB = ">=1"\n[metadata]\ncontent_hash = "x"\n[metadata.files]\n'
        b'"a 1" = [{url = "https://h/a-1.zip", hash = "sha256:00"}]\n'
    ),
)

READERS: dict[str, Reader] = {
    "requirements.txt": Reader(_format("requirements_txt"), REQUIREMENTS),
    "environment.yml": Reader(_format("conda_environment_yml"), ENVIRONMENT),
    "Pipfile.lock": Reader(_format("pipfile_lock"), _files("pipfile_lock")),
    "conda-lock.yml": Reader(_format("conda_lock_yml"), _files("conda_lock_yml")),
    "conda-explicit": Reader(_format("conda_explicit"), _files("conda_explicit")),
    "conda-list": Reader(_format("conda_list"), _files("conda_list")),
    "pixi.lock": Reader(_format("pixi_lock"), _files("pixi_lock")),
    "pip-inspect": Reader(_format("pip_inspect_json"), _files("pip_inspect_json")),
    "cyclonedx": Reader(_format("cyclonedx_json"), _files("cyclonedx_json")),
    "uv.lock": Reader(_format("uv_lock"), UV_LOCK),
    "pylock.toml": Reader(_format("pylock_toml"), PYLOCK),
    "poetry.lock": Reader(_format("poetry_lock"), POETRY_LOCK),
    "pdm.lock": Reader(_format("pdm_lock"), PDM_LOCK),
    "envguard.lock": Reader(_sealed, LOCK),
    "any golden file": Reader(_load, (*REQUIREMENTS, *ENVIRONMENT, *LOCK)),
    "RECORD": Reader(_attribute("facts.records", "parse", "RecordError"), RECORD),
    "direct_url.json": Reader(_attribute("facts.direct_url", "parse", "DirectUrlError"), DIRECT_URL),
    "METADATA": Reader(_attribute("environment.metadata", "parse"), METADATA),
    "WHEEL": Reader(_attribute("facts.wheel", "tags"), WHEEL),
    "torch/version.py": Reader(_attribute("facts.variant", "from_source"), VARIANT),
    "compiled rule": Reader(_rule, RULE),
}

TOKENS = tuple(
    token.encode("utf-8", "surrogatepass")
    for token in (
        *(
            "\0",
            "\n",
            "\r",
            "\t",
            "\x0b",
            "\x85",
            "\u2028",
            "\x1b[31m",
            "\ufeff",
            "\u202e",
            "\ud800",
            "é",
            "\u017f",
            "\u212a",
        ),
        *('"', "'", "[", "]", "{", "}", "(", ")", "=", "==", "===", "~=", "!=", "@", " @ ", "#", " #", ":", "::", ";"),
        *("-", "--", "-r ", "-c ", "-e ", " --hash=sha256:", "\\", "\\\n", ",", "|", "*", "&a ", "*a", "<<: *a", "- "),
        *("!!python/object:os.system", "!x ", "---\n", "? ", "%YAML 1.1\n", "${X}", "$", "%0A", "%", "../", "./", "/"),
        *(
            "/dev/zero",
            "/etc/passwd",
            "file:///",
            "https://u:p@h/",
            "git+https://h/x@",
            "#egg=",
            "\u0663",
            "\u0661.\u0662",
            "\U0001d7d9",
            "1_0",
        ),
        *("9" * 5000, "1." * 2000, "(" * 2000, "[" * 800, "[[" * 800, "{" * 500, " " * 300, "a-" * 900, "\\\n" * 200),
        *("NaN", "1e999", "0x", "null", "~", "no", "12:30:45", "3.10", "2024-01-01", "<<<<<<< HEAD\n", "# coding: x\n"),
        *(
            "python_version",
            " and ",
            " or ",
            "not in",
            "extra == 'a'",
            "name: ",
            "dependencies:",
            "pip:\n",
            "# envguard: ",
        ),
    )
)
ENCODINGS = ("utf-16", "utf-8-sig", "utf-32", "latin-1", "utf-16-le")


def mutate(chance: random.Random, seeds: tuple[bytes, ...]) -> bytes:
    """One to six changes of one seed, seldom followed by another encoding."""
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.randint(1, 6)):
        _mutate_once(chance, data, seeds)
    if chance.random() < 0.03:
        return bytes(data).decode("utf-8", "replace").encode(chance.choice(ENCODINGS), "replace")
    return bytes(data[: chance.randrange(len(data) + 1)]) if chance.random() < 0.05 else bytes(data)


def _mutate_once(chance: random.Random, data: bytearray, seeds: tuple[bytes, ...]) -> None:
    start = chance.randrange(len(data) + 1)
    kind = chance.random()
    if kind < 0.25:
        del data[start : start + chance.randint(1, 8)]
    elif kind < 0.6:
        data[start:start] = chance.choice(TOKENS)
    elif kind < 0.75 and data:
        data[min(start, len(data) - 1)] = chance.randrange(256) if chance.random() < 0.3 else chance.randrange(32, 127)
    elif kind < 0.9:
        end = chance.randrange(len(data) + 1)
        data[start:start] = data[min(start, end) : max(start, end)][:200]
    else:  # a line of another seed
        data[start:start] = b"\n" + chance.choice(chance.choice(seeds).splitlines() or [b""]) + b"\n"


def fuzz(name: str, inputs: int, seed: int) -> Outcome:
    """Give one reader many inputs.

    Args:
        name: A key of ``READERS``.
        inputs: How many.
        seed: The same seed gives the same inputs for this reader.
    """
    call, allowed = READERS[name].prepare()
    chance = random.Random(f"{seed} {name}")
    outcomes: collections.Counter[str] = collections.Counter()
    defects: dict[str, str] = {}
    slowest, slowest_bytes, began = 0.0, 0, time.perf_counter()
    for _ in range(inputs):
        data = mutate(chance, READERS[name].seeds)
        started = time.thread_time()
        try:
            call(data)
            what = "read"
        except allowed as error:
            what = type(error).__name__
        except Exception as error:  # noqa: BLE001 - finding these is the purpose
            what = type(error).__name__
            defects.setdefault(what, f"{error!s:.200} <- {data!r:.2000}")
        outcomes[what] += 1
        took = time.thread_time() - started
        if took > slowest:
            slowest, slowest_bytes = took, len(data)
    return Outcome(name, inputs, dict(outcomes), defects, slowest * 1000, slowest_bytes, time.perf_counter() - began)


@contextlib.contextmanager
def _strict() -> Iterator[None]:
    """Warnings count as defects, and relative includes find an empty folder."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("error")
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


def run(names: list[str], inputs: int, seed: int) -> list[Outcome]:
    """Fuzz several readers and print a row for each."""
    print(f"seed {seed}\n")
    print("| reader | inputs | read | refused | defects | slowest ms (bytes) | inputs/s |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    results = []
    with _strict():
        for name in names:
            result = fuzz(name, inputs, seed)
            results.append(result)
            bad = sum(count for what, count in result.outcomes.items() if what in result.defects)
            read = result.outcomes.get("read", 0)
            slow = f"{result.slowest_ms:.0f} ({result.slowest_bytes})"
            rate = result.inputs / result.seconds
            print(f"| {name} | {inputs} | {read} | {inputs - read - bad} | {bad} | {slow} | {rate:.0f} |", flush=True)
    for result in results:
        for what, how in result.defects.items():
            print(f"\n{result.reader}: {what}: {how}")
    return results


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Random inputs for every reader of foreign bytes.")
    parser.add_argument("--inputs", type=int, default=100_000, help="for each reader (default %(default)s)")
    parser.add_argument("--seed", type=int, default=None, help="default: drawn and printed")
    parser.add_argument("--readers", nargs="*", choices=list(READERS), default=list(READERS), metavar="NAME")
    parser.add_argument("--json", metavar="FILE", help="write the figures here")
    options = parser.parse_args(arguments)
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    target = os.path.abspath(options.json) if options.json else ""
    results = run(options.readers, options.inputs, seed)
    if target:
        figures: dict[str, Any] = {"seed": seed, "readers": [result._asdict() for result in results]}
        with open(target, "w", encoding="utf-8") as file:
            json.dump(figures, file, indent=1)
    return 1 if any(result.defects for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
