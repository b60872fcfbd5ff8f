"""EG4xx: compiled files, who owns which file, and what is required."""

from envguard.rules._code import code

CODES = (
    code(
        "EG401",
        "missing-library",
        "A shared library that a compiled file needs is not there.",
        finds="Every shared object is resolved as ld.so would, then against its own package, what that requires, and "
        "what its code imports. Reported is a name in DT_NEEDED, or a library named by symbol versions, that none of "
        "these provides.",
        matters="The import fails (`cannot open shared object file`), or the error is swallowed and something else "
        "breaks later.",
        action="Reinstall the named package, or install the build that matches (the CPU torchvision for a CPU torch); "
        "the evidence names what is there of the same family.",
        limits="Certain is only what an import of the package surely loads, found in the syntax trees. Libraries "
        "opened by name at run time are not seen. Driver libraries belong to the host and are never reported. musl is "
        "not modelled.",
    ),
    code(
        "EG402",
        "missing-symbol",
        "A symbol that a compiled file needs is exported by nobody.",
        finds="An undefined, not weak symbol with no definition in scope or anywhere in the environment, in the "
        "version that is asked for, with the library that should export it and both owners.",
        matters="The file was linked against another build: `undefined symbol` at the import, or only `operator "
        "torchvision::nms does not exist`.",
        action="Install the versions that belong together; the evidence shows what the metadata requires.",
        limits="A clean result means no missing symbol, not compatible: changes of enums and virtual tables leave no "
        "trace. Symbols are not checked where a library is missing.",
    ),
    code(
        "EG403",
        "missing-symbol-version",
        "A library is there, but too old for a compiled file.",
        finds="A symbol version (GLIBC_2.34, GLIBCXX_3.4.30, CXXABI_1.3.13 ...) that the library which the loader "
        "would take does not define. Versions are compared as a set, not as numbers.",
        matters="`version GLIBCXX_3.4.30 not found` at the import, typically after a move to an older base image or "
        "with a foreign libstdc++ first on the search path.",
        action="Use a base image at least as new as the wheel's platform tag, or take the older library off "
        "LD_LIBRARY_PATH.",
        limits="Where the library itself has no versions the loader only warns, and so nothing is reported.",
    ),
    code(
        "EG404",
        "python-abi",
        "Compiled modules are for another Python, machine or C library.",
        finds="Extension modules whose file suffix this interpreter does not import (the file is there, but its "
        "suffix is for cp310), wheel tags that it does not take, and files that are no shared object for this "
        "machine.",
        matters="The import fails with messages that name anything but the cause, such as `cannot import name` or "
        "`you should not import numpy from its source directory`.",
        action="Reinstall the package with the pip of this interpreter.",
        limits="Tags alone are a doubt or a note. Plain .so files carry no Python version: they are judged by their "
        "symbols.",
    ),
    code(
        "EG405",
        "numpy-abi",
        "An extension was built for another generation of NumPy.",
        finds="Extension modules with the import code of NumPy 1's headers (they name numpy.core, not numpy._core) "
        "under NumPy 2, and modules that were built against a newer C-API than the installed NumPy has.",
        matters="`numpy.core.multiarray failed to import` or `numpy.dtype size changed`, while pip and `pip check` "
        "are often content.",
        action="Install a release of the package that was built for the installed NumPy, or the NumPy that is named.",
        limits="Whether a program meets the module is not asked for NumPy 1 modules. Those that look NumPy up lazily "
        "are only noted, for those seen worked. A module for a newer NumPy counts where metadata or an import shows "
        "that it is used. A library that is no module is doubtful. No sign in a file proves nothing.",
    ),
    code(
        "EG406",
        "clobbered-file",
        "Two packages own the same files.",
        finds="Code that the RECORDs of two distributions claim with different content: how many paths, how many "
        "differ, and whose bytes lie there.",
        matters="The one installed last won, so the other runs with foreign files; removing either removes files of "
        "both.",
        action="Uninstall both, then install the one that is meant.",
        limits="Equal content is no finding. Stubs of namespace packages, data, scripts and folders such as tests at "
        "the top are only noted. Rows without a hash decide nothing.",
    ),
    code(
        "EG407",
        "metadata-conflict",
        "A requirement of an installed package is not met.",
        finds="A Requires-Dist whose marker holds for this interpreter, for which nothing, or a version outside the "
        "specifier, is installed: the question of `pip check`.",
        matters="The package does not claim to work so, and may fail in any way.",
        action="Install what is required, or a release of the package that accepts what is there.",
        limits="Metadata can be stricter than the code. Requirements of extras are not asked for, as in pip. Pins "
        "inside the torch family are EG305. requires.txt of old eggs is not read.",
    ),
    code(
        "EG408",
        "library-hijack",
        "LD_LIBRARY_PATH or LD_PRELOAD puts another library in the place of one that the environment uses.",
        finds="A library that the interpreter or a compiled file of the environment needs, and that the loader takes "
        "from outside the environment, or from another distribution, with the variables of this process and from "
        "elsewhere without them. Both files, their owners and who needs them are named.",
        matters="The libcudnn, libstdc++ or libc10 that was tested is not the one that runs. RUNPATH (newer torch "
        "wheels) gives way to LD_LIBRARY_PATH even for a wheel's own files; RPATH does not.",
        action="Unset the variable for this service, or take that folder off it. If the other library is meant, keep "
        "it and accept the finding with a rule.",
        limits="Judged for the variables as they are set now; another process may have others. Identical bytes, the "
        "environment's own folders, libraries found nowhere else, driver libraries and allocators are no finding. A "
        "preloaded file that only overrides single symbols is noted, not compared. musl is not modelled.",
    ),
    code(
        "EG409",
        "undeclared-startup-code",
        "Code runs at every start of Python, and no package answers for it.",
        finds="A .pth file with code, a sitecustomize or a usercustomize that no RECORD and no conda record lists, "
        "with its first line of code.",
        matters="It runs before the program, the guard included, and can change anything.",
        action="Find out who put it there; remove it, or ship it in a package.",
        limits="Files of virtualenv and setuptools are known by content, those of the operating system by place, and "
        "are noted. What an owned file does is not judged. What starts Python with other variables is not seen.",
    ),
)
