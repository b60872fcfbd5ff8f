"""Clean installs must give no finding: 140 popular distributions and all that they require, by uv and by pip.

Every environment is frozen and checked at each depth, with the manifest and, at depth files, from the sealed RECORDs
alone; and again after some of it was imported, which writes bytecode. Then the lock of one installer judges the
environment of the other: what they install from the same wheels is the same, so that too must be pinned. And a plain
``pip freeze`` is taken as the lock.

Run: python benchmarks/clean.py [--quick] [--work DIR] [--json FILE]
"""

import sys
from pathlib import Path

import environments
import judging

_IMPORTS = "import numpy, PIL.Image, requests, jinja2, yaml, rich.table"


class Installed:
    """One environment, by one installer, with its locks."""

    def __init__(self, name: str, environment: environments.Environment, work: Path) -> None:
        self.name = name
        self.environment = environment
        self.sealed = work / f"clean-{name}-records.lock"
        self.manifest = work / f"clean-{name}-files.lock"
        self.plain = work / f"clean-{name}.txt"
        judging.freeze(environment, self.sealed)
        judging.freeze(environment, self.manifest, depth="files")
        self.plain.write_text(environments.run([environment.python, "-m", "pip", "freeze", "--all"]))


def by_uv(work: Path, pins: Path) -> environments.Environment:
    """Everything by ``uv pip install``, pip itself included."""
    environment = environments.create(work / "clean-uv")
    environments.install_by_uv(environment, work, "-r", pins)
    torch = environments.torch_wheel(work) if pins.stem == "popular" else None
    if torch is not None:
        environments.install_by_uv(environment, work, "--no-deps", "--no-index", "--find-links", torch.parent, "torch")
    return environment


def by_pip(work: Path, pins: Path) -> environments.Environment:
    """Everything by ``pip install``; pip writes bytecode as it goes."""
    environment = environments.create(work / "clean-pip")
    environments.install_by_pip(environment, "--no-deps", "-r", pins)
    torch = environments.torch_wheel(work) if pins.stem == "popular" else None
    if torch is not None:
        environments.install_by_pip(environment, "--no-deps", "--no-index", "--find-links", torch.parent, "torch")
    return environment


def main() -> int:
    """Installs, freezes, checks, and prints a table."""
    arguments = environments.options(__doc__ or "").parse_args()
    results: list[tuple[str, int, judging.Answer]] = []
    with environments.work_folder(arguments.work) as work:
        names = environments.SMALL if arguments.quick else environments.POPULAR
        pins = environments.resolve(work, names, stem="small" if arguments.quick else "popular")
        both = []
        for name, build in (("uv", by_uv), ("pip", by_pip)):
            environment = build(work, pins)
            environments.install_envguard(environment, work)
            both.append(Installed(name, environment, work))
        for own, other in (both, both[::-1]):
            count = len(own.environment.names())
            for label, lock, depths in (
                ("own lock with manifest", own.manifest, judging.DEPTHS),
                ("own lock, sealed RECORDs", own.sealed, ("files",)),
                (f"lock made after {other.name}", other.sealed, judging.DEPTHS),
                ("plain pip freeze", own.plain, ("versions", "records")),
            ):
                for depth, answer in judging.judge(own.environment, lock, depths).items():
                    results.append((f"{own.name}, {label}, depth {depth}", count, answer))
            environments.run([own.environment.python, "-c", _IMPORTS])
            for depth, answer in judging.judge(own.environment, own.manifest).items():
                results.append((f"{own.name}, own lock after imports, depth {depth}", count, answer))
    return report(results, arguments.json)


def report(results: "list[tuple[str, int, judging.Answer]]", json_file: "str | None") -> int:
    """Prints the table and writes the counters; 1 where there is a finding."""
    print("| environment, lock and depth | distributions | findings | verdict |")
    print("|---|---|---|---|")
    for name, count, answer in results:
        print(f"| {name} | {count} | {len(answer.findings)} | {answer.verdict} |")
        for finding in answer.findings[:20]:
            print(f"{name}: {finding}", file=sys.stderr)
        if answer.error:
            print(f"{name}: {answer.error}", file=sys.stderr)
    found = sum(len(answer.findings) or answer.verdict != "pinned" for *_names, answer in results)
    counters: dict[str, object] = {
        "named": len(environments.POPULAR),
        "distributions": max(count for _name, count, _answer in results),
        "checks": len(results),
        "findings": found,
        "by_check": {name: len(answer.findings) for name, _count, answer in results},
    }
    environments.write_json(json_file, counters)
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main())
