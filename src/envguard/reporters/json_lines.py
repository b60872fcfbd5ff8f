"""One JSON object for each finding on a line of its own, and a last one for the whole: for tools that read a stream."""

from json import dumps

from envguard.reporters import _data

TYPE_CHECKING = False
NEUTRAL = True
if TYPE_CHECKING:
    from envguard.model import Report


def render(report: "Report", *, color: bool = False, width: int = 80, encoding: str = "utf-8") -> str:  # noqa: ARG001 - the form that all reporters share
    """ASCII lines. Without the last one, which has ``schema``, the output was cut off."""
    rows = [_data.finding(found) for found in report.findings]
    return "".join(dumps(row, ensure_ascii=True) + "\n" for row in (*rows, _data.summary(report)))
