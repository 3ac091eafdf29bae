"""Folders and files by path or by fsspec URL."""

from pathlib import Path
from typing import Any, cast
from zipfile import BadZipFile

from rsi.errors import InputError
from rsi.imports.extras import MODULES, install_command
from rsi.storage.atomic import naming


def locate(text: str | Path) -> Path:
    """What a path or a URL such as ``s3://bucket/faces`` names.

    Args:
        text: A path; or a URL of any file system that fsspec knows and that is installed, chained ones such as
            ``simplecache::s3://bucket/faces`` among them.

    Returns:
        A ``Path``; of a URL a ``UPath``, which has the methods of one.

    Raises:
        InputError: There is no such file system, what it needs is not installed, or it is a damaged archive.
    """
    if isinstance(text, Path) or not is_url(text):
        return Path(text)
    if text.startswith("file://"):
        return Path(text.removeprefix("file://"))
    from upath import UPath  # with fsspec; local paths do without

    try:
        location = UPath(text)
        _ = location.fs
    except (ImportError, ValueError, OSError, BadZipFile) as error:
        reason = " ".join(str(error).split())
        has_extra = isinstance(error, ImportError) and any(module in reason for module in MODULES["url"])
        remedy = f": {install_command('url')}" if has_extra else ""
        raise InputError(f"{text} cannot be opened: {reason}{remedy}") from None
    return cast(Path, location)


def is_url(location: str | Path) -> bool:
    """Whether something is not a plain path."""
    return "://" in str(location)


def file_system(location: Path) -> tuple[Any, str]:
    """The fsspec file system of a URL and the path in it."""
    url: Any = location
    return url.fs, url.path


def check_reachable(location: Path) -> None:
    """Make sure that a URL can be asked at all; file systems raise nearly anything where it cannot.

    Raises:
        InputError: It cannot.
    """
    if is_url(location):
        try:
            location.is_dir()
        except Exception as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise InputError(f"{location} cannot be reached: {reason}") from None


def forget_listings(location: Path) -> None:
    """Make fsspec look anew at what is in a folder that other processes write to."""
    if is_url(location):
        file_system(location)[0].invalidate_cache()


def read_bytes(location: Path) -> bytes:
    """The content of a file as it is now, whatever fsspec has seen of it before."""
    if not is_url(location):
        with naming(location):
            return location.read_bytes()
    system, path = file_system(location)
    content: bytes = system.cat_file(path)
    return content


def absolute(location: Path) -> str:
    """A name that means the same from any working directory."""
    return str(location if is_url(location) else location.resolve())
