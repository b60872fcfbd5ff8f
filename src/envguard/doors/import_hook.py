"""``protect``: modules that cannot be loaded unless the environment is pinned, however they are loaded.

    envguard.protect("my_model", "torch")

An audit hook (PEP 578) sees more than a finder on ``sys.meta_path`` does: of 18 ways to load a module the events
``import`` and ``exec`` refuse 15, a finder 8. The three that remain are documented, and tested as such:
``exec(open(path).read())``, a module that is in ``sys.modules`` already, and a new interpreter without the guard.

Looking for a module is never refused: libraries probe with ``importlib.util.find_spec`` whether torch is there.
What is refused is running its code. ImportRefused is a BaseException since half of the ``try`` blocks around imports
swallow less, and the latch makes swallowing it harmless.

An audit hook cannot be removed, so there is one per process and its guards come and go. It is blind in other
subinterpreters, and code that runs in this process before it can get round it.
"""

import os
import sys
from _thread import _local  # threading.local, without importing threading

from envguard import latch
from envguard.doors._finder import Finder
from envguard.errors import DriftError, ImportRefused, TooLateError, UnverifiableError, UsageError
from envguard.facts import loaded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import CodeType
    from typing import Any

    from typing_extensions import Self

    from envguard.model import Depth, Report, Verdict

_SELFTEST = "envguard.selftest"
_RUNS = (".py", ".pyc", ".so")

_guards: "tuple[ImportGuard, ...]" = ()
_echoes: "list[object]" = []
_installed = False


class _Thread(_local):
    """What this thread is doing. Not inherited by threads; a fork keeps it for the thread that forked."""

    checking = False
    """The guard is at work: what it imports meanwhile is its own business."""


_thread = _Thread()


