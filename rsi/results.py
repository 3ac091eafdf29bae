"""The output folder of a run: what is in it, what is finished, and how files get there."""

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

from rsi.atomic import atomic_path
from rsi.errors import InputError

RESTORED = "restored"
FAILED = "failed"


@dataclass(frozen=True)
class Row:
    """One line of ``results.csv``.

    Attributes:
        file: The input, relative to the target folder.
        status: ``restored`` or ``failed``.
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


class ResultFolder:
    """Reads and writes an output folder.

    ``NAME.png`` is the restored image; ``comparisons/``, ``latents/`` and ``records/`` hold its other files. The
    record is written last: an image with a record whose checksum fits is finished.

    Args:
        path: The folder; made when the first file is written.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def claim(self, settings: Mapping[str, Any], *, overwrite: bool) -> None:
        """Note the settings of this run, so that no other settings mix their results into the folder.

        Raises:
            InputError: The folder holds results of other settings and ``overwrite`` is not given, or cannot be written.
        """
        stored = self._stored_settings() if any(self._records()) else dict(settings)
        changed = sorted(key for key in settings if stored.get(key) != settings[key])
        if changed and not overwrite:
            raise InputError(
                f"{self.path} holds results of another {', '.join(changed)}: choose another --output_dir, or replace "
                "them with --overwrite"
            )
        if overwrite:
            self._forget()
        self._write_text("settings.json", json.dumps(dict(settings), indent=1))

    def finished(self) -> set[str]:
        """The inputs whose restored image is there and whole."""
        return {
            row.file for row in self.rows() if row.status == RESTORED and row.sha256 == _sha256(self.path / row.output)
        }

    def rows(self) -> Iterator[Row]:
        """The rows of all images so far, in the order of their names."""
        for record in self._records():
            yield Row(**json.loads(record.read_text()))

    def save_restored(self, stem: str, restored: Image.Image, comparison: Image.Image) -> tuple[str, str]:
        """Write the restored image and its comparison picture; returns the image's relative path and checksum."""
        for name, picture in ((f"{stem}.png", restored), (f"comparisons/{stem}.png", comparison)):
            with self._writing(name) as path:
                picture.save(path, "PNG")
        return f"{stem}.png", _sha256(self.path / f"{stem}.png")

    def save_latent(self, stem: str, codes: Tensor, metadata: Mapping[str, str]) -> None:
        """Write the final codes of an image, with what is needed to render it again."""
        with self._writing(f"latents/{stem}.safetensors") as path:
            save_file({"codes": codes.contiguous()}, path, dict(metadata))

    def save_row(self, row: Row) -> None:
        """Write the record of an image; with it the image counts as finished."""
        self._write_text(f"records/{row.file}.json", json.dumps(asdict(row), indent=1))

    def save_table(self) -> None:
        """Write ``results.csv`` from the records."""
        with self._writing("results.csv") as path, path.open("w", newline="") as file:
            table = csv.DictWriter(file, [field.name for field in fields(Row)])
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

    def _forget(self) -> None:
        for record in self._records():
            record.unlink()

    def _records(self) -> list[Path]:
        return sorted((self.path / "records").rglob("*.json"))

    def _write_text(self, name: str, text: str) -> None:
        with self._writing(name) as path:
            path.write_text(text)

    def _writing(self, name: str) -> AbstractContextManager[Path]:
        return atomic_path(self.path / name)


def _sha256(path: Path) -> str:
    if not path.is_file():
        return ""
    return hashlib.sha256(path.read_bytes()).hexdigest()
