"""The output folder of a run: what is in it, what is finished, and how files get there."""

import csv
import hashlib
import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, fields
from pathlib import Path, PurePosixPath
from typing import Any

from PIL import Image
from torch import Tensor

from rsi.atomic import atomic_path, remove_partial
from rsi.confined import check_inside
from rsi.data.output_paths import LONGEST_NAME
from rsi.errors import InputError
from rsi.folder_lock import FolderLock
from rsi.tensor_file import tensor_bytes

RESTORED = "restored"
STOPPED = "stopped"
FAILED = "failed"
PROGRESS = ".progress"


@dataclass(frozen=True)
class Row:
    """One line of ``results.csv``.

    Attributes:
        file: The input, relative to the target folder.
        status: ``restored``, ``stopped`` where a loss or gradient was not finite, or ``failed``.
        output: The restored image, relative to the output folder.
        size: Width and height of the target that was restored, in pixels.
        degradation: Its name.
        parameters: The parameters of the degradation in force, read from the file or given.
        loss: The loss after the last step.
        fidelity: Perceptual distance of the truly degraded restoration to the target; 0 is a perfect match.
        seed: The seed of the image's random numbers.
        seconds: The image's share of the time of its batch.
        notes: What was done to make the file fit, or why it failed.
        sha256: Checksum of the restored image.
        batch: The inputs it was restored together with; in the record alone.
    """

    file: str
    status: str
    output: str = ""
    size: str = ""
    degradation: str = ""
    parameters: str = ""
    loss: float | None = None
    fidelity: float | None = None
    seed: int | None = None
    seconds: float | None = None
    notes: str = ""
    sha256: str = ""
    batch: tuple[str, ...] = ()


COLUMNS = tuple(field.name for field in fields(Row) if field.name != "batch")


class ResultFolder:
    """Reads and writes an output folder.

    ``NAME.png`` is the restored image; ``comparisons/``, ``latents/`` and ``records/`` hold its other files. The
    record is written last: an image with a record whose checksum fits is finished.

    Args:
        path: The folder; made when the first file is written.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._lock = FolderLock(self.path / PROGRESS / "lock")

    def claim(self, settings: Mapping[str, Any], *, overwrite: bool) -> None:
        """Lock the folder and note the settings of this run, so that no others mix their results into it.

        Raises:
            InputError: Another run has locked it, a link leads out of it, or it holds results of other settings and
                ``overwrite`` is not given.
        """
        self._refuse_links()
        self._lock.acquire()
        remove_partial(self.path)
        stored = self._stored_settings() if self._records() or self._states() else dict(settings)
        changed = sorted(key for key in settings if stored.get(key) != settings[key])
        if changed and not overwrite:
            raise InputError(
                f"{self.path} holds results of another {', '.join(changed)}: choose another --output_dir, or replace "
                "them with --overwrite"
            )
        if overwrite:
            self._forget()
        self._write_text("settings.json", json.dumps(dict(settings), indent=1))

    def release(self) -> None:
        """Let other runs claim the folder."""
        self._lock.release()

    def finished(self) -> set[str]:
        """The inputs whose restored image is there and whole."""
        return {
            row.file for row in self.rows() if row.status != FAILED and row.sha256 == _sha256(self.path / row.output)
        }

    def settled(self, finished: Collection[str]) -> set[str]:
        """The finished inputs whose batch is finished as a whole.

        The others have to be in their batch once more when it is restored anew: the last bits of a result depend on it.
        """
        return {row.file for row in self.rows() if row.file in finished and set(row.batch) <= set(finished)}

    def rows(self) -> Iterator[Row]:
        """The rows of all images so far, in the order of their names; records that cannot be read are passed over."""
        rows = filter(None, map(_read_row, self._records()))
        yield from sorted(rows, key=lambda row: row.file)

    def state_path(self, rank: int) -> Path:
        """Where a process keeps the state of its batch in progress."""
        return self.path / PROGRESS / f"rank-{rank}.safetensors"

    def save_restored(self, stem: str, restored: Image.Image, comparison: Image.Image) -> tuple[str, str]:
        """Write the restored image and its comparison picture; returns the image's relative path and checksum."""
        for name, picture in ((f"{stem}.png", restored), (f"comparisons/{stem}.png", comparison)):
            with self._writing(name) as path:
                picture.save(path, "PNG")
        return f"{stem}.png", _sha256(self.path / f"{stem}.png")

    def save_latent(self, stem: str, codes: Tensor, metadata: Mapping[str, str]) -> None:
        """Write the final codes of an image, with what is needed to render it again."""
        with self._writing(f"latents/{stem}.safetensors") as path:
            path.write_bytes(tensor_bytes({"codes": codes}, metadata))

    def save_row(self, row: Row) -> None:
        """Write the record of an image; with it the image counts as finished."""
        self._write_text(f"records/{_record_name(row.file)}.json", json.dumps(asdict(row), indent=1))

    def save_table(self) -> None:
        """Write ``results.csv`` from the records."""
        with (
            self._writing("results.csv") as path,
            path.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file,
        ):
            table = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
            table.writeheader()
            table.writerows(asdict(row) for row in self.rows())

    def _stored_settings(self) -> dict[str, Any]:
        path = self.path / "settings.json"
        try:
            stored: dict[str, Any] = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise InputError(
                f"{path} cannot be read ({error}): remove the folder or choose another --output_dir"
            ) from None
        return stored

    def _refuse_links(self) -> None:
        for name in ("config.yaml", "logs", PROGRESS):
            check_inside(self.path / name, self.path)
        for path in (self.path / "logs").rglob("*"):
            check_inside(path, self.path)

    def _forget(self) -> None:
        for path in (*self._records(), *self._states()):
            path.unlink()

    def _records(self) -> list[Path]:
        return sorted((self.path / "records").rglob("*.json"))

    def _states(self) -> list[Path]:
        return sorted((self.path / PROGRESS).glob("*.safetensors"))

    def _write_text(self, name: str, text: str) -> None:
        with self._writing(name) as path:
            path.write_text(text)

    def _writing(self, name: str) -> AbstractContextManager[Path]:
        path = self.path / name
        check_inside(path.parent, self.path)
        return atomic_path(path)


def _record_name(file: str) -> str:
    """The input's own name, if that can be a file's beside those of all others."""
    parts = PurePosixPath(file).parts
    if max(len(os.fsencode(part)) for part in parts) < LONGEST_NAME and not any(
        p.endswith(".json") for p in parts[:-1]
    ):
        return file
    return hashlib.sha256(os.fsencode(file)).hexdigest()


def _read_row(record: Path) -> Row | None:
    try:
        values = json.loads(record.read_text())
        return Row(**{**values, "batch": tuple(values.get("batch", ()))})
    except (ValueError, TypeError, AttributeError):
        return None


def _sha256(path: Path) -> str:
    if not path.is_file():
        return ""
    return hashlib.sha256(path.read_bytes()).hexdigest()
