"""The form in which a code of findings is explained."""

from envguard._value import Value


class Code(Value):
    """One code of a finding and everything a reader needs to know about it."""

    code: str
    """Such as ``EG102``."""
    name: str
    """Kebab name, such as ``version-drift``."""
    summary: str
    """One line."""
    finds: str
    matters: str
    action: str
    limits: str


def code(number: str, name: str, summary: str, *, finds: str, matters: str, action: str, limits: str) -> Code:
    return Code(code=number, name=name, summary=summary, finds=finds, matters=matters, action=action, limits=limits)
