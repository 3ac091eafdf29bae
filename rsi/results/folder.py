"""The output folder of a run: what is in it, what is finished, and how files get there."""

import csv
import hashlib
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from rsi.errors import InputError
from rsi.results import layout
from rsi.results.records import COLUMNS, Row, read_record
from rsi.results.run_id import run_id
from rsi.storage.atomic import PREFIX, check_inside, remove_partial
from rsi.storage.folder import Storage, local_folder
from rsi.storage.location import check_reachable
from rsi.storage.lock import FolderLock
from rsi.storage.tensor_file import tensor_bytes

STATE = "batch.safetensors"
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
        run: The run that has claimed it, see :func:`rsi.results.run_id.run_id`; empty before.
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

        Args:
            settings: What the results depend on besides the images.
            overwrite: Take the place of results of other settings.
            rank: The process.

        Raises:
            InputError: Another run has locked it, a link leads out of it, or it holds results of other settings and
                ``overwrite`` is not given.
        """
        self._refuse_links()
        check_reachable(self.path)
        if self._lock is None or self._rank != rank:
            lock = self.local / layout.PROGRESS / (f"lock-{rank}" if rank else "lock")
            self._rank, self._lock = rank, FolderLock(lock)
        self._lock.acquire()
        self._check_settings(settings, overwrite)
        self._settings = _checksum(settings)
        self.run = run_id()
        self._tidy(overwrite)
        self._write_text(layout.SETTINGS, json.dumps(dict(settings), indent=1))

    def release(self) -> None:
        """Let other runs claim the folder."""
        if self._lock is not None:
            self._lock.release()

    def check_there(self) -> None:
        """Make sure that nobody has moved or removed the folder since it was claimed; of a URL it is not asked.

        Raises:
            InputError: Somebody has.
        """
        if not self.storage.is_remote and not self.holds(layout.SETTINGS):
            raise InputError(
                f"{self.path} was moved, removed or emptied while results were written to it: give the same command "
                "again, which restores what is not there"
            )

    def wrote_files_of(self, file: str) -> bool:
        """Whether this run or an earlier one, of whatever settings, has begun to write files of an input."""
        record = self.storage.read(layout.record_of(file))
        row = self._older_row(file) if record is None else read_record(record)
        if row is None:
            return record is not None  # one that cannot be read is rsi's, too
        return row.is_done or row.has_files

    def row(self, file: str) -> Row | None:
        """The row of an input, if this run or one with the same settings has left one.

        Raises:
            InputError: The settings of the folder cannot be read.
        """
        record = self.storage.read(layout.record_of(file))
        row = self._older_row(file) if record is None else read_record(record)
        return row if row is not None and row.settings in ("", self._current_settings()) else None

    def rows(self) -> Iterator[Row]:
        """The rows of all images so far, in the order of their names; records that cannot be read are passed over.

        So are those that an earlier run with other settings has left, or an earlier version in another place.

        Raises:
            InputError: The settings of the folder cannot be read.
        """
        current = ("", self._current_settings())
        for name, record in self.storage.read_all(layout.RECORDS, ".json"):
            row = read_record(record)
            if row is not None and row.settings in current and not self._is_replaced(name, row.file):
                yield row

    def is_whole(self, row: Row) -> bool:
        """Whether the restored image of a row is there as it was written."""
        return row.is_done and self.storage.is_whole(row.output, row.sha256)

    def state_path(self, rank: int) -> Path:
        """Where a process keeps the state of its batch in progress."""
        return self._scratch(rank) / STATE

    def save_picture(self, name: str, picture: Image.Image) -> str:
        """Write a PNG file, a path in the folder; returns its SHA-256."""
        with self._writing(name) as path:
            picture.save(path, "PNG", pnginfo=_captions(picture))
            return hashlib.sha256(path.read_bytes()).hexdigest()

    def holds(self, name: str) -> bool:
        """Whether there is such a file."""
        return (self.path / name).exists()

    def save_latent(self, name: str, latent: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
        """Write the final latent of an image, with what is needed to render it again.

        Args:
            name: The file, a path in the folder.
            latent: Its tensors.
            metadata: What the file is to say of them.
        """
        with self._writing(name) as path:
            path.write_bytes(tensor_bytes(latent, metadata))

    def save_row(self, row: Row) -> None:
        """Write the record of an image; with it the image counts as finished.

        It is noted as of the run that has claimed the folder; of a folder that is not claimed, as of the run it was of.

        Raises:
            InputError: The settings of the folder cannot be read.
        """
        has_files = row.has_files or row.is_done or self.wrote_files_of(row.file)
        stamped = replace(row, settings=self._current_settings(), run=self.run or row.run, has_files=has_files)
        self._write_text(layout.record_of(row.file), stamped.to_record())

    @property
    def table_is_due(self) -> bool:
        """Whether the table can be written again and take up but a small share of the run's time."""
        return time.monotonic() - self._table_saved >= self._table_seconds / TABLE_SHARE

    def save_table(self) -> Counter[tuple[str, ...]]:
        """Write ``results.csv`` from the records, one process after another.

        Returns:
            How many images the processes of this run have restored anew, by what had changed.
        """
        started = time.monotonic()
        lock = FolderLock(self.local / layout.PROGRESS / "table-lock")
        lock.acquire(wait=True)
        try:
            restored_anew = self._write_table()
        finally:
            lock.release()
        self._table_saved = time.monotonic()
        self._table_seconds = self._table_saved - started
        return restored_anew

    def publish(self) -> None:
        """Move what was written locally, such as logs, to where the folder is."""
        if self.storage.is_remote:
            self.storage.send(self.local)

    def _older_row(self, file: str) -> Row | None:
        """The row of an input that an earlier version has left under another name."""
        older = layout.older_record_of(file)
        row = read_record(self.storage.read(older)) if older != layout.record_of(file) else None
        return row if row is not None and row.file == file else None

    def _is_replaced(self, record: str, file: str) -> bool:
        """Whether a record is one of an earlier version and there is a newer one."""
        newer = layout.record_of(file)
        return record == layout.older_record_of(file) != newer and self.storage.read(newer) is not None

    def _write_table(self) -> Counter[tuple[str, ...]]:
        restored_anew: Counter[tuple[str, ...]] = Counter()
        with (
            self._writing(layout.TABLE) as path,
            path.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file,
        ):
            table = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
            table.writeheader()
            for row in self.rows():
                table.writerow(asdict(row))
                if row.changed and row.run == self.run:
                    restored_anew[row.changed] += 1
        return restored_anew

    def _check_settings(self, settings: Mapping[str, Any], overwrite: bool) -> None:
        stored = self._stored_settings() if self._holds_work() else dict(settings)
        changed = sorted(key for key in {*settings, *stored} if stored.get(key) != settings.get(key))
        if changed and not overwrite:
            raise InputError(
                f"{self.path} holds results of another {', '.join(changed)}: choose another --output_dir, or replace "
                "them with --overwrite"
            )

    def _holds_work(self) -> bool:
        states = (self.local / layout.PROGRESS).glob(f"rank-*/{STATE}")
        return next(states, None) is not None or self.storage.holds(layout.RECORDS, ".json")

    def _stored_settings(self) -> dict[str, Any]:
        try:
            content = self.storage.read(layout.SETTINGS)
            if content is None:
                raise FileNotFoundError("it is missing")
            stored: dict[str, Any] = json.loads(content)
        except (OSError, ValueError) as error:
            raise InputError(
                f"{self.path / layout.SETTINGS} cannot be read ({error}), so that it is not known what the records "
                "beside it are of: choose another --output_dir"
            ) from None
        return stored

    def _current_settings(self) -> str:
        """The checksum of the settings of this run, or of the last one if the folder was not claimed."""
        if self._settings is None and self.storage.read(layout.SETTINGS) is not None:
            self._settings = _checksum(self._stored_settings())
        return self._settings or ""

    def _tidy(self, overwrite: bool) -> None:
        """Remove what a killed process of this rank has left, and with ``overwrite`` its batch in progress."""
        remove_partial(self._scratch(self._rank))
        if self._rank == 0:
            for path in self.local.glob(f"{PREFIX}*"):
                path.unlink()
        if overwrite:
            self.state_path(self._rank).unlink(missing_ok=True)

    def _refuse_links(self) -> None:
        for name in (layout.CONFIG, layout.LOGS, layout.PROGRESS):
            check_inside(self.local / name, self.local)
        for path in (self.local / layout.LOGS).rglob("*"):
            check_inside(path, self.local)

    def _write_text(self, name: str, text: str) -> None:
        with self._writing(name) as path:
            path.write_text(text)

    def _writing(self, name: str) -> AbstractContextManager[Path]:
        if self.run and name != layout.SETTINGS:
            self.check_there()
        return self.storage.writing(name, self._scratch(self._rank))

    def _scratch(self, rank: int) -> Path:
        return self.local / layout.PROGRESS / f"rank-{rank}"


def _checksum(settings: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(dict(settings), sort_keys=True).encode()).hexdigest()


def _captions(picture: Image.Image) -> PngInfo:
    """The captions of a row of images, if the picture is one, as text of a PNG file."""
    text = PngInfo()
    if layout.CAPTIONS in picture.info:
        text.add_text(layout.CAPTIONS, picture.info[layout.CAPTIONS])
    return text