class ImportGuard:
    """What ``protect`` returns: a handle that ends the protection, and a context manager that does so at its end.

    Attributes:
        names: The protected modules; their submodules are protected with them.
        report: The report of the check, None until it has run.
    """

    def __init__(self, names: tuple[str, ...], ask: "Callable[[], Report]") -> None:
        self.names = names
        self.report: Report | None = None
        self._ask = ask
        self._owned: dict[str, loaded.Owned] = {}
        self._entries: tuple[list[str], frozenset[str]] = ([], frozenset())

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, *_raised: object) -> None:
        self.uninstall()

    def uninstall(self) -> None:
        """Protect nothing any more. A refusal that has happened stays. Calling it again does nothing."""
        global _guards  # noqa: PLW0603 - one hook per process, and one list for it
        _guards = tuple(guard for guard in _guards if guard is not self)
        if not _guards and _watcher in sys.meta_path:
            sys.meta_path.remove(_watcher)

    def check(self) -> "Report":
        """Check the environment now, once, instead of at the first import of a protected module.

        Raises:
            EnvguardError: As ``assert_pinned``.
        """
        latch.recheck()
        if self.report is not None:
            return self.report
        _thread.checking = True
        try:
            # Identities first: a file that changes while it is checked is then seen as changed.
            self._owned = loaded.owned(self.names, sys.path)
            self.report = self._ask()
        except Exception as error:
            latch.refuse(error)
            raise
        finally:
            _thread.checking = False
        return self.report

    def look_again(self, *names: str) -> None:
        """Compare the files of protected modules, and where those were loaded from, with what was there at the check.

        It happens by itself whenever a protected module has been imported.

        Args:
            names: Which of the protected modules; default all.

        Raises:
            DriftError: A file changed after the check, or a module comes from a file that its distribution lacks.
        """
        latch.recheck()
        for module in names or self.names:
            before = self._owned.get(module)
            if before is None or not before.owners:
                continue
            if files := loaded.changed(before):
                self._refuse(f"{files[0]} changed after the environment was checked", len(files) - 1)
            if why := loaded.stray(before, sys.modules):
                self._refuse(f"{why}, which is no file of {', '.join(before.owners)}")

    def on_import(self, name: str, filename: "str | None") -> None:
        """An ``import`` event: a module by name, or an extension module by name and file."""
        module = next((each for each in self.names if name == each or name.startswith(each + ".")), None)
        if module is not None:
            self._admit(name, self.check)
        if filename:
            self.on_file(filename, None)

    def before_import(self, name: str) -> None:
        """A protected module is about to be executed."""
        if self in _guards and not _thread.checking:
            self._admit(name, self.check)

    def after_import(self, name: str) -> None:
        """A protected module has been executed."""
        if self in _guards and not _thread.checking:
            self._admit(name, lambda: self.look_again(name))

    def on_file(self, filename: str, code: "CodeType | None") -> None:
        """An ``exec`` event, or a library: the file is about to run."""
        if not any(name.replace(".", "/") in filename for name in self.names):
            return
        found = loaded.module_of(filename, self.names, self._search_path())
        if found is None:
            return
        module, inside = found
        self._admit(module, lambda: self._check_file(module, filename, code, inside=inside))

    def _admit(self, module: str, examine: "Callable[[], object]") -> None:
        """Turn every error of ``examine`` into a refusal of ``module``."""
        try:
            examine()
        except ImportRefused as error:
            raise ImportRefused(module, error.reason) from error
        except Exception as error:
            latch.refuse(error)
            raise ImportRefused(module, str(error)) from error

    def _check_file(self, module: str, filename: str, code: "CodeType | None", *, inside: bool) -> None:
        self.check()
        before = self._owned[module]
        if not before.owners or not filename.endswith(_RUNS):
            return  # a module of the application itself, or no module
        path = loaded.canonical(filename)
        if path not in before.files:
            if inside:
                self._refuse(f"{filename} is no file of {', '.join(before.owners)}, and would be loaded as {module}")
            return  # only named like the module, such as jax/numpy/__init__.py
        if loaded.identity_of(path) != before.files[path]:
            self._refuse(f"{filename} changed after the environment was checked")
        if code is not None and path in before.bytecode:
            self._check_bytecode(before, path, code)

    def _check_bytecode(self, before: loaded.Owned, path: str, code: "CodeType") -> None:
        """The interpreter writes byte code by itself, so a new one is good if it is what the source compiles to."""
        cache = loaded.bytecode_file(path)
        identity = loaded.identity_of(cache)
        if identity == before.bytecode[path]:
            return
        if not loaded.compiles_to(path, code):
            self._refuse(f"{cache} changed after the environment was checked, and is not the compiled {path}")
        before.bytecode[path] = identity

    def _refuse(self, problem: str, more: int = 0) -> None:
        error = DriftError(
            problem + (f" (and {more} more)" if more else ""),
            report=self.report,
            remedy="restart the process, and install nothing while it starts",
        )
        latch.refuse(error)
        raise error

    def _search_path(self) -> frozenset[str]:
        known, entries = self._entries
        if known != sys.path:
            known = list(sys.path)
            entries = loaded.folders(known)
            self._entries = known, entries
        return entries


_watcher = Finder(lambda: _guards)


def protect(
    *names: str,
    lock: "str | os.PathLike[str] | None" = None,
    depth: "Depth | None" = None,
    allow: "Verdict | None" = None,
    only: "str | Iterable[str] | None" = None,
    sha256: "str | None" = None,
    eager: bool = False,
    verify_loaded: bool = False,
) -> ImportGuard:
    """Refuse to load modules unless the environment is pinned.

    The environment is checked when the first of them is loaded. A module that an installed distribution lists in its
    RECORD must then come from a file of that distribution, and every file of that distribution must be the one that was
    there at the check. A module that no distribution claims is the application's own and may come from anywhere.

    Args:
        names: Modules, such as ``torch`` or ``google.cloud.storage``; their submodules are protected with them.
        lock: As for ``assert_pinned``.
        depth: As for ``assert_pinned``.
        allow: As for ``assert_pinned``.
        only: As for ``assert_pinned``.
        sha256: As for ``assert_pinned``.
        eager: Check now instead of at the first import.
        verify_loaded: Where a protected module is loaded already, check now, and accept it if it was loaded from a file
            of the distribution that owns it. What it ran before that cannot be judged.

    Returns:
        A handle with ``uninstall()``, also a context manager.

    Raises:
        TooLateError: A protected module is loaded already.
        UnverifiableError: The audit hook could not be installed.
        EnvguardError: As ``assert_pinned``, where it checks now.
        UsageError: No name was given, or one that cannot be imported.
    """
    latch.recheck()
    _check_names(names)

    def ask() -> "Report":
        from envguard.quick import assert_pinned

        return assert_pinned(lock, depth=depth, allow=allow, only=only, sha256=sha256)

    guard = ImportGuard(names, ask)
    try:
        early = _loaded(names)
        if not verify_loaded:
            _refuse_loaded(early)
        _install()
        if eager or early:
            guard.check()
        if early:
            _check_loaded(guard, early)
    except Exception as error:
        latch.refuse(error)
        raise
    _activate(guard)
    return guard


