"""Keeping what is written inside one folder."""

from pathlib import Path

from rsi.errors import InputError


def check_inside(path: Path, folder: Path) -> None:
    """Make sure that no link on the way leads out of a folder.

    Raises:
        InputError: ``path`` is not in ``folder`` once all links are followed.
    """
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"{path} leads out of {folder} by a link: remove the link or choose another --output_dir")
