"""What ``rsi restore`` has written to a folder, and of what."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rsi.errors import InputError
from rsi.storage.atomic import atomic_path

NAME = "photographs.json"


@dataclass(frozen=True)
class Finished:
    """A photograph that is done.

    Attributes:
        source: SHA-256 of its file.
        settings: Checksum of what else the result depends on.
        output: The result, relative to the folder.
    """

    source: str
    settings: str
    output: str


@dataclass
class RestoredList:
    """The pictures that rsi has written to a folder.

    Attributes:
        written: The SHA-256 of each, by its name relative to the folder.
        photographs: The photographs that are done, by their names in their own folder.
    """

    written: dict[str, str] = field(default_factory=dict)
    photographs: dict[str, Finished] = field(default_factory=dict)


def write_restored(folder: Path, restored: RestoredList) -> None:
    """Write ``photographs.json`` beside the pictures."""
    with atomic_path(folder / NAME) as path:
        path.write_text(json.dumps(asdict(restored), indent=1))


def read_restored(folder: Path) -> RestoredList:
    """What :func:`write_restored` has written; empty if there is no list.

    Raises:
        InputError: A file of this name is something else.
    """
    try:
        content = json.loads((folder / NAME).read_text())
        written = {str(name): str(sha256) for name, sha256 in content["written"].items()}
        return RestoredList(written, {name: Finished(**facts) for name, facts in content["photographs"].items()})
    except FileNotFoundError:
        return RestoredList()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise InputError(
            f"{folder / NAME} was not written by rsi restore, or is damaged: choose another --output_dir, or remove it"
        ) from None
