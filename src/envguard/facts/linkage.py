"""Compiled files that would not load: a library (EG401), a symbol (EG402) or a version of one (EG403) is missing.

An import fails with them, or worse: the error is swallowed and something else breaks later (``operator
torchvision::nms does not exist``). The files say what is really missing.
"""

from collections.abc import Iterator

from envguard.facts import linkage_libraries, linkage_symbols, linkage_versions
from envguard.facts.faults import Faults, Finder
from envguard.facts.natives import NativeFile, Natives
from envguard.facts.providers import Providers
from envguard.facts.resolution import Broken, Resolution
from envguard.facts.severity import Scale
from envguard.facts.suffixes import is_for_another
from envguard.model import Change


def resolve(natives: Natives) -> Resolution:
    """Find every file that does not load; ``natives.resolution`` keeps the answer."""
    if natives.loader.unmodelled:
        natives.unseen.append(f"which compiled files would load: {natives.loader.unmodelled}")
        return Resolution()
    natives.unseen.extend(natives.loader.remarks)
    providers = Providers(natives)
    soabi = natives.environment.interpreter.soabi
    files = [file for file in natives.files if not is_for_another(file.path, soabi)]  # those are the matter of EG404
    faults = Finder(natives, providers).of_all(files)
    scale = Scale(natives, providers, faults)
    broken = tuple(_weighed(file, faults[file.path], scale) for file in files if faults[file.path].broken)
    driver = tuple(dict.fromkeys(each for found in faults.values() for each in found.driver))
    return Resolution(broken, driver, len(files), providers)


def observe(natives: Natives) -> Iterator[Change]:
    """What does not load, gathered by its cause.

    Missing libraries of the CUDA toolkit of which another generation is installed are left to the facts of CUDA.
    """
    resolution = natives.resolution
    if resolution.providers is None:
        return
    yield from linkage_libraries.changes(natives, resolution.providers, resolution.broken)
    yield from linkage_symbols.changes(natives, resolution.providers, resolution.broken)
    yield from linkage_versions.changes(natives, resolution.broken)


def _weighed(file: NativeFile, faults: Faults, scale: Scale) -> Broken:
    said = scale.weigh(file)
    return Broken(
        file=file,
        kind=said.kind,
        severity=said.severity,
        why=said.why,
        libraries=faults.libraries,
        symbols=faults.symbols,
        versions=faults.versions,
        siblings=said.siblings,
        torchless=said.torchless,
        way=said.way,
        linked=faults.linked,
    )
