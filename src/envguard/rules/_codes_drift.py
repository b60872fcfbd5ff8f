"""EG1xx: what is installed is not what was locked."""

from envguard.rules._code import code

CODES = (
    code(
        "EG101",
        "missing",
        "A locked package is not installed.",
        finds="A pin of the golden file for which the environment has no distribution, or no conda record.",
        matters="Whatever imports it fails, or takes a fallback that was never validated; many libraries turn a "
        "missing optional package into slower or different behaviour without a word.",
        action="Install exactly what the lock says, without letting a resolver move anything else: `pip install "
        "--no-deps NAME==VERSION`.",
        limits="A pin whose marker is false here is not asked for. A conda package is looked up in conda-meta only.",
    ),
    code(
        "EG102",
        "version-drift",
        "Another version than the locked one is installed.",
        finds="A distribution whose version is not equal to its pin. The change says `upgraded`, `downgraded`, or "
        "`different` where the two versions have no order, and which part moved: major, minor, micro ...",
        matters="The model was validated with the locked version. A version moved by an upgrade of something else is "
        "the most frequent way in which a working environment stops to work.",
        action="Go back with `pip install --no-deps NAME==VERSION`, or validate the new version and freeze again.",
        limits="Equality follows PEP 440 (1.0 and 1.0.0 are the same). conda versions are compared as text.",
    ),
    code(
        "EG103",
        "unlocked",
        "Something is installed that the lock does not name.",
        finds="An installed distribution without a pin, where the golden file claims to name everything.",
        matters="A package that nobody validated can shadow modules, register plug-ins that others load by "
        "themselves, or overwrite files of a locked package.",
        action="Remove it with `pip uninstall NAME`, or add it on purpose and freeze again.",
        limits="Not reported where the golden file names only a part of the environment. envguard itself is never "
        "reported; pip, setuptools, wheel and distribute are left out for locks other than envguard's own, as pip "
        "freeze leaves them out. Copies vendored inside another package are not distributions.",
    ),
    code(
        "EG104",
        "variant-drift",
        "The same version, built for another target.",
        finds="A build variant, such as the cpu or the cu124 build of torch, that is not the locked one. Read from "
        "the local version label, and from torch/version.py as text, since wheels of the index carry no label.",
        matters="A build for another CUDA generation fails on the driver, falls back to the CPU silently, or brings "
        "gigabytes of libraries into an image that must not have them.",
        action="Reinstall the locked variant from the index that has it: `pip install --no-deps NAME==VERSION+LABEL`.",
        limits="Where neither side says what it was built for, nothing is claimed. A lock that gives no label and "
        "seals no variant accepts any build that carries no label.",
    ),
    code(
        "EG105",
        "source-drift",
        "Installed from another place than the locked one.",
        finds="A distribution whose recorded origin (PEP 610 direct_url.json) differs from the pin: index instead of "
        "URL, another URL or archive digest, another commit, an editable folder instead of a release, another conda "
        "channel.",
        matters="The same version number from another place can be other code. An editable install changes with "
        "every save of a file.",
        action="Reinstall from the locked origin: copy the requirement from the line of the lock.",
        limits="The index itself is not recorded by installers, so two indexes cannot be told apart here; EG107 "
        "tells their artifacts apart. Credentials in URLs take no part in the comparison.",
    ),
    code(
        "EG106",
        "duplicate-metadata",
        "One package is installed more than once.",
        finds="Two or more metadata folders of the same normalised name in one entry of sys.path, with their versions.",
        matters="It is the trace of an interrupted or forced installation. Tools disagree on which of the two is "
        "installed, and files of both versions may be mixed.",
        action="`pip uninstall NAME` until nothing is left, then `pip install --no-deps NAME==VERSION`.",
        limits="Copies in two entries of sys.path are no duplicates: the first one answers and is compared, as a "
        "virtual environment that sees the system's packages needs it.",
    ),
    code(
        "EG107",
        "record-drift",
        "The same version, but another artifact.",
        finds="A distribution whose record digest (the sorted paths and hashes of RECORD, without what depends on "
        "the place of installation) is not the sealed one; or a conda package of another build.",
        matters="Same name and version, other files: a rebuilt wheel, another platform tag, a private build, or a "
        "replaced package.",
        action="Reinstall the artifact that was validated, by hash where the lock has hashes: `pip install --no-deps "
        "--force-reinstall NAME==VERSION`.",
        limits="RECORD says what was installed, not what the files hold now; depth files compares the bytes.",
    ),
    code(
        "EG108",
        "file-drift",
        "Files of a package are not what was sealed.",
        finds="Files edited, deleted or added, an executable bit that changed, bytecode that does not belong to its "
        "source, and start-up files (.pth, sitecustomize, pyvenv.cfg) that changed. Depth files only.",
        matters="A patched file, a half-finished copy or a poisoned .pyc changes what runs while every version stays "
        "the same.",
        action="`pip install --no-deps --force-reinstall NAME==VERSION`, or rebuild the image.",
        limits="Without the sealed manifest (`freeze --depth files`) only files that RECORD lists can be compared, "
        "and the report says so. Outside site-packages only files that a RECORD or conda lists are looked at.",
    ),
    code(
        "EG109",
        "broken-metadata",
        "The metadata of a package is damaged or contradicts itself.",
        finds="A metadata folder without METADATA or RECORD, a folder name that disagrees with METADATA, leftovers "
        "that begin with `~`, metadata that cannot be read, a sealed RECORD that is gone.",
        matters="An installation was interrupted or edited by hand: what is really there is not known.",
        action="Remove the leftovers and reinstall: `pip install --no-deps --force-reinstall NAME==VERSION`.",
        limits="Legacy egg-info is accepted where the lock was frozen from it.",
    ),
    code(
        "EG110",
        "interpreter-drift",
        "Another Python, platform or C library.",
        finds="An interpreter whose version, implementation, ABI tag, operating system, machine or C library is not "
        "the sealed one.",
        matters="Extension modules are compiled for one ABI and one minimum C library; markers of the lock were "
        "evaluated for one Python.",
        action="Run in the image that was validated, or validate here and freeze again.",
        limits="Only envguard's own lock says which interpreter it was frozen on. Kernel, driver and CPU features "
        "are no part of it.",
    ),
    code(
        "EG111",
        "unverifiable-pin",
        "A line of the golden file cannot be compared.",
        finds="A requirement without one exact version (a range, `*`, an unexpanded variable, a local path), or a "
        "pin for a distribution whose installed version cannot be read.",
        matters="What cannot be compared can drift unseen; it never counts as equal.",
        action="Write the exact version into the golden file, best with `envguard freeze`.",
        limits="A user row makes it graver, or waives it for a time: a milder verdict needs `change = "
        '["unverifiable"]` and `until`.',
    ),
    code(
        "EG112",
        "import-origin",
        "A locked package would be imported from somewhere else.",
        finds="A module or folder earlier on sys.path, or in the user's site folder, that Python finds before the "
        "files of the locked distribution: a torch.py beside the script, a torchvision/ folder in a writable work "
        "folder.",
        matters="Every version is right and yet other code runs.",
        action="Rename or remove the shadowing file, or start Python with -P or -I so that the work folder is not on "
        "sys.path.",
        limits="Python's path finder is emulated without running anything: import hooks of the program are not seen.",
    ),
    code(
        "EG113",
        "conda-clobbered",
        "A package of conda's was installed over by pip.",
        finds="A record in conda-meta whose metadata folder is not the one that is installed: another version, or "
        "another installer in its place. It is reported with any lock, wherever the prefix has conda-meta.",
        matters="From then on conda solves with a version that is not there; its next command may delete files of what "
        "pip put there, or mix the two.",
        action="Choose one: `conda install --force-reinstall NAME=VERSION`, or remove the package with conda before "
        "pip installs it.",
        limits="Listing an environment makes conda delete such records: after that only a lock that names the package "
        "shows it.",
    ),
    code(
        "EG114",
        "conda-leftover",
        "A package of conda's was removed behind its back.",
        finds="A record in conda-meta whose metadata folder is gone, as `pip uninstall` leaves it. It is reported with "
        "any lock, wherever the prefix has conda-meta.",
        matters="In conda's eyes the package is there, and packages that depend on it count on it.",
        action="`conda install --force-reinstall NAME=VERSION`, or `conda remove NAME`.",
        limits="Packages without Python metadata, such as C libraries, are seen at depth files only.",
    ),
)
