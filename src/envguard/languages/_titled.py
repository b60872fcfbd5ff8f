"""The form in which a language writes the texts of one code."""

from envguard.languages import Titled


def titled(title: str, summary: str, *, finds: str, matters: str, action: str, limits: str) -> Titled:
    return Titled(title=title, summary=summary, finds=finds, matters=matters, action=action, limits=limits)
