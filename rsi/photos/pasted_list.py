"""Which pictures of a folder ``rsi paste`` has written."""

import json
from collections.abc import Mapping
from pathlib import Path

from rsi.errors import InputError
from rsi.storage.atomic import atomic_path

NAME = "pasted.json"


def write_pasted(folder: Path, pasted: Mapping[str, str]) -> None:
    """Write ``pasted.json`` beside the pictures: the SHA-256 of each, by its name relative to the folder."""
    with atomic_path(folder / NAME) as path:
        path.write_text(json.dumps({"pasted": dict(pasted)}, indent=1))


def read_pasted(folder: Path) -> dict[str, str]:
    """What :func:`write_pasted` has written; empty if there is no list.

    Raises:
        InputError: A file of this name is something else.
    """
    try:
        content = json.loads((folder / NAME).read_text())
        return {str(name): str(sha256) for name, sha256 in content["pasted"].items()}
    except OSError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(
            f"{folder / NAME} was not written by rsi paste, or is damaged: choose another --output_dir, or give "
            "--overwrite to replace it"
        ) from None
