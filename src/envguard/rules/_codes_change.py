"""EG22x: what a proposed change would do to the environment that is there."""

from envguard.rules._code import code

CODES = (
    code(
        "EG220",
        "would-overwrite",
        "A wheel or a conda package would overwrite files of another package.",
        finds="Paths that a wheel or a conda package which is not installed yet and the RECORD or conda's record of "
        "another one both list: how many, and how many with other bytes. onnxruntime-gpu beside onnxruntime shares "
        "some 300 paths. A wheel in the place of what conda installed is one, too: conda's record of it stays.",
        matters="Installers overwrite them without a word. The first package then runs with foreign code, and "
        "removing either removes files of both.",
        action="Remove the other package first, or leave this one out.",
        limits="Equal content is no finding. Stubs of namespace packages, data, scripts of wheels and folders such as "
        "tests at the top are only noted. Rows without a hash, such as links of conda's, decide nothing.",
    ),
    code(
        "EG221",
        "would-not-load",
        "After the change a compiled file would lack a library or a symbol.",
        finds="The compiled files of the environment as it would be are resolved as EG401 to EG404 do "
        "it; reported is what is not so today: an installed extension that loses what it needs (torchvision when torch "
        "moves), or an arriving one that does not find it.",
        matters="The import fails, or the error is swallowed and something else breaks later.",
        action="Move both sides together to builds that were made for one another.",
        limits="Asked only where all that arrives was read natively. No missing symbol does not mean compatible: "
        "changes of enums and virtual tables leave no trace. Wheels are unpacked into a folder that lies over "
        "site-packages, conda packages into one that lies over the prefix, so search paths between what arrives and "
        "what stays hold.",
    ),
    code(
        "EG222",
        "would-mismatch-numpy",
        "After the change an extension would run under another generation of NumPy.",
        finds="The question of EG405, asked of the environment as it would be, in both directions: NumPy 2 arriving "
        "under extensions built for NumPy 1, and extensions arriving that the installed NumPy does not serve.",
        matters="`numpy.core.multiarray failed to import`, while the metadata of many such packages allows it.",
        action="Keep NumPy, or move the named packages to releases that were built for it.",
        limits="As for EG405.",
    ),
    code(
        "EG223",
        "would-be-unmet",
        "After the change a requirement would not be met.",
        finds="Requires-Dist of what stays and of what arrives, held against what would be installed; what is unmet "
        "already is left to EG407.",
        matters="The package does not claim to work so. Between torch, torchvision and torchaudio it means other "
        "symbols.",
        action="Choose a version that is accepted, or move the package that requires it too.",
        limits="Metadata can be stricter than the code, or looser. Extras are not asked for.",
    ),
    code(
        "EG224",
        "wheel-does-not-fit",
        "A wheel is for another Python or platform.",
        finds="Requires-Python that excludes this interpreter, and wheel tags of which it takes none.",
        matters="Installers refuse such a wheel; forced in, its compiled files are not found or do not load.",
        action="Choose a wheel for this interpreter.",
        limits="Tags are read from WHEEL inside the file, not from its name.",
    ),
    code(
        "EG225",
        "withdrawn-release",
        "The index has withdrawn the release.",
        finds="A wheel that the installer's report calls yanked (PEP 592), with the reason that was given.",
        matters="A release is withdrawn for a defect; an exact pin still installs it.",
        action="Choose a release that was not withdrawn.",
        limits="Known only where the installer says so.",
    ),
    code(
        "EG226",
        "would-bring-cuda",
        "A wheel would bring CUDA libraries.",
        finds="Requirements named nvidia-* or cuda-* whose marker holds here, that neither the installed version has "
        "nor anything installed fulfils.",
        matters="Gigabytes, and libraries of a generation that nobody validated with the driver.",
        action="In an environment for the CPU install the CPU build, from the index that has it.",
        limits="Libraries that a wheel carries itself are not requirements.",
    ),
    code(
        "EG227",
        "would-mismatch-cuda",
        "After the change parts of the GPU stack would not fit one another.",
        finds="The questions of EG301 to EG307, asked of the environment as it would be: a provider or a torch without "
        "the CUDA generation that it was built for, builds of torch, torchvision and torchaudio that differ, CUDA "
        "libraries left behind by a torch for the CPU.",
        matters="It fails on the GPU, or runs on the CPU without a word.",
        action="Choose builds of one CUDA generation that the driver serves, and move them together.",
        limits="As for EG301 to EG307; asked only where everything that arrives was read natively.",
    ),
    code(
        "EG228",
        "would-change-variant",
        "A package would be replaced by a build for another target.",
        finds="The variant that torch, torchvision and torchaudio record in their version.py, installed and arriving.",
        matters="It can fail on the driver, or fall back to the CPU without a word.",
        action="Install the same variant, from the index that has it.",
        limits="Other packages do not say what they were built for.",
    ),
    code(
        "EG229",
        "used-symbols-changed",
        "Symbols that the project's own code uses changed or vanished.",
        finds="The sources of the old and the new version, compared by griffe without importing anything, for what the "
        "project's code uses: imported names, attributes of imported modules, and arguments of calls.",
        matters="The code fails where it uses them, at the latest in production.",
        action="Look at the named places, and run the project's tests with the new version.",
        limits="That nothing is found is no proof. Attributes of objects, getattr, star imports, compiled code and "
        "behaviour behind an unchanged signature are not seen. Annotations and the values of constants are not "
        "compared.",
    ),
)
