"""What is measured of one method on one task."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from rsi.benchmark.clean import CleanImages
from rsi.benchmark.metrics import Distances, measure
from rsi.benchmark.patch_fid import PatchFID
from rsi.benchmark.phase_images import phase_image
from rsi.data.pictures import to_picture
from rsi.data.reading import read_picture
from rsi.log import tell
from rsi.methods.schedule import SPACES
from rsi.numerics.size import Size
from rsi.perceptual import PerceptualDistance
from rsi.results.folder import ResultFolder
from rsi.results.records import Row
from rsi.storage.atomic import atomic_path

TARGET = "target"
KEPT = "measured.json"


@dataclass(frozen=True)
class ImageScores:
    """What is measured of one image.

    Attributes:
        stem: The image's name without a suffix.
        final: Distances of the restored image to the clean one.
        fidelity: Perceptual distance of the truly degraded restoration to the target, by the method's own network.
        seconds: The image's share of the time of its batch.
        path: Distances to the clean image of the ``target`` and at the end of each phase.
    """

    stem: str
    final: Distances
    fidelity: float
    seconds: float
    path: dict[str, Distances]

    def value(self, name: str) -> float:
        """``accuracy``, ``psnr``, ``ssim``, ``fidelity`` or ``seconds``."""
        number: float = getattr(self if hasattr(self, name) else self.final, name)
        return number


@dataclass(frozen=True)
class Measurement:
    """What is measured of one method on one task.

    Attributes:
        method: The method's name.
        task: The task's id.
        images: The scores of the images that could be restored.
        pfid: The distance between random crops of restored and of clean images.
    """

    method: str
    task: str
    images: tuple[ImageScores, ...]
    pfid: float

    def mean(self, name: str) -> float:
        """The mean over the images of ``accuracy``, ``psnr``, ``ssim``, ``fidelity`` or ``seconds``."""
        return fmean(scores.value(name) for scores in self.images)


class Measurer:
    """Measures the results of runs, once; what was measured is kept in the run's folder.

    Args:
        clean: The clean images.
        judge: The perceptual distance of accuracy.
        patch_fid: The distance between crops.
        networks: What names the networks of both; where it changes, all is measured anew.
    """

    def __init__(
        self, clean: CleanImages, judge: PerceptualDistance, patch_fid: PatchFID, networks: Sequence[str]
    ) -> None:
        self._clean = clean
        self._judge = judge
        self._patch_fid = patch_fid
        self._networks = list(networks)
        self._clean_added = False

    def measure(self, method: str, task: str, targets: Path, names: Sequence[str], run: Path) -> Measurement | None:
        """Measure the results of a run.

        Args:
            method: The method's name.
            task: The task's id.
            targets: The folder of the targets.
            names: The targets' paths in it.
            run: The output folder of the run.

        Returns:
            The measurement, or ``None`` if no image could be restored.
        """
        wanted = frozenset(names)
        rows = [row for row in ResultFolder(run).rows() if row.is_done and row.file in wanted]
        if not rows:
            return None
        of = {"networks": self._networks, "results": {row.file: row.sha256 for row in rows}}
        kept = _read(run / KEPT)
        if kept is None or kept["of"] != of:
            images = [asdict(self._scores(row, targets, run)) for row in rows]
            kept = {"of": of, "images": images, "pfid": self._compare(rows, run)}
            with atomic_path(run / KEPT) as path:
                path.write_text(json.dumps(kept, indent=1))
        return Measurement(method, task, tuple(map(_image_scores, kept["images"])), kept["pfid"])

    def _scores(self, row: Row, targets: Path, run: Path) -> ImageScores:
        stem = _stem(row)
        clean = self._clean.read(stem)
        images = {TARGET: _enlarge(read_picture(targets / row.file).rgb, Size.of(clean))}
        for space in SPACES:
            path = phase_image(run, row.file, space)
            if path.is_file():
                images[space] = read_picture(path).rgb
        images["final"] = read_picture(run / row.output).rgb
        distances = dict(zip(images, measure([*images.values()], [clean] * len(images), self._judge), strict=True))
        return ImageScores(stem, distances.pop("final"), row.fidelity or 0.0, row.seconds or 0.0, distances)

    def _compare(self, rows: Sequence[Row], run: Path) -> float:
        if not self._clean_added:
            self._patch_fid.add_clean((stem, self._clean.read(stem)) for stem in self._clean.stems)
            self._clean_added = True
        return self._patch_fid.compare((_stem(row), read_picture(run / row.output).rgb) for row in rows)


def _stem(row: Row) -> str:
    return row.file.rpartition(".")[0]


def _enlarge(image: Tensor, size: Size) -> Tensor:
    """An image ``[3, h, w]`` resized by Pillow's bicubic filter."""
    if Size.of(image) == size:
        return image
    picture = to_picture(image).resize((size.width, size.height), Image.Resampling.BICUBIC)
    pixels = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
    return pixels.view(*size, 3).permute(2, 0, 1).float() / 255


def _read(path: Path) -> dict[str, Any] | None:
    """What was measured earlier; ``None`` if nothing was, or if the file is damaged, which is said."""
    if not path.is_file():
        return None
    try:
        kept: dict[str, Any] = json.loads(path.read_bytes())
        Measurement("", "", tuple(map(_image_scores, kept["images"])), float(kept["pfid"]))
        return {name: kept[name] for name in ("of", "images", "pfid")}
    except (ValueError, KeyError, TypeError, AttributeError):
        tell(f"{path} is damaged: the images are measured anew")
        return None


def _image_scores(values: dict[str, Any]) -> ImageScores:
    path = {name: Distances(**distances) for name, distances in values["path"].items()}
    return ImageScores(**{**values, "final": Distances(**values["final"]), "path": path})
