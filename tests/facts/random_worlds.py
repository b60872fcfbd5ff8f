"""Libraries that need one another across folders in every way that the loader knows, made at random."""

import os
import random
from pathlib import Path

from shared_objects import shared_object, write

NODEFLIB = 0x800
OTHER_MACHINE = 40
LIBRARIES = [f"lib{number}.so" for number in range(6)]
FOLDERS = [f"d{number}" for number in range(5)]
BETTER = [*(f"glibc-hwcaps/x86-64-v{level}" for level in "234"), "tls", "x86_64", "haswell/x86_64", "tls/x86_64"]


def random_path(rng: random.Random, top: Path) -> str:
    def part() -> str:
        folder = rng.choice(FOLDERS)
        return rng.choice(
            [
                "$ORIGIN",
                f"$ORIGIN/../{folder}",
                f"${{ORIGIN}}/../{folder}/",
                f"$ORIGIN/../link/{folder}",
                f"{top}/{folder}",
                f"{top}//link/../{folder}",
                f"{top}/link/{folder}/..//{folder}",
                folder,
                "",
                f"$ORIGINAL/../{folder}",
                f"{top}/$PLATFORM",
                f"{top}/${{PLATFORM}}",
                f"{top}/$LIB",
                f"{top}/nowhere",
            ]
        )

    return ":".join(part() for _ in range(rng.randint(1, 3)))


def random_library(rng: random.Random, name: str, top: Path) -> bytes:
    paths = {kind: random_path(rng, top) for kind in ("rpath", "runpath") if rng.random() < 0.35}
    return shared_object(
        needed=rng.sample(
            [*LIBRARIES, "libz.so.1", "libm.so.6", "d1/lib1.so", "$ORIGIN/lib2.so", "${LIB}/lib3.so"], rng.randint(0, 3)
        ),
        soname=rng.choice([name, name, None, rng.choice(LIBRARIES)]),
        flags_1=NODEFLIB if rng.random() < 0.15 else 0,
        machine=OTHER_MACHINE if rng.random() < 0.1 else None,
        **paths,
    )


def random_world(rng: random.Random, top: Path, interp: str) -> tuple[Path, dict[str, str]]:
    """Libraries that need one another in a few folders, a program, and what its environment says."""
    (top / "link").symlink_to(top)
    elsewhere = top / "elsewhere"
    for folder in [*FOLDERS, "", os.uname().machine]:
        (top / folder).mkdir(exist_ok=True)
        for name in LIBRARIES:
            place = top / folder
            if rng.random() < 0.15:
                place = place / rng.choice(BETTER)
            if rng.random() > 0.35 or (place / name).exists():
                continue
            content = random_library(rng, name, top)
            if rng.random() < 0.15:
                target = write(elsewhere / f"{folder}-{name}", content)
                place.mkdir(parents=True, exist_ok=True)
                link = (place / name).hardlink_to if rng.random() < 0.5 else (place / name).symlink_to
                link(target)
            else:
                write(place / name, content)
            if rng.random() < 0.1 and not (other := place / rng.choice(LIBRARIES)).exists():
                other.symlink_to(name)
    paths = {kind: random_path(rng, top) for kind in ("rpath", "runpath") if rng.random() < 0.4}
    program = write(
        top / "bin" / "program",
        shared_object(needed=rng.sample(LIBRARIES, rng.randint(1, 4)), interp=interp, **paths),  # type: ignore[arg-type]
    )
    if rng.random() < 0.3:
        (top / "program").symlink_to("bin/program")
        program = top / "program"
    variables = {}
    if rng.random() < 0.5:
        path = random_path(rng, top)
        variables["LD_LIBRARY_PATH"] = path.replace(":", ";") if rng.random() < 0.3 else path
    if rng.random() < 0.3:
        names = [*LIBRARIES, str(top / "d1" / "lib1.so"), "libz.so.1"]
        chosen = rng.sample(names, rng.randint(1, 2))
        variables["LD_PRELOAD"] = rng.choice(" :").join(chosen)
    return program, variables
