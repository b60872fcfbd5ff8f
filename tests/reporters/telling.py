"""Reports to tell, made by hand."""

from envguard.model import Change, Finding, Interpreter, Report

INTERPRETER = Interpreter(
    implementation="cpython",
    version="3.11.7",
    soabi="cpython-311-x86_64-linux-gnu",
    system="linux",
    machine="x86_64",
    libc="glibc 2.36",
)


def finding(**fields: object) -> Finding:
    """A finding about numpy; fields of Change and of Finding can be given."""
    change: dict[str, object] = {
        "code": "EG102",
        "kind": "upgraded",
        "part": "major",
        "package": "numpy",
        "locked": "1.26.4",
        "installed": "2.4.6",
        "path": "/srv/envguard.lock",
        "line": 41,
        "evidence": ("found in /srv/venv/numpy-2.4.6.dist-info",),
    }
    judgement: dict[str, object] = {
        "verdict": "forbidden",
        "rule": "upgraded-native",
        "reason": "compiled code of another feature release can break what was built against it",
        "instead": "pip install --no-deps numpy==1.26.4",
    }
    for name, value in fields.items():
        (judgement if name in judgement else change)[name] = value
    return Finding(change=Change(**change), **judgement)  # type: ignore[arg-type]


def report(*findings: Finding, **fields: object) -> Report:
    """A report with these findings."""
    given: dict[str, object] = {
        "lock": "/srv/envguard.lock",
        "format": "envguard.lock",
        "lock_sha256": "ab" * 32,
        "seal": "cd" * 32,
        "prefix": "/srv/venv",
        "interpreter": INTERPRETER,
        "depth": "records",
        "packages": 292,
        "installed": 293,
        "checks": ("missing", "version", "unlocked"),
        "findings": findings,
        **fields,
    }
    return Report(**given)  # type: ignore[arg-type]
