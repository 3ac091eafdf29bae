"""Weights from the network, kept in a cache and checked in full.

pooch and torch.hub do not go on with a download that broke off, let other processes wait for one, refuse redirects
away from https or compare sizes: hence this file and :mod:`rsi.storage.transfer`.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from rsi.errors import NO_SPACE, InputError
from rsi.log import tell, tell_once
from rsi.storage.atomic import atomic_path
from rsi.storage.cache import cached_path
from rsi.storage.fingerprint import file_sha256
from rsi.storage.lock import ProcessLock
from rsi.storage.transfer import Progress as Report
from rsi.storage.transfer import Transfer, check_address

OFFLINE = "RSI_OFFLINE"  # an environment variable that forbids downloads


def fetch(url: str, sha256: str | None, *, size: int | None = None) -> Path:
    """A file from the cache, or from the network if it is not there; its SHA-256 is checked either way.

    Of several processes that ask for the same file one downloads it and the others wait. A download that broke off goes
    on where it was. With the environment variable ``RSI_OFFLINE`` nothing is downloaded.

    Args:
        url: Where the file is; https, or http on this machine.
        sha256: Its SHA-256, 64 hexadecimal digits; ``None`` if nobody vouches for one: the first file that comes is
            trusted, and later ones have to be the same.
        size: How many bytes it has, if known.

    Returns:
        The path of the file.

    Raises:
        InputError: The URL or the SHA-256 is malformed, the file cannot be had or has other content, or there is no
            folder to keep it in.
    """
    check_address(url)
    if sha256 is not None and not re.fullmatch("[0-9a-fA-F]{64}", sha256):
        raise InputError(f"{sha256!r} is not a SHA-256: give 64 hexadecimal digits")
    path = cached_path(url)
    described = f"the file from {url} ({_describe(sha256, size)})"
    if not path.is_file():
        if os.environ.get(OFFLINE, "0") not in ("", "0"):
            raise InputError(f"{path} is missing and downloads are switched off: put {described} there")
        try:
            _download(Transfer(url, path.with_name(f"{path.name}.part"), size, sha256 is not None), path, sha256)
        except (ValueError, OSError) as error:  # requests raises both
            reason = " ".join(str(error).split()) or type(error).__name__
            is_full = isinstance(error, OSError) and error.errno in NO_SPACE
            remedy = f"make space in {path.parent}" if is_full else f"put {described} at {path}"
            raise InputError(f"{url} cannot be downloaded ({reason}): {remedy}") from None
    if (found := file_sha256(path)) != (expected := _expected(path, sha256, found)):
        raise InputError(f"{path} has the SHA-256 {found} instead of {expected}: delete it, or put {described} there")
    return path


def _describe(sha256: str | None, size: int | None) -> str:
    checksum = f"SHA-256 {sha256.lower()}" if sha256 else "SHA-256 unknown"
    return f"{size} bytes, {checksum}" if size else checksum


def _expected(path: Path, sha256: str | None, found: str) -> str:
    """The checksum that a cached file has to have; one that nobody vouches for is written beside it at first.

    Where it cannot be written, as in a cache that others share, the file is trusted every time.
    """
    if sha256 is not None:
        return sha256.lower()
    record = path.with_name(f"{path.name}.sha256")
    if not record.is_file():
        try:
            with atomic_path(record) as temporary:
                temporary.write_text(f"{found}  {path.name}\n")
        except OSError as error:
            tell_once(f"{record} cannot be written ({error.strerror}): {path.name} is trusted as it is")
            return found
    return record.read_text().partition(" ")[0]


def _download(transfer: Transfer, path: Path, sha256: str | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with _only_one(path):
        if not path.is_file():
            _receive(transfer, path.name, sha256)
            transfer.part.replace(path)
            transfer.discard()


def _receive(transfer: Transfer, name: str, sha256: str | None) -> None:
    """Receive the file; if it is wrong, remove it, and start over if some of it was there before."""
    resumed = transfer.received > 0
    with _progress(name, transfer.size) as report:
        transfer.run(report)
    found = file_sha256(transfer.part)
    if sha256 is None or found == sha256.lower():
        return
    transfer.discard()
    if not resumed:
        raise InputError(f"what came has the SHA-256 {found} and was removed")
    _receive(transfer, name, sha256)


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """One process at a time; the others wait."""
    lock = ProcessLock(path.with_name(f".{path.name}.lock"))
    if not lock.try_acquire():
        tell(f"waiting for another process that downloads {path.name}")
        lock.try_acquire(wait=True)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _progress(name: str, size: int | None) -> Iterator[Report]:
    """A progress bar on the terminal, or one line elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        console.print(f"downloading {name}{f', {size / 1e6:.1f} MB' if size else ''}", highlight=False, soft_wrap=True)
    columns = TextColumn(name), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(name, total=size)
        yield lambda received, total: progress.update(task, completed=received, total=total or size)
