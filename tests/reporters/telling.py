"""Reports to tell, made by hand."""

from envguard.model import Change, Fact, Finding, Report
from support import LINUX

INTERPRETER = LINUX


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


SITE = "/srv/venv/lib/python3.11/site-packages"
_SEVERAL: tuple[dict[str, object], ...] = (
    {},
    {
        "code": "EG104", "kind": "variant", "part": "local", "package": "torch", "locked": "2.5.0+cu124",
        "installed": "2.5.0+cpu", "line": 57, "rule": "variant-other-target",
        "reason": "a CPU build runs every kernel on the CPU", "instead": "pip install --no-deps torch==2.5.0+cu124",
    },
    {
        "code": "EG402", "kind": "unloadable", "part": "", "package": "torchvision", "locked": "", "installed": "",
        "path": f"{SITE}/torchvision/_C.so", "line": 0, "rule": "unloadable-native", "instead": "",
        "reason": "a compiled file that an import surely meets cannot be loaded",
        "evidence": ("undefined symbol _ZN3c10", "torchvision 0.20.0 requires torch==2.5.0"),
    },
    {
        "code": "EG111", "kind": "unverifiable", "part": "", "package": "six", "locked": "six>=1.16", "installed": "",
        "line": 7, "verdict": "unverified", "rule": "unverifiable", "reason": "a range pins nothing",
    },
    {
        "package": "requests", "part": "micro", "locked": "2.10.0", "installed": "2.32.5", "line": 112,
        "verdict": "cautious", "rule": "upgraded-micro-pure", "reason": "its behaviour can differ",
    },
    {
        "code": "EG103", "kind": "added", "part": "", "package": "ipdb", "locked": "", "installed": "0.13.13",
        "path": f"{SITE}/ipdb-0.13.13.dist-info", "line": 0, "verdict": "safe", "rule": "added-tool", "instead": "",
        "reason": "nothing locked imports it", "evidence": (),
    },
)  # fmt: skip
_ORDER = ("forbidden", "unverified", "cautious", "safe")


def several(count: int = len(_SEVERAL), **fields: object) -> Report:
    """A report with findings of each verdict, gravest first, and with notes, a toolchain and what was not seen."""
    rows = []
    for number in range(count):
        row = dict(_SEVERAL[number % len(_SEVERAL)])
        if number >= len(_SEVERAL):
            row["package"] = f"{row.get('package', 'numpy')}-{number}"
        rows.append(finding(**row))
    given: dict[str, object] = {
        "notes": (Change(code="EG401", kind="noted", package="scipy", evidence=("libgfortran lies beside it",)),),
        "toolchain": (
            Fact(section="CUDA", name="driver", value="550.54.15", source="/proc/driver/nvidia/version"),
            Fact(section="CUDA", name="runtime", value="12.4"),
            Fact(section="NumPy", name="C-API", value="unknown: numpy is not installed"),
        ),
        "skipped": ("native: no reader for this platform",),
        "blind": ("/srv/venv/lib/plugins.zip: entries of a zip file are not hashed",),
        **fields,
    }
    return report(*sorted(rows, key=lambda row: _ORDER.index(row.verdict)), **given)
