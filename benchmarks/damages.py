"""The damages that people do to environments, one after the other, each with the code and package it must be called by.

A copy of the real environment (torch's CPU build included if it can be had) is frozen at depth files, must be pinned at
every depth, is damaged, judged, and put back. A damage that the table says a depth proves must be refused at that depth
under the right code and package. Missed: none, or exit status 1.

Run: python benchmarks/damages.py [--quick] [--work DIR] [--json FILE]
"""

import base64
import hashlib
import shutil
import sys
import zipfile
from pathlib import Path

import environments
import judging

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Damage:
    """One damage: what it does, and how it must be called.

    Attributes:
        least: The least depth that must notice; deeper ones must too.
        do: Does it; may return environment variables that belong to it.
    """

    def __init__(self, name: str, code: str, package: str, least: str, do: "Callable[[], object]") -> None:
        self.name = name
        self.code = code
        self.package = package
        self.least = least
        self.do = do

    def missed(self, answers: "dict[str, judging.Answer]") -> list[str]:
        """The depths that should have called it by its code and package, and did not."""
        due = judging.DEPTHS[judging.DEPTHS.index(self.least) :]
        return [
            depth
            for depth in due
            if answers[depth].verdict == "pinned" or not answers[depth].names(self.code, self.package)
        ]


class Yard:
    """The environment that is damaged, and the tools to do it."""

    def __init__(self, environment: environments.Environment, work: Path) -> None:
        self.environment = environment
        self.work = work
        self.site = environment.site

    def uv(self, *words: object) -> None:
        """``uv pip install`` into it."""
        environments.install_by_uv(self.environment, self.work, *words)

    def pip(self, *words: object) -> None:
        """``pip`` in it."""
        environments.run([self.environment.python, "-m", "pip", "-q", *words])

    def metadata(self, package: str) -> Path:
        """The metadata folder of a package."""
        return next(self.site.glob(f"{package.replace('-', '_')}-*.dist-info"))

    def flip(self, path: Path) -> None:
        """Changes one byte in the middle, in place."""
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        with path.open("r+b") as file:
            file.write(data)

    def library(self, package: str) -> Path:
        """An extension module of a package."""
        return min((self.site / package).rglob("*.so"))

    def rebuild(self, package: str) -> None:
        """Installs the same version from a wheel with one changed module and a RECORD that fits it."""
        version = self.metadata(package).name.removesuffix(".dist-info").rpartition("-")[2]
        folder = self.work / "rebuilt"
        shutil.rmtree(folder, ignore_errors=True)
        self.pip("download", "--no-deps", "-d", folder, f"{package}=={version}")
        wheel = next(folder.glob("*.whl"))
        rewrite(wheel, f"{package}.py")
        self.uv("--no-deps", "--reinstall", "--no-index", "--no-cache", "--find-links", folder, f"{package}=={version}")

    def duplicate(self, package: str) -> None:
        """A second metadata folder of another version, as a half-done upgrade leaves it."""
        real = self.metadata(package)
        other = real.with_name(f"{package}-0.0.1.dist-info")
        shutil.copytree(real, other)
        text = (other / "METADATA").read_text()
        lines = ["Version: 0.0.1" if line.startswith("Version: ") else line for line in text.split("\n")]
        (other / "METADATA").write_text("\n".join(lines))

    def shadow(self) -> "dict[str, str]":
        """A folder of the same name as a package, earlier on the path."""
        folder = self.work / "shadow"
        (folder / "numpy").mkdir(parents=True, exist_ok=True)
        (folder / "numpy" / "__init__.py").touch()
        return {"PYTHONPATH": str(folder)}

    def relabel_torch(self) -> None:
        """Torch under another local label: folder, METADATA, and what torch says of itself."""
        real = self.metadata("torch")
        label = real.name.removesuffix(".dist-info").partition("+")[2]
        for path in (real / "METADATA", self.site / "torch" / "version.py"):
            path.write_text(path.read_text().replace(f"+{label}", "+cu126"))
        record = real / "RECORD"
        record.write_text(record.read_text().replace(f"+{label}", "+cu126"))
        real.rename(real.with_name(real.name.replace(f"+{label}", "+cu126")))

    def change_torch_variant(self) -> None:
        """Only torch's own version file changes: the metadata of index wheels carries no label."""
        path = self.site / "torch" / "version.py"
        path.write_text(path.read_text().replace("+cpu", "+cu126"))


