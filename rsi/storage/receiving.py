"""Files from the network: received by one process, which shows how far it is, checked and put in their place."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from rsi.errors import InputError
from rsi.log import tell
from rsi.storage.fingerprint import file_sha256
from rsi.storage.lock import ProcessLock
from rsi.storage.transfer import Progress as Report
from rsi.storage.transfer import Transfer


def receive(url: str, path: Path, size: int | None, sha256: str | None) -> None:
    """Receive a file, unless another process does so meanwhile.

    Args:
        url: Where it is; see :func:`rsi.storage.address.check_address`.
        path: Where it is kept.
        size: How many bytes it has, if known.
        sha256: Its SHA-256, 64 hexadecimal digits, if known.

    Raises:
        InputError: It cannot be had, or has other content.
    """
    transfer = Transfer(url, path.with_name(f"{path.name}.part"), size, sha256 is not None)
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
