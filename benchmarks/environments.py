"""Builds the environments that the benchmarks judge, and keeps them below one work folder.

Every environment is a real one: ``python -m venv``, then wheels from the index by uv or pip. With ``--work DIR`` it is
kept and used again; without, it lives in a temporary folder that is removed at the end.

Run: python benchmarks/environments.py --work DIR
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent

_POPULAR = """
aiohttp albumentations alembic altair anthropic asyncpg attrs bcrypt beautifulsoup4 boto3 botocore celery certifi
charset-normalizer click cloudpickle cryptography dask datasets django docker duckdb einops faiss-cpu fastapi
filelock flask fsspec gensim googleapis-common-protos grpcio grpcio-status gunicorn h5py html5lib httpx
huggingface-hub hypothesis idna imageio ipykernel jinja2 joblib jsonschema librosa lightgbm llvmlite loguru lxml
markdown markupsafe marshmallow matplotlib mlflow-skinny msgpack msgspec nbconvert netcdf4 networkx nltk numba
numpy omegaconf onnx onnxruntime openai opencv-python-headless openpyxl opentelemetry-sdk optuna orjson packaging
pandas paramiko passlib pillow pip pip-api pip-tools plotly polars prometheus-client protobuf psutil
psycopg2-binary pyarrow pydantic pydantic-settings pydub pygments pyjwt pymongo pyparsing pypdf pyproj pytest
python-docx pyyaml redis regex reportlab requests rich ruamel-yaml safetensors scikit-image scikit-learn scipy
seaborn sentencepiece sentry-sdk setuptools shapely six soundfile spacy sqlalchemy sqlparse starlette statsmodels
structlog sympy tensorboard tiktoken tokenizers toml tomlkit tornado tqdm transformers typer typing-extensions
ujson urllib3 uvicorn websockets werkzeug wheel xarray xlrd xlsxwriter zarr zope-interface
"""

_SMALL = """
numpy<2.2 pillow<12 requests pyyaml click rich attrs packaging six zope-interface safetensors setuptools wheel idna
certifi markupsafe jinja2 werkzeug tqdm
"""

POPULAR = tuple(_POPULAR.split())
"""Distributions that services around a model commonly have; with what they require they are about 290."""

_NATIVE = """
numpy scipy pandas scikit-learn opencv-python-headless pyarrow onnxruntime tensorflow-cpu jax ray xgboost matplotlib
lxml psycopg[binary] pyzmq lightgbm numba h5py duckdb polars grpcio cryptography pillow scikit-image statsmodels
shapely pyproj tokenizers safetensors sentencepiece tiktoken orjson msgspec av soundfile rasterio spacy gensim
asyncpg aiohttp uvloop httptools psutil greenlet sqlalchemy cffi pynacl bcrypt catboost faiss-cpu numexpr tables
"""
_OF_TORCH = ("filelock", "typing-extensions", "sympy", "networkx", "jinja2", "fsspec")
NATIVE = (*_NATIVE.split(), *_OF_TORCH)
"""Distributions with much compiled code; with what they require they are 100 and more, with 700 shared objects."""

SMALL = tuple(_SMALL.split())
"""A small environment of 20 distributions and more, for benchmarks that change an environment thousands of times."""

TORCH = "torch==2.13.0"
"""Taken only where the index offers a build for the CPU."""


class Environment:
    """One virtual environment: its folder and the paths below it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "bin" / "python"

    @property
    def site(self) -> Path:
        """Its site-packages folder."""
        return next((self.folder / "lib").glob("python3.*")) / "site-packages"

    def names(self) -> list[str]:
        """Metadata folders found in site-packages, sorted."""
        return sorted(entry for entry in os.listdir(self.site) if entry.endswith(".dist-info"))


def uv() -> str:
    """The uv executable: beside the running interpreter, or on PATH.

    Raises:
        SystemExit: There is none.
    """
    beside = Path(sys.executable).parent / "uv"
    found = str(beside) if beside.exists() else shutil.which("uv")
    if found is None:
        raise SystemExit("uv is needed: pip install uv")
    return found


