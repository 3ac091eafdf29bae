"""Folders in which this user's files are kept from one run to the next."""

import os
from pathlib import Path

import torch

from rsi.errors import InputError


def weights_folder() -> Path:
    """torch.hub's folder, where what was downloaded or measured of generators is kept.

    Raises:
        InputError: This user has no home folder, so there is none.
    """
    return _with_home(torch.hub.get_dir(), "TORCH_HOME")


def cache_folder() -> Path:
    """The folder of rsi among this user's caches.

    Raises:
        InputError: This user has no home folder, so there is none.
    """
    return _with_home(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "XDG_CACHE_HOME") / "rsi"


def _with_home(folder: str, variable: str) -> Path:
    path = Path(os.path.expanduser(folder))  # noqa: PTH111 - Path's own raises where there is no home
    if str(path).startswith("~"):
        raise InputError(f"this user has no home folder to keep files in: set {variable} to a folder")
    return path
