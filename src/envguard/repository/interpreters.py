"""EG503: is another Python put in the place of the one that the image's torch was compiled for?

An image with torch brings the one Python whose ABI torch's extension modules carry. Certain is what makes another
Python answer to ``python`` or replaces files of the image's own; doubtful is another one that is installed beside it. A
virtual environment of the image's own Python, headers, pip and the distribution's unversioned ``python3`` are neither.
"""

import re

from envguard._value import Value
from envguard.repository.installs import command_of, program
from envguard.repository.said import UNKNOWN, Copied, Setting, Stage, Uses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envguard.repository.said import Command, Word

_SURE_IMAGES = re.compile(
    r"(?:pytorch/(?:pytorch|torchserve)|nvcr\.io/nvidia/pytorch|rocm/pytorch|intel/intel-(?:optimized|extension-for)-pytorch"
    r"|huggingface/(?:transformers-)?pytorch[a-z0-9-]*|[0-9]+\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/pytorch-[a-z-]+"
    r"|(?:[a-z-]+\.pkg\.dev|gcr\.io)/deeplearning-platform-release/(?:gcr\.io/)?pytorch[a-z0-9.-]*)",
    re.IGNORECASE,
)
_LIKELY_IMAGES = re.compile(r"(?:.*[-_.])?(?:py)?torch(?:[-_.0-9].*)?", re.IGNORECASE)
_NO_TORCH = re.compile(r"manylinux|exporter|operator|builder-base", re.IGNORECASE)
_VERSIONED = re.compile(r"(?:.*/)?python(\d\.\d+)(?:\.\d+)?")
_APT_PYTHON = re.compile(r"python(\d\.\d+)(?:-full|-minimal)?(?:[=:/].*)?")
_ANSWERS = re.compile(r"(?:.*/)?(?:python|python3)")
_CONDA_PYTHON = re.compile(r"(?:[^:\s]+::)?python(?:\s*[=<>!~ ].*)?")
_NUMBERS = re.compile(r"\d+(?:\.\d+)*")
_OF_ANOTHER = re.compile(
    r".*(?:/(?:pyenv|\.pyenv)/(?:shims|versions/[^/]+/bin)|/uv/python/[^/]+/bin|/envs/[^/]+/bin"
    r"|/(?:opt|usr/local|usr/lib|root|home/[^/]+)/(?:[^:]*/)?(?:python-?\d[^/]*|cp3\d+[^/]*|cpython[^/]*)/bin"
    r"|/(?:mini(?:conda|forge)|mambaforge|anaconda)3?/bin)/?",
    re.IGNORECASE,
)
_OWN = ("/opt/conda/bin",)
_SYSTEM = ("/usr/bin", "/usr/local/bin", "/bin")
_SOURCE = re.compile(r".*python\.org/ftp/python/(\d[^/]*)/")
_INSTALLER = re.compile(r".*/((?:Miniconda|Miniforge|Mambaforge|Anaconda)\d?)[^/]*\.sh", re.IGNORECASE)
_PYTHON_IMAGE = re.compile(r"(?:docker\.io/)?(?:library/)?python(?::.*|@.*)?")
_OF_THE_INTERPRETER = re.compile(r"/(?:usr(?:/local)?(?:/(?:bin(?:/python[^/]*)?|lib))?)?/?")
_CONDA = ("conda", "mamba", "micromamba")
_SETUP = re.compile(r"(?:actions/setup-python|conda-incubator/setup-miniconda|mamba-org/setup-micromamba)@.*")


class Replaced(Value):
    """Another Python."""

    image: str
    python: str
    """Such as ``python 3.10``."""
    why: str
    line: int
    certain: bool


