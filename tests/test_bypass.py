import pytest

from envguard.bypass import VARIABLE, Bypass, read
from envguard.errors import LockError

TODAY = "2026-03-01"


def ask(text: str) -> "Bypass | None":
    return read({VARIABLE: text}, TODAY)


def test_none_is_asked_for() -> None:
    assert read({}, TODAY) is None


@pytest.mark.parametrize("until", ["2026-03-01", "2026-03-02", "2028-02-29"])
def test_a_reason_and_a_date_make_a_bypass(until: str) -> None:
    assert ask(f"CVE hotfix, ticket 4711;until={until}") == Bypass(reason="CVE hotfix, ticket 4711", until=until)


def test_a_reason_may_hold_anything_printable() -> None:
    asked = ask("a; b;until=yesterday; c;until=2026-03-02")
    assert asked is not None
    assert asked.reason == "a; b;until=yesterday; c"


@pytest.mark.parametrize("until", ["2026-02-28", "2025-12-31", "0001-01-01"])
def test_an_expired_one_refuses(until: str) -> None:
    with pytest.raises(LockError, match=f"expired on {until}"):
        ask(f"CVE hotfix, ticket 4711;until={until}")


@pytest.mark.parametrize(
    "text",
    [
        "1",
        "true",
        "",
        "CVE hotfix, ticket 4711",
        "CVE hotfix, ticket 4711;until=",
        "CVE hotfix, ticket 4711;until=tomorrow",
        "CVE hotfix, ticket 4711;until=20260302",
        "CVE hotfix, ticket 4711;until=2026-W10-1",
        "CVE hotfix, ticket 4711;until=2026-02-30",
        "CVE hotfix, ticket 4711;until=2026-3-2",
        "CVE hotfix, ticket 4711;until=2026-03-02 ",
        "CVE hotfix, ticket 4711;UNTIL=2026-03-02",
    ],
)
def test_without_a_date_it_refuses(text: str) -> None:
    with pytest.raises(LockError, match="has no end date"):
        ask(text)


@pytest.mark.parametrize("reason", ["", "        ", "1", "true", "x" * 501, "line\nbreak in it", "\x1b[2J clears it"])
def test_without_a_reason_it_refuses(reason: str) -> None:
    with pytest.raises(LockError, match="gives no reason") as caught:
        ask(f"{reason};until=2026-03-02")
    assert "\x1b" not in str(caught.value)