def rewrite(wheel: Path, module: str) -> None:
    """Changes a module in a wheel, with a RECORD that fits."""
    with zipfile.ZipFile(wheel) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    contents[module] += b"\n# rebuilt\n"
    digest = base64.urlsafe_b64encode(hashlib.sha256(contents[module]).digest()).rstrip(b"=").decode()
    record = next(name for name in contents if name.endswith(".dist-info/RECORD"))
    rows = [row for row in contents[record].decode().splitlines() if not row.startswith(f"{module},")]
    rows.append(f"{module},sha256={digest},{len(contents[module])}")
    contents[record] = ("\n".join(rows) + "\n").encode()
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, data in contents.items():
            archive.writestr(name, data)


def damages(yard: Yard) -> list[Damage]:
    """Every damage that the environment allows."""
    site = yard.site
    listed = [
        Damage("version changed by pip", "EG102", "idna", "versions", lambda: yard.pip("install", "idna<3.10")),
        Damage("version changed by uv", "EG102", "tqdm", "versions", lambda: yard.uv("--no-deps", "tqdm<4.66")),
        Damage("package removed", "EG101", "jinja2", "versions", lambda: yard.pip("uninstall", "-y", "jinja2")),
        Damage("package added", "EG103", "boltons", "versions", lambda: yard.uv("--no-deps", "boltons")),
        Damage("same version from another artifact", "EG107", "six", "records", lambda: yard.rebuild("six")),
        Damage("one byte of a .py", "EG108", "requests", "files", lambda: yard.flip(site / "requests" / "api.py")),
        Damage("one byte of a .so", "EG108", "numpy", "files", lambda: yard.flip(yard.library("numpy"))),
        Damage("file deleted", "EG108", "click", "files", (site / "click" / "types.py").unlink),
        Damage("file added to a package", "EG108", "rich", "files", (site / "rich" / "extra.py").touch),
        Damage("metadata folder duplicated", "EG106", "attrs", "versions", lambda: yard.duplicate("attrs")),
        Damage("shadowing folder on PYTHONPATH", "EG112", "numpy", "versions", yard.shadow),
    ]
    if any(site.glob("torch-*+cpu.dist-info")):
        listed.append(Damage("torch under another label", "EG104", "torch", "versions", yard.relabel_torch))
        listed.append(Damage("torch's variant without a label", "EG104", "torch", "records", yard.change_torch_variant))
    return listed


def main() -> int:
    """Damages, judges and puts back; prints a table."""
    arguments = environments.options(__doc__ or "").parse_args()
    with environments.work_folder(arguments.work) as work:
        original = environments.small(work, "damages-small") if arguments.quick else environments.real(work)
        environment = environments.copy(original, work / "damaged")
        environments.install_envguard(environment, work)
        lock = work / "damages.lock"
        judging.freeze(environment, lock, depth="files")
        backup = environments.copy(environment, work / "damages-backup")
        clean = judging.judge(environment, lock)
        problems = [
            f"undamaged, {depth}: {answer.brief()}" for depth, answer in clean.items() if answer.verdict != "pinned"
        ]
        print(f"{len(environment.names())} distributions")
        print("| damage | code | package | versions | records | files |")
        print("|---|---|---|---|---|---|")
        rows = []
        for damage in damages(Yard(environment, work)):
            variables = damage.do()
            answers = judging.judge(environment, lock, **(variables if isinstance(variables, dict) else {}))
            environments.put_back(backup, environment)
            missed = damage.missed(answers)
            problems += [f"{damage.name}, {depth}: {answers[depth].brief()}" for depth in missed]
            seen = " | ".join(
                "called" if answers[depth].names(damage.code, damage.package) else answers[depth].verdict
                for depth in judging.DEPTHS
            )
            print(f"| {damage.name} | {damage.code} | {damage.package} | {seen} |", flush=True)
            rows.append({"damage": damage.name, "code": damage.code, "package": damage.package, "missed": len(missed)})
        after = judging.judge(environment, lock)
        problems += [
            f"put back, {depth}: {answer.brief()}" for depth, answer in after.items() if answer.verdict != "pinned"
        ]
        count = len(environment.names())
        for folder in (environment.folder, backup.folder):
            shutil.rmtree(folder)
    for problem in problems:
        print(problem, file=sys.stderr)
    counters: dict[str, object] = {"distributions": count, "damages": rows, "problems": len(problems)}
    environments.write_json(arguments.json, {**counters, "missed": sum(int(str(row["missed"])) > 0 for row in rows)})
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
