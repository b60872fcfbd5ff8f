"""The report as one JSON document; ``envguard schema report`` describes it."""

from json import dumps

from envguard.reporters import _data

TYPE_CHECKING = False
NEUTRAL = True
if TYPE_CHECKING:
    from envguard.model import Report


def render(report: "Report", *, color: bool = False, width: int = 80, encoding: str = "utf-8") -> str:  # noqa: ARG001 - the form that all reporters share
    """One ASCII document, whatever the encoding of the output."""
    told = {**_data.summary(report), "findings": [_data.finding(found) for found in report.findings]}
    return dumps(told, ensure_ascii=True, indent=2) + "\n"