def clean_variables(**more: str) -> dict[str, str]:
    """This process's variables without those that change how Python, pip or envguard behave."""
    dropped = ("PYTHON", "ENVGUARD", "VIRTUAL_ENV", "UV_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return {**kept, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_REQUIRE_VIRTUALENV": "1", **more}


def run(command: Sequence[object], *, quiet: bool = True, **more: str) -> str:
    """Runs a command with clean variables and returns its standard output.

    Raises:
        SystemExit: It failed; what it said is shown.
    """
    words = [str(word) for word in command]
    done = subprocess.run(words, env=clean_variables(**more), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"failed ({done.returncode}): {' '.join(words)}\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    if not quiet:
        print(done.stdout, end="", file=sys.stderr)
    return done.stdout


@contextlib.contextmanager
def work_folder(kept: "str | None") -> Iterator[Path]:
    """The folder for environments and caches: ``kept``, or a temporary one that is removed at the end."""
    if kept:
        folder = Path(kept).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    folder = Path(tempfile.mkdtemp(prefix="envguard-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def create(folder: Path, *, python: str = sys.executable) -> Environment:
    """A new virtual environment with nothing but pip in it; one that stands there is removed first."""
    shutil.rmtree(folder, ignore_errors=True)
    run([python, "-m", "venv", folder])
    return Environment(folder)


def resolve(work: Path, names: Sequence[str], *, stem: str) -> Path:
    """A requirements file that pins all that ``names`` need; resolved once per work folder."""
    pins = work / f"{stem}.txt"
    if not pins.exists():
        wanted = work / f"{stem}.in"
        wanted.write_text("\n".join(names) + "\n")
        command = [uv(), "pip", "compile", "-q", "--python", sys.executable, "--only-binary", ":all:"]
        run([*command, "--no-annotate", "--no-header", wanted, "-o", pins], UV_CACHE_DIR=_cache(work))
    return pins


def torch_wheel(work: Path) -> "Path | None":
    """Torch's CPU wheel for this interpreter, downloaded once, or None where the index has no such build."""
    folder = work / "torch"
    if not folder.exists():
        folder.mkdir()
        downloader = create(work / "downloader")
        command = [downloader.python, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:"]
        done = subprocess.run(
            [str(word) for word in [*command, "-d", folder, TORCH]],
            env=clean_variables(),
            capture_output=True,
            check=False,
        )
        if done.returncode:
            print(f"no torch: {TORCH} cannot be downloaded", file=sys.stderr)
        shutil.rmtree(downloader.folder)
    return next(folder.glob("torch-*cpu*.whl"), None)


def wheel_of_envguard(work: Path) -> Path:
    """A wheel of the project as it stands, built afresh."""
    folder = work / "envguard-wheel"
    shutil.rmtree(folder, ignore_errors=True)
    run([uv(), "build", "-q", "--wheel", "--python", sys.executable, "-o", folder, PROJECT], UV_CACHE_DIR=_cache(work))
    return next(folder.glob("*.whl"))


def install_by_uv(environment: Environment, work: Path, *what: object) -> None:
    """``uv pip install``, copying rather than hard-linking, so that a benchmark never edits the cache."""
    command = [uv(), "pip", "install", "-q", "--link-mode", "copy", "--python", environment.python]
    run([*command, *what], UV_CACHE_DIR=_cache(work))


def install_by_pip(environment: Environment, *what: object) -> None:
    """``pip install`` by the environment's own pip."""
    run([environment.python, "-m", "pip", "install", "-q", "--no-cache-dir", *what])


def install_envguard(environment: Environment, work: Path) -> None:
    """(Re)installs envguard into an environment, compiled, as a user would have it."""
    install_by_uv(environment, work, "--reinstall-package", "envguard-lock", wheel_of_envguard(work))
    run([environment.python, "-m", "compileall", "-q", environment.site / "envguard"])


def real(work: Path) -> Environment:
    """The environment of 250 distributions and more, torch's CPU build included if it can be had; kept in ``work``."""
    if (work / "real.json").exists():
        return Environment(work / "real")
    return _with_torch(work, "real", POPULAR, stem="popular")


def native(work: Path) -> Environment:
    """The environment of much compiled code, torch's CPU build included if it can be had; kept in ``work``."""
    if (work / "native.json").exists():
        return Environment(work / "native")
    return _with_torch(work, "native", NATIVE, stem="native")


def _with_torch(work: Path, name: str, names: Sequence[str], *, stem: str) -> Environment:
    environment = create(work / name)
    pins = resolve(work, names, stem=stem)
    install_by_uv(environment, work, "-r", pins)
    torch = torch_wheel(work)
    if torch is not None:
        # By pip, so that the environment holds what both installers write; as if from an index.
        install_by_pip(environment, "--no-deps", "--no-index", "--find-links", torch.parent, "torch")
    compile_all(environment)
    told = {"distributions": len(environment.names()), "torch": torch is not None}
    (work / f"{name}.json").write_text(json.dumps(told))
    return environment


def small(work: Path, name: str = "small") -> Environment:
    """A fresh environment of 20 distributions and more, installed by uv, compiled."""
    environment = create(work / name)
    install_by_uv(environment, work, "-r", resolve(work, SMALL, stem="small"))
    compile_all(environment)
    return environment


def compile_all(environment: Environment) -> None:
    """Writes every .pyc, as importing would; sources that do not compile are left out."""
    command = [str(environment.python), "-m", "compileall", "-q", str(environment.site)]
    subprocess.run(command, env=clean_variables(), capture_output=True, check=False)


def copy(environment: Environment, folder: Path) -> Environment:
    """A byte-identical copy with times kept. Its scripts still name the original: use its python only."""
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(["cp", "-a", str(environment.folder), str(folder)], check=True)
    return Environment(folder)


def put_back(backup: Environment, environment: Environment) -> None:
    """Makes an environment equal to its copy again; only what differs in type, size, mode or time is written."""
    there, here = _entries(backup.folder), _entries(environment.folder)
    for path in sorted(here, reverse=True):
        if there.get(path) == here[path]:
            continue
        target = environment.folder / path
        if target.is_dir() and not target.is_symlink():
            if path not in there:
                shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)
    for path in sorted(there):
        if here.get(path) == there[path]:
            continue
        source, target = backup.folder / path, environment.folder / path
        if source.is_dir() and not source.is_symlink():
            target.mkdir(exist_ok=True)
        else:
            shutil.copy2(source, target, follow_symlinks=False)


def _entries(root: Path) -> "dict[str, tuple[int, ...]]":
    found: dict[str, tuple[int, ...]] = {}
    for folder, folders, files in os.walk(root):
        for name in folders:
            path = os.path.join(folder, name)
            found[os.path.relpath(path, root)] = (os.lstat(path).st_mode,)
        for name in files:
            path = os.path.join(folder, name)
            status = os.lstat(path)
            found[os.path.relpath(path, root)] = (status.st_mode, status.st_size, status.st_mtime_ns)
    return found


def _cache(work: Path) -> str:
    return str(work / "uv-cache")


def options(description: str) -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    parser = argparse.ArgumentParser(description=description.partition("\n")[0])
    parser.add_argument("--work", metavar="DIR", help="keep environments and caches here (default: temporary)")
    parser.add_argument("--json", metavar="FILE", help="write the counters here")
    parser.add_argument("--quick", action="store_true", help="a small sample that ends in seconds to a minute")
    return parser


def write_json(path: "str | None", counters: "dict[str, object]") -> None:
    """Writes counters as sorted JSON, whole or not at all."""
    if not path:
        return
    part = Path(path + ".part")
    part.write_text(json.dumps(counters, indent=2, sort_keys=True) + "\n")
    part.replace(path)


def main() -> int:
    """Builds the large environment and says what is in it."""
    arguments = options(__doc__ or "").parse_args()
    with work_folder(arguments.work) as work:
        environment = real(work)
        print(f"{len(environment.names())} distributions in {environment.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
