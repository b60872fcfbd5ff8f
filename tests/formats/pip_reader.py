"""What pip itself sees in requirements files. Run as a script in a process of its own: pip's internals are no API.

    python pip_reader.py FILE...

Prints a JSON object: file -> list of {"name", "version", "line", "text"}, or the error as a text. ``name`` is null
where pip knows none, ``version`` where there is no exact one.
"""

import json
import sys


def seen_by_pip(path: str) -> list[dict[str, object]]:
    from pip._internal.network.session import PipSession
    from pip._internal.req.constructors import install_req_from_parsed_requirement
    from pip._internal.req.req_file import parse_requirements

    found: list[dict[str, object]] = []
    for parsed in parse_requirements(path, session=PipSession()):
        line = int(parsed.comes_from.rpartition("(line ")[2].rstrip(")"))
        name = version = None
        try:
            requirement = install_req_from_parsed_requirement(parsed)
        except Exception:  # noqa: BLE001 - a local folder that is gone: pip knows the line, but not what it names
            requirement = None
        if requirement is not None and requirement.req is not None:
            name = requirement.req.name
            specifiers = list(requirement.req.specifier)
            exact = len(specifiers) == 1 and specifiers[0].operator in ("==", "===")
            if exact and not specifiers[0].version.endswith(".*"):
                version = specifiers[0].version
        found.append({"name": name, "version": version, "line": line, "text": parsed.requirement})
    return found


def answer(path: str) -> object:
    try:
        return seen_by_pip(path)
    except Exception as error:  # noqa: BLE001 - the refusal is the answer
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    print(json.dumps({argument: answer(argument) for argument in sys.argv[1:]}))