class Watch:
    """What is known of the stage that is read."""

    def __init__(self) -> None:
        self.image = ""
        self.sure = False
        self.installed: set[str] = set()
        """Versions that this stage installed beside the image's own; "" for one without a number."""
        self.environments: set[str] = set()
        """Virtual environments of another Python."""
        self.origins: dict[str, str] = {}
        """Name of a stage -> the image that it starts from."""
        self.from_source = ""

    def look(self, said: "Stage | Setting | Copied | Uses") -> "Iterator[Replaced]":
        """What an instruction other than a command does."""
        if isinstance(said, Stage):
            self._begin(said)
        elif not self.image:
            return
        elif isinstance(said, Setting):
            yield from self._path(said)
        elif isinstance(said, Copied):
            yield from self._copied(said)
        elif _SETUP.fullmatch(said.action):
            yield self._made(said.python, f"uses: {said.action} puts another Python first", said.line, certain=True)

    def run(self, command: "Command") -> "Iterator[Replaced]":
        """What a command does."""
        if not self.image:
            return
        words = command_of(command)
        if not words:
            return
        name = program(words[0])
        texts = [word.text for word in words[1:]]
        line = words[0].line
        if name in ("apt-get", "apt", "aptitude", "dnf", "yum", "microdnf", "apk") and {"install", "add"} & set(texts):
            yield from self._packages(words[1:])
        elif name in _CONDA and texts:
            yield from self._conda(words)
        elif name == "update-alternatives":
            yield from self._alternative(texts, line)
        elif name == "ln":
            yield from self._link(texts, line)
        elif name == "pyenv" and texts[:1] in (["global"], ["install"]):
            yield from self._pyenv(texts, line)
        elif name == "uv":
            yield from self._uv(texts, line)
        elif _VERSIONED.fullmatch(name) or name == "virtualenv":
            self._environment(name, texts)
        elif name in ("curl", "wget"):
            yield from self._fetched(texts, line)
        elif name == "make" and "install" in texts and self.from_source:
            yield self._made(self.from_source, "make install of Python's own sources", line, certain=True)

    def _begin(self, stage: Stage) -> None:
        self.image, self.sure = "", False
        self.installed, self.environments, self.from_source = set(), set(), ""
        root = self.origins.get(stage.base.lower(), stage.base)
        for name in stage.names:
            self.origins[name.lower()] = root
        bare = re.sub(r"^(?:docker\.io/|index\.docker\.io/)", "", root.partition("@")[0])
        folder, slash, last = bare.rpartition("/")
        name = folder + slash + last.partition(":")[0]
        if UNKNOWN in name or _NO_TORCH.search(name):
            return
        self.sure = _SURE_IMAGES.fullmatch(name) is not None
        if self.sure or _LIKELY_IMAGES.fullmatch(name.rpartition("/")[2]):
            self.image = name

    def _packages(self, words: "Sequence[Word]") -> "Iterator[Replaced]":
        for word in words:
            found = _APT_PYTHON.fullmatch(word.text)
            if found:
                self.installed.add(found[1])
                yield self._made(found[1], f"{word.text} is installed beside the image's own", word.line)

    def _conda(self, words: "Sequence[Word]") -> "Iterator[Replaced]":
        texts = [word.text for word in words[1:]]
        elsewhere = _value_of(texts, "-n", "--name", "-p", "--prefix") not in ("", "base", "/opt/conda")
        if texts[0] not in ("install", "update", "upgrade") or elsewhere:
            return
        # Whoever installs torch in the same breath gets one for the new Python.
        with_torch = any(re.match(r"(?:[^:\s]+::)?(?:pytorch|torch)(?:[=<>!~ ]|$)", text) for text in texts)
        for word in words[2:]:
            if _CONDA_PYTHON.fullmatch(word.text):
                version = _NUMBERS.search(word.text)
                why = f"{program(words[0])} {texts[0]} {word.text} replaces the Python of the base environment"
                yield self._made(
                    version[0] if version else "", why, word.line, certain=version is not None and not with_torch
                )

    def _alternative(self, texts: "list[str]", line: int) -> "Iterator[Replaced]":
        action = next((text for text in texts if text in ("--install", "--set")), "")
        if not action:
            return
        given = [text for text in texts[texts.index(action) + 1 :] if not text.startswith("-")]
        names, target = (given[:2], given[2:3]) if action == "--install" else (given[:1], given[1:2])
        if not target or not any(_ANSWERS.fullmatch(name) for name in names):
            return
        yield from self._answering(target[0], f"update-alternatives makes {target[0]} the one that is called", line)

    def _link(self, texts: "list[str]", line: int) -> "Iterator[Replaced]":
        given = [text for text in texts if not text.startswith("-")]
        if len(given) == 2 and _ANSWERS.fullmatch(given[1]):
            yield from self._answering(given[0], f"{given[1]} becomes a link to {given[0]}", line)

    def _answering(self, target: str, why: str, line: int) -> "Iterator[Replaced]":
        found = _VERSIONED.fullmatch(target)
        if found is None or target.startswith(tuple(f"{own}/" for own in _OWN)):
            return
        # Without an installation in this file it may be the image's own that gets another name.
        yield self._made(found[1], why, line, certain=found[1] in self.installed)

    def _pyenv(self, texts: "list[str]", line: int) -> "Iterator[Replaced]":
        version = next((text for text in texts[1:] if not text.startswith("-")), "")
        if version == "system":
            return
        self.installed.add(".".join(version.split(".")[:2]))
        yield self._made(version, f"pyenv {texts[0]} {version}", line, certain=texts[0] == "global")

    def _uv(self, texts: "list[str]", line: int) -> "Iterator[Replaced]":
        plain = [text for text in texts if not text.startswith("-")]
        if plain[:2] == ["python", "install"]:
            version = plain[2] if len(plain) > 2 else ""
            self.installed.add(".".join(version.split(".")[:2]))
            yield self._made(version, f"uv {' '.join(plain)}", line, certain="--default" in texts)
        elif plain[:1] == ["venv"] and (wanted := _value_of(texts, "--python", "-p")) and _NUMBERS.match(wanted):
            places = [text for text in plain[1:] if text != wanted]
            self.environments.add(places[0].rstrip("/") if places else ".venv")

    def _environment(self, name: str, texts: "list[str]") -> None:
        """A virtual environment of a Python that was installed here: whoever comes first on PATH decides."""
        made = texts[2:] if texts[:2] == ["-m", "venv"] else texts if name == "virtualenv" else []
        wanted = _VERSIONED.fullmatch(_value_of(made, "-p", "--python") if name == "virtualenv" else name)
        if wanted and wanted[1] in self.installed:
            self.environments |= {text.rstrip("/") for text in made if not text.startswith("-") and text != wanted[0]}

    def _fetched(self, texts: "list[str]", line: int) -> "Iterator[Replaced]":
        for text in texts:
            if found := _SOURCE.match(text):
                self.from_source = found[1]
                self.installed.add(".".join(found[1].split(".")[:2]))
                yield self._made(found[1], f"Python's own sources: {text}", line)
            elif found := _INSTALLER.fullmatch(text):
                self.installed.add("")
                yield self._made("", f"{found[1]} brings a Python of its own", line)

    def _path(self, said: Setting) -> "Iterator[Replaced]":
        if said.name != "PATH":
            return
        for folder in said.value.split(":"):
            place = folder.rstrip("/")
            if UNKNOWN in place or place in ("$PATH", "${PATH}") or place in _OWN:
                return  # from here on it is the image's own order
            another = _OF_ANOTHER.fullmatch(place) or any(
                place == f"{venv}/bin" or place.endswith(f"/{venv}/bin") for venv in self.environments
            )
            if another or (place in _SYSTEM and self.installed):
                yield self._made("", f"PATH begins with {place}", said.line, certain=True)
                return

    def _copied(self, said: Copied) -> "Iterator[Replaced]":
        origin = self.origins.get(said.origin.lower(), said.origin)
        if not _PYTHON_IMAGE.fullmatch(origin) or not re.fullmatch(r"/|/usr(?:/.*)?", said.target):
            return
        taken = next((source for source in said.sources if _OF_THE_INTERPRETER.fullmatch(source)), None)
        if taken is not None:
            version = _NUMBERS.match(origin.partition(":")[2])
            why = f"{taken} of {origin} is copied over {said.target}"
            yield self._made(version[0] if version else "", why, said.line, certain=True)

    def _made(self, version: str, why: str, line: int, *, certain: bool = False) -> Replaced:
        shown = f"python {version}".strip() if UNKNOWN not in version else "python"
        # Of an image that is only called like one of torch, nothing is certain.
        return Replaced(image=self.image, python=shown, why=why, line=line, certain=certain and self.sure)


def _value_of(texts: "list[str]", *options: str) -> str:
    for index, text in enumerate(texts):
        name, equals, value = text.partition("=")
        if name in options:
            return value if equals else texts[index + 1] if index + 1 < len(texts) else ""
    return ""
