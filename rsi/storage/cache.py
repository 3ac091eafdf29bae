"""Folders in which this user's files are kept from one run to the next."""

import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

from rsi.errors import InputError


def weights_folder() -> Path:
    """torch.hub's folder, where what was downloaded or measured of generators is kept.

    A program that has not imported torch is told what torch would say, without waiting for it.

    Raises:
        InputError: This user has no home folder, so there is none.
    """
    if torch := sys.modules.get("torch"):
        return _with_home(torch.hub.get_dir(), "TORCH_HOME")
    caches = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return _with_home(os.environ.get("TORCH_HOME", f"{caches}/torch"), "TORCH_HOME") / "hub"


def cached_path(url: str) -> Path:
    """Where :func:`rsi.storage.download.fetch` keeps a file: under the last part of its URL.

    Raises:
        InputError: This user has no home folder, so there is none.
    """
    return weights_folder() / "checkpoints" / Path(urlsplit(url).path).name


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
