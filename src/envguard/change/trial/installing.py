"""The installer's calls: exact versions from a folder of proven wheels, nothing else, and never the original."""

import os

from envguard.change.placing import _download
from envguard.change.trial import base
from envguard.change.trial.place import Trial
from envguard.change.trial.running import tool as run_tool
from envguard.errors import UnverifiableError
from envguard.model import Pin
from envguard.versions import parse


class Installer:
    """uv where there is one, else a pip that is no part of the original environment."""

    def __init__(self, trial: Trial, judged: str, uv: str) -> None:
        self._trial = trial
        self._uv = uv
        self._pip = [] if uv else _download.command(judged)
        if not uv and not self._pip:
            raise UnverifiableError(
                "neither uv nor a pip is there that is no part of this environment",
                remedy="install uv, or run envguard from another environment with --python",
            )

    @property
    def name(self) -> str:
        """Uv or pip."""
        return "uv" if self._uv else "pip"

    def install(self, pins: "list[Pin]", folder: str, step: str) -> None:
        """Install exact versions from a folder of wheels, without their requirements.

        Raises:
            UnverifiableError: The installer failed.
        """
        if not pins:
            return
        wanted = self._trial.file(f"{step}.txt")
        with open(wanted, "w", encoding="utf-8") as file:
            file.writelines(f"{pin.name}{_operator(pin)}{pin.version}\n" for pin in pins)
        options = ["--no-deps", "--no-index", "--find-links", folder, "-r", wanted]
        self._call([*self._start("install"), *options, *self._again()], step)

    def install_direct(self, words: "list[str]", step: str) -> None:
        """Install what was asked for by a path or URL, without its requirements.

        Raises:
            UnverifiableError: The installer failed.
        """
        self._call([*self._start("install"), "--no-deps", *self._again(), *words], step, closed=False)

    def remove(self, names: "list[str]", step: str) -> None:
        """Remove distributions.

        Raises:
            UnverifiableError: The installer failed.
        """
        if names:
            self._call([*self._start("uninstall"), *([] if self._uv else ["--yes"]), *names], step)

    def _start(self, action: str) -> list[str]:
        python = os.path.join(self._trial.environment, "bin", "python")
        if self._uv:
            return [self._uv, "--color", "never", "--no-progress", "pip", action, "--python", python]
        more = ["--no-compile", "--no-warn-script-location"] if action == "install" else []
        return [*self._pip, "--python", python, action, *more]

    def _again(self) -> list[str]:
        return ["--reinstall", "--link-mode", "copy"] if self._uv else ["--force-reinstall"]

    def _call(self, command: list[str], step: str, *, closed: bool = True) -> None:
        """``closed``: only what was laid out counts, so nobody's configuration may add a place to look in."""
        environ = base.tool_environ()
        if closed:
            environ = {name: value for name, value in environ.items() if not name.startswith(("PIP_", "UV_"))}
            environ |= {"PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1", "UV_OFFLINE": "1", "UV_NO_CACHE": "1"}
            environ |= {"PIP_NO_CACHE_DIR": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "UV_LINK_MODE": "copy"}
        ran = run_tool(command, log=self._trial.log(step), environ=environ, folder=self._trial.path)
        base.require(ran, f"{self.name} failed while {_doing(step)}")


def _operator(pin: Pin) -> str:
    return "==" if parse(pin.version or "") is not None else "==="


def _doing(step: str) -> str:
    return {"golden": "installing the golden packages", "change": "making the change"}.get(step, step)
