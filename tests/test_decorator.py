import asyncio
import functools
import inspect
import os
import pickle
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import envguard
from envguard import latch
from envguard.errors import LockError, UsageError

NOWHERE = "/nosuch/envguard.lock"
ran: list[str] = []


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    ran.clear()
    latch.reset()
    yield
    latch.reset()


@pytest.fixture(scope="module")
def lock(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A requirements file that this environment satisfies."""
    made = tmp_path_factory.mktemp("lock") / "requirements.txt"
    import importlib.metadata

    made.write_text(f"packaging=={importlib.metadata.version('packaging')}\n")
    return str(made)


def plain(x: int = 1, *, y: int = 2) -> int:
    ran.append("plain")
    return x + y


async def coroutine(x: int = 1) -> int:
    ran.append("coroutine")
    return x


def generator(x: int = 1) -> Iterator[int]:
    ran.append("generator")
    yield x


async def both(x: int = 1) -> AsyncIterator[int]:
    ran.append("both")
    yield x


KINDS: list[Callable[..., Any]] = [plain, coroutine, generator, both]
PREDICATES: list[Callable[[object], bool]] = [
    inspect.iscoroutinefunction,
    asyncio.iscoroutinefunction,
    inspect.isgeneratorfunction,
    inspect.isasyncgenfunction,
]


class Service:
    @envguard.pinned(NOWHERE)
    def method(self) -> None:
        ran.append("method")

    @envguard.pinned(NOWHERE)
    async def later(self) -> None:
        ran.append("later")

    @staticmethod
    @envguard.pinned(NOWHERE)
    def static() -> Iterator[int]:
        ran.append("static")
        yield 1


@envguard.pinned(NOWHERE)
async def by_name() -> None:
    """Nothing."""


@pytest.mark.filterwarnings("ignore:'asyncio.iscoroutinefunction' is deprecated")
@pytest.mark.parametrize("function", KINDS)
def test_a_function_keeps_its_kind_and_its_face(function: Callable[..., Any]) -> None:
    decorated = envguard.pinned(NOWHERE)(function)
    assert [is_kind(decorated) for is_kind in PREDICATES] == [is_kind(function) for is_kind in PREDICATES]
    assert inspect.signature(decorated) == inspect.signature(function)
    assert (decorated.__name__, decorated.__module__, decorated.__doc__) == (
        function.__name__,
        function.__module__,
        function.__doc__,
    )
    assert inspect.unwrap(decorated) is function
    assert [is_kind(functools.partial(decorated, 1)) for is_kind in PREDICATES[:1]] == [PREDICATES[0](function)]


@pytest.mark.parametrize("function", KINDS)
def test_a_call_is_refused_at_once(function: Callable[..., Any]) -> None:
    decorated = envguard.pinned(NOWHERE)(function)
    with pytest.raises(LockError):
        decorated()  # neither awaited nor iterated
    assert ran == []


@pytest.mark.parametrize("bare", [True, False])
def test_with_and_without_parentheses(bare: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVGUARD_LOCK", NOWHERE)
    decorated = envguard.pinned(plain) if bare else envguard.pinned()(plain)
    with pytest.raises(LockError, match=NOWHERE):
        decorated()


def test_methods_are_refused_and_stay_methods() -> None:
    service = Service()
    assert inspect.iscoroutinefunction(service.later)
    assert inspect.iscoroutinefunction(Service.later)
    for call in (service.method, service.later, service.static, functools.partial(Service.later, service)):
        with pytest.raises(LockError):
            call()
    assert ran == []


def test_a_pinned_environment_runs_every_kind(lock: str) -> None:
    gate = envguard.pinned(lock, only=["packaging"])

    async def consume() -> list[int]:
        return [await gate(coroutine)(5), *[each async for each in gate(both)(6)]]

    assert gate(plain)(3, y=4) == 7
    assert list(gate(generator)(4)) == [4]
    assert asyncio.run(consume()) == [5, 6]
    assert ran == ["plain", "generator", "coroutine", "both"]


def test_generators_still_receive_what_is_sent(lock: str) -> None:
    @envguard.pinned(lock, only="packaging")
    def echo() -> Any:
        got = yield "ready"
        yield got

    running = echo()
    assert [next(running), running.send("sent")] == ["ready", "sent"]


def test_blocks_are_refused_on_entry() -> None:
    with pytest.raises(LockError), envguard.pinned(NOWHERE):
        ran.append("block")

    async def block() -> None:
        async with envguard.pinned(NOWHERE):
            ran.append("block")

    with pytest.raises(LockError):
        asyncio.run(block())
    assert ran == []


def test_blocks_get_the_report_and_let_errors_through(lock: str) -> None:
    with envguard.pinned(lock, only="packaging") as report:
        assert report.pinned

    async def block() -> None:
        async with envguard.pinned(lock, only="packaging") as report:
            assert report.pinned
            raise KeyError("inside")

    with pytest.raises(KeyError, match="inside"):
        asyncio.run(block())


def test_one_check_serves_all_calls(lock: str, tmp_path: Path) -> None:
    copy = tmp_path / "requirements.txt"
    copy.write_bytes(Path(lock).read_bytes())
    decorated = envguard.pinned(str(copy), only="packaging")(plain)
    decorated()
    copy.unlink()
    decorated()
    with pytest.raises(LockError):
        envguard.pinned(str(copy))(plain)()  # another question
    with pytest.raises(LockError):
        decorated()  # refused by now


def test_children_of_a_fork_read_what_was_checked(lock: str, tmp_path: Path) -> None:
    copy = tmp_path / "requirements.txt"
    copy.write_bytes(Path(lock).read_bytes())
    decorated = envguard.pinned(str(copy), only="packaging")(plain)
    decorated()
    copy.unlink()
    child = os.fork()
    if not child:
        os._exit(decorated(3, y=4))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


@pytest.mark.parametrize("wrong", [Service, staticmethod(plain), classmethod(lambda _class: None)])
def test_what_is_no_function_is_a_wrong_use(wrong: Any) -> None:
    for decorate in (envguard.pinned, envguard.pinned(NOWHERE)):
        with pytest.raises(UsageError, match="pinned cannot decorate a"):
            decorate(wrong)
    with pytest.raises(UsageError, match="go in parentheses"):
        envguard.pinned(NOWHERE)("text")  # type: ignore[type-var]


def test_a_callable_object_can_be_decorated() -> None:
    decorated = envguard.pinned(NOWHERE)(functools.partial(plain, 3))
    with pytest.raises(LockError):
        decorated()


def test_decorated_coroutine_functions_go_to_process_pools() -> None:
    assert pickle.loads(pickle.dumps(by_name)) is by_name
    assert "by_name" in repr(by_name)


def test_decorating_checks_nothing_and_loads_little() -> None:
    code = f"""
import functools, sys
import envguard
before = set(sys.modules)
@envguard.pinned({NOWHERE!r})
async def later(): pass
print(sorted(set(sys.modules) - before))
"""
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "['envguard.decorator', 'envguard.errors', 'envguard.latch', 'envguard.quick']"
