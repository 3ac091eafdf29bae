"""How a process starts another that does the same."""

import sys
from pathlib import Path

STARTED_IN = Path.cwd()


def own_command() -> list[str] | None:
    """The command that runs this program again in :data:`STARTED_IN`; ``None`` where there is no file to run.

    A notebook, ``python -c`` and standard input cannot be run again.
    """
    main = sys.modules["__main__"]
    spec, file = getattr(main, "__spec__", None), str(getattr(main, "__file__", None) or "")
    if hasattr(sys, "ps1") or file.startswith(("/dev/", "/proc/")):
        return None
    if spec is not None and spec.name != "__main__" and not spec.name.startswith("ipykernel"):
        return [sys.executable, "-m", spec.name.removesuffix(".__main__"), *sys.argv[1:]]
    if spec is not None:  # a folder or an archive with a __main__.py in it
        file = sys.argv[0]
    path = STARTED_IN / file
    return [sys.executable, str(path), *sys.argv[1:]] if file and path.exists() else None