def _activate(guard: ImportGuard) -> None:
    global _guards  # noqa: PLW0603 - as above
    _guards = (*_guards, guard)
    if _watcher not in sys.meta_path:
        sys.meta_path.insert(0, _watcher)


def _check_names(names: tuple[object, ...]) -> None:
    if not names:
        raise UsageError("protect() needs the name of a module")
    for name in names:
        if not isinstance(name, str) or not all(part.isidentifier() for part in name.split(".")):
            raise UsageError(f"protect() takes names of modules, such as 'torch'; {name!r} is none")


def _loaded(names: tuple[str, ...]) -> list[str]:
    prefixes = tuple(name + "." for name in names)
    return [
        name
        for name, module in list(sys.modules.items())
        if (name in names or name.startswith(prefixes)) and _is_module(module)
    ]


def _refuse_loaded(early: list[str]) -> None:
    if early:
        raise TooLateError(
            f"{early[0]} was loaded before it was protected",
            remedy="call protect() before the first import of it, or pass verify_loaded=True",
        )


def _is_module(entry: object) -> bool:
    return entry is not None  # None in sys.modules means: may not be imported


def _check_loaded(guard: ImportGuard, early: list[str]) -> None:
    """Accept modules that are loaded already only where a distribution owns the files that they came from."""
    for module, before in guard._owned.items():
        if not any(name == module or name.startswith(module + ".") for name in early):
            continue
        if not before.owners:
            raise TooLateError(f"{module} was loaded before it was protected, and no installed distribution owns it")
        if why := loaded.stray(before, sys.modules):
            raise TooLateError(f"{why}, which is no file of {', '.join(before.owners)}")


def _install() -> None:
    """Add the audit hook, once, and make sure that it hears: an earlier hook can silently keep ours out (PEP 578).

    Raises:
        UnverifiableError: It does not hear.
    """
    global _installed  # noqa: PLW0603 - a hook cannot be removed, so its presence is a fact of the process
    token = object()
    try:
        if not _installed:
            sys.addaudithook(_hook)
        sys.audit(_SELFTEST, token)
    except Exception as error:
        raise UnverifiableError(f"the audit hook cannot be installed: {type(error).__name__}: {error}") from error
    _installed = token in _echoes
    _echoes.clear()
    if not _installed:
        raise UnverifiableError(
            "the audit hook was added and hears nothing; another audit hook may refuse new ones",
            remedy="call protect() before the code that adds that hook",
        )


def _hook(event: str, arguments: "tuple[Any, ...]") -> None:
    """Hear every audit event of the process. Nearly all concern others, so the name of the event comes first."""
    if event == "exec":
        if _guards and not _thread.checking:
            code = arguments[0]
            filename = getattr(code, "co_filename", "<")
            if filename[:1] != "<":
                for guard in _guards:
                    guard.on_file(filename, code)
    elif event == "import":
        if _guards and not _thread.checking:
            for guard in _guards:
                guard.on_import(arguments[0], arguments[1])
    elif event == "ctypes.dlopen":
        if _guards and not _thread.checking and arguments[0]:
            for guard in _guards:
                guard.on_file(os.fsdecode(arguments[0]), None)
    elif event == _SELFTEST:
        _echoes.append(arguments[0])


def _reset() -> None:
    """Protect nothing. For tests only."""
    for guard in _guards:
        guard.uninstall()
