"""Who puts conda packages into a trial's environment: py-rattler, else a conda that is found.

Both link files from a cache that other environments link, too. A trial's files are made its own afterwards, so that a
test which writes into one of them reaches no other environment.
"""

import importlib.util
import os
import shutil
import sys
from urllib.parse import urlsplit

from envguard.change.trial import _rattler, base
from envguard.change.trial.place import Trial
from envguard.change.trial.running import tool as run_tool
from envguard.errors import UnverifiableError
from envguard.facts.tree import is_below

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from envguard.change.installers.conda_archive import Archive

PROGRAMS = ("conda", "mamba", "micromamba")
_SCRIPT = os.path.abspath(_rattler.__file__)
_QUIET = {
    "CONDA_ALWAYS_YES": "true",
    "CONDA_REGISTER_ENVS": "false",  # it writes the path of each environment into the person's folder
    "CONDA_REPORT_ERRORS": "false",
    "CONDA_NOTIFY_OUTDATED_CONDA": "false",
    "CONDA_AUTO_UPDATE_CONDA": "false",
}


class CondaInstaller:
    """Puts exact archives of conda packages into a trial's environment."""

    def __init__(self, trial: Trial, judged: str, *, offline: bool) -> None:
        self._trial = trial
        self._offline = offline
        has_rattler = importlib.util.find_spec("rattler") is not None
        self._program = "" if has_rattler else _found(judged)
        if not self._program and not has_rattler:
            raise UnverifiableError(
                "conda packages are put in by py-rattler or by a conda that is no part of the environment, and "
                "neither is here",
                remedy="install envguard-lock[conda] beside envguard",
            )

    @property
    def name(self) -> str:
        """py-rattler, conda, mamba or micromamba."""
        return os.path.basename(self._program) or "py-rattler"

    def put(
        self,
        archives: "Sequence[Archive]",
        step: str,
        *,
        fresh: "Sequence[Archive] | None" = None,
        gone: "Sequence[str]" = (),
    ) -> None:
        """Make the conda packages of the environment exactly these.

        Args:
            archives: All that are to be there.
            step: What this is a part of, for the log's name.
            fresh: Those of them that are not there yet; None is all, in an environment that is not there either.
            gone: Names of what is there and is not to be, without what is replaced.

        Raises:
            UnverifiableError: An archive cannot be had, or the installer failed.
        """
        if self._program:
            self._by_conda(archives if fresh is None else fresh, step, gone, create=fresh is None)
        else:
            self._by_rattler(archives, step)
        unshare(self._trial.environment)

    def _by_rattler(self, archives: "Sequence[Archive]", step: str) -> None:
        cache = _cache()
        if self._offline:
            _require_here(archives, cache)
        folder = self._trial.file(f"conda-{step}")
        os.mkdir(folder)
        records = []
        for each in archives:
            records.append(os.path.join(folder, f"{each.name}-{each.version}-{each.build}.json"))
            with open(records[-1], "x", encoding="utf-8") as file:
                file.write(each.record)
        self._call([sys.executable, _SCRIPT, self._trial.environment, cache, *records], step)
        shutil.rmtree(folder)  # records may hold credentials

    def _by_conda(self, fresh: "Sequence[Archive]", step: str, gone: "Sequence[str]", *, create: bool) -> None:
        prefix = ["--yes", "--prefix", self._trial.environment]
        offline = ["--offline"] if self._offline else []
        if gone:
            self._call([self._program, "remove", *prefix, "--force", *gone], step)
        if not fresh:
            return
        listed = self._trial.file(f"conda-{step}.txt")
        with open(listed, "w", encoding="utf-8") as file:
            file.write("@EXPLICIT\n" + "".join(f"{each.explicit}\n" for each in fresh))
        verb = "create" if create else "install"
        self._call([self._program, verb, *prefix, *offline, "--file", listed], step)
        os.unlink(listed)

    def _call(self, command: "list[str]", step: str) -> None:
        environ = {**base.tool_environ(), **_QUIET}
        ran = run_tool(command, log=self._trial.log(f"conda-{step}"), environ=environ, folder=self._trial.path)
        doing = {"golden": "be installed", "change": "be changed"}.get(step, step)
        base.require(ran, f"the conda packages could not {doing} by {self.name}")


def _found(judged: str) -> str:
    """A conda on PATH that is no part of the environment under judgement; "" where there is none."""
    for name in PROGRAMS:
        path = shutil.which(name) or ""
        if path and not is_below(os.path.realpath(path), os.path.realpath(judged)):
            return path
    return ""


def _cache() -> str:
    """Where conda keeps archives, so that a second trial needs no network for them."""
    named = os.environ.get("RATTLER_CACHE_DIR")
    if named:
        return os.path.join(named, "pkgs")
    base_folder = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base_folder, "rattler", "cache", "pkgs")


def _require_here(archives: "Sequence[Archive]", cache: str) -> None:
    """Raise an UnverifiableError where py-rattler would ask the network for an archive."""
    for each in archives:
        at_hand = urlsplit(each.url).scheme == "file" or os.path.isdir(
            os.path.join(cache, f"{each.name}-{each.version}-{each.build}")
        )
        if not at_hand:
            raise UnverifiableError(
                f"{each.name} {each.version} {each.build} of conda's is not in py-rattler's cache, and nothing may be "
                "asked of the network",
                remedy="try it without --offline",
            )


def unshare(prefix: str) -> None:
    """Give each file of an environment that other folders link a content of its own."""
    for parent, _folders, names in os.walk(prefix):
        for name in names:
            path = os.path.join(parent, name)
            if os.path.islink(path) or os.lstat(path).st_nlink == 1:
                continue
            fresh = path + ".envguard"
            shutil.copy2(path, fresh)
            os.replace(fresh, path)
