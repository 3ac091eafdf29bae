"""The output folder of a run: what is in it, what is finished, and how files get there."""

import csv
import hashlib
import json
import time
from collections.abc import Collection, Container, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from PIL import Image
from torch import Tensor

from rsi.data.pictures import captions_text
from rsi.errors import InputError
from rsi.results.records import COLUMNS, FAILED, MISSING, RESTORED, STOPPED, Row, read_record, record_name
from rsi.results.run import run_id
from rsi.storage.atomic import PREFIX, check_inside, remove_partial
from rsi.storage.folder import Storage, local_folder
from rsi.storage.location import check_reachable
from rsi.storage.lock import FolderLock
from rsi.storage.tensor_file import tensor_bytes

__all__ = ["COLUMNS", "FAILED", "MISSING", "PROGRESS", "RESTORED", "STOPPED", "ResultFolder", "Row"]

PROGRESS = ".progress"
TABLE_SHARE = 0.05  # of the time of a run, at most, for writing the table before its end


class ResultFolder:
    """Reads and writes an output folder.

    ``NAME.png`` is the restored image; ``comparisons/``, ``fidelity/``, ``latents/`` and ``records/`` hold its other
    files. The record is written last: an image with a record whose checksum fits is finished. Nothing here takes longer
    or more memory the more images there are, apart from going through :meth:`rows`.

    Args:
        path: The folder, a path or a URL; made when the first file is written.

    Attributes:
        local: Where what has to be local is: the folder itself, or of a URL a folder of this user's cache.
        run: The run that has claimed it, see :func:`rsi.results.run.run_id`; empty before.
    """

    def __init__(self, path: str | Path) -> None:
        self.storage = Storage(path)
        self.path = self.storage.folder
        self.local = local_folder(path)
        self.run = ""
        self._rank = 0
        self._lock: FolderLock | None = None
        self._settings: str | None = None
        self._table_saved = self._table_seconds = 0.0

    def claim(self, settings: Mapping[str, Any], *, overwrite: bool, rank: int = 0) -> None:
        """Lock the folder for a process and note the settings of this run, so that no others mix their results into it.

        Every process of a run claims the folder for itself and notes the same settings, so that none has to wait for
        another.

        Raises:
            InputError: Another run has locked it, a link leads out of it, or it holds results of other settings and
                ``overwrite`` is not given.
        """
        self._refuse_links()
        check_reachable(self.path)
        if self._lock is None or self._rank != rank:
            self._rank, self._lock = rank, FolderLock(self.local / PROGRESS / (f"lock-{rank}" if rank else "lock"))
        self._lock.acquire()
        self._check_settings(settings, overwrite)
        self._settings = _checksum(settings)
        self.run = run_id()
        self._tidy(overwrite)
        self._write_text("settings.json", json.dumps(dict(settings), indent=1))

    def release(self) -> None:
        """Let other runs claim the folder."""
        if self._lock is not None:
            self._lock.release()

    def row(self, file: str) -> Row | None:
        """The row of an input, if it has one."""
        row = read_record(self.storage.read(record_name(file)))
        return row if row is not None and row.settings in ("", self._current_settings()) else None

    def rows(self) -> Iterator[Row]:
        """The rows of all images so far, in the order of their names; records that cannot be read are passed over.

        So are those that an earlier run with other settings has left.
        """
        current = ("", self._current_settings())
        records = map(read_record, self.storage.read_all("records", ".json"))
        return (row for row in records if row is not None and row.settings in current)

    def is_whole(self, row: Row) -> bool:
        """Whether the restored image of a row is there as it was written."""
        return row.is_done and self.storage.is_whole(row.output, row.sha256)

    def finished(self) -> set[str]:
        """The inputs whose restored image is there and whole, of a folder that fits in memory."""
        return {row.file for row in self.rows() if self.is_whole(row)}

    def settled(self, finished: Collection[str]) -> set[str]:
        """The finished inputs whose batch is finished as a whole, see :class:`rsi.results.folder.Settled`."""
        return {row.file for row in self.rows() if row.file in finished and set(row.batch) <= set(finished)}

    def state_path(self, rank: int) -> Path:
        """Where a process keeps the state of its batch in progress."""
        return self._scratch(rank) / "batch.safetensors"

    def save_restored(self, stem: str, restored: Image.Image, comparison: Image.Image | None) -> tuple[str, str]:
        """Write the restored image and a comparison picture; returns the image's relative path and checksum."""
        if comparison is not None:
            with self._writing(f"comparisons/{stem}.png") as path:
                comparison.save(path, "PNG", pnginfo=captions_text(comparison))
        with self._writing(f"{stem}.png") as path:
            restored.save(path, "PNG", pnginfo=captions_text(restored))
            sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        return f"{stem}.png", sha256

    def save_fidelity_map(self, stem: str, fidelity_map: Image.Image) -> None:
        """Write where the degraded restoration differs from the target."""
        with self._writing(f"fidelity/{stem}.png") as path:
            fidelity_map.save(path, "PNG")

    def save_disagreement(self, stem: str, drawing: Image.Image) -> None:
        """Write where the samples of an image differ."""
        with self._writing(f"disagreement/{stem}.png") as path:
            drawing.save(path, "PNG", pnginfo=captions_text(drawing))

    def holds_disagreement(self, stem: str) -> bool:
        """Whether it is written where the samples of an image differ."""
        return (self.path / "disagreement" / f"{stem}.png").exists()

    def save_latent(self, stem: str, latent: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
        """Write the final latent of an image, with what is needed to render it again."""
        with self._writing(f"latents/{stem}.safetensors") as path:
            path.write_bytes(tensor_bytes(latent, metadata))

    def save_row(self, row: Row) -> None:
        """Write the record of an image; with it the image counts as finished."""
        stamped = replace(row, settings=self._current_settings(), run=self.run)
        self._write_text(record_name(row.file), stamped.to_record())

    @property
    def table_is_due(self) -> bool:
        """Whether the table can be written again and take up but a small share of the run's time."""
        return time.monotonic() - self._table_saved >= self._table_seconds / TABLE_SHARE

    def save_table(self) -> None:
        """Write ``results.csv`` from the records, one process after another."""
        started = time.monotonic()
        lock = FolderLock(self.local / PROGRESS / "table-lock")
        lock.acquire(wait=True)
        try:
            self._write_table()
        finally:
            lock.release()
        self._table_saved = time.monotonic()
        self._table_seconds = self._table_saved - started

    def publish(self) -> None:
        """Move what was written locally, such as logs, to where the folder is."""
        if self.storage.is_remote:
            self.storage.send(self.local)

    def _write_table(self) -> None:
        with (
            self._writing("results.csv") as path,
            path.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file,
        ):
            table = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
            table.writeheader()
            table.writerows(asdict(row) for row in self.rows())

    def _check_settings(self, settings: Mapping[str, Any], overwrite: bool) -> None:
        stored = self._stored_settings() if self._holds_work() else dict(settings)
        changed = sorted(key for key in settings if stored.get(key) != settings[key])
        if changed and not overwrite:
            raise InputError(
                f"{self.path} holds results of another {', '.join(changed)}: choose another --output_dir, or replace "
                "them with --overwrite"
            )

    def _holds_work(self) -> bool:
        states = (self.local / PROGRESS).glob("rank-*/batch.safetensors")
        return next(states, None) is not None or self.storage.holds("records", ".json")

    def _stored_settings(self) -> dict[str, Any]:
        try:
            stored: dict[str, Any] = json.loads(self.storage.read("settings.json") or b"")
        except (OSError, ValueError) as error:
            raise InputError(
                f"{self.path / 'settings.json'} cannot be read ({error}): remove the folder or choose another "
                "--output_dir"
            ) from None
        return stored

    def _current_settings(self) -> str:
        """The checksum of the settings of this run, or of the last one if the folder was not claimed."""
        if self._settings is not None:
            return self._settings
        return "" if self.storage.read("settings.json") is None else _checksum(self._stored_settings())

    def _tidy(self, overwrite: bool) -> None:
        """Remove what a killed process of this rank has left, and with ``overwrite`` its batch in progress."""
        remove_partial(self._scratch(self._rank))
        if self._rank == 0:
            for path in self.local.glob(f"{PREFIX}*"):
                path.unlink()
        if overwrite:
            self.state_path(self._rank).unlink(missing_ok=True)

    def _refuse_links(self) -> None:
        for name in ("config.yaml", "logs", PROGRESS):
            check_inside(self.local / name, self.local)
        for path in (self.local / "logs").rglob("*"):
            check_inside(path, self.local)

    def _write_text(self, name: str, text: str) -> None:
        with self._writing(name) as path:
            path.write_text(text)

    def _writing(self, name: str) -> AbstractContextManager[Path]:
        return self.storage.writing(name, self._scratch(self._rank))

    def _scratch(self, rank: int) -> Path:
        return self.local / PROGRESS / f"rank-{rank}"


def _checksum(settings: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(dict(settings), sort_keys=True).encode()).hexdigest()


REMEMBERED = 10_000


class Finished(Container[str]):
    """The inputs whose restored image was there and whole when they were first asked for.

    Args:
        folder: The output folder.
    """

    def __init__(self, folder: ResultFolder) -> None:
        self._folder = folder
        self._known: dict[str, bool] = {}

    def __contains__(self, file: object) -> bool:
        """Whether an input is one of them."""
        name = str(file)
        if name not in self._known:
            if len(self._known) >= REMEMBERED:
                self._known.pop(next(iter(self._known)))
            row = self._folder.row(name)
            self._known[name] = row is not None and self._folder.is_whole(row)
        return self._known[name]


class Settled(Container[str]):
    """The finished inputs whose batch is finished as a whole.

    The others have to be in their batch once more when it is restored anew: the last bits of a result depend on it.

    Args:
        folder: The output folder.
        finished: The finished inputs.
    """

    def __init__(self, folder: ResultFolder, finished: Container[str]) -> None:
        self._folder = folder
        self._finished = finished

    def __contains__(self, file: object) -> bool:
        """Whether an input is one of them."""
        if file not in self._finished:
            return False
        row = self._folder.row(str(file))
        return row is not None and all(name in self._finished for name in row.batch)
