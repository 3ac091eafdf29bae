"""What a person takes away: the picture, the crops, or everything."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

from rsi.app.pipeline import as_file
from rsi.app.run import Restored
from rsi.app.same import commands_of, python_of
from rsi.callbacks.base import RestoredTarget
from rsi.data.pictures import to_picture
from rsi.photos.photograph import png
from rsi.storage.tensor_file import tensor_bytes


@dataclass(frozen=True)
class Files:
    """Where the files of a restored photograph are.

    Attributes:
        picture: The whole picture.
        crop: What the generator drew; of several faces the first.
        everything: These, what they were made from, latents, and how to do it again, as a zip file.
    """

    picture: Path
    crop: Path
    everything: Path


def write_files(folder: Path, done: Restored) -> Files:
    """Write the files of a restored photograph to a folder of its own."""
    folder.mkdir(parents=True)
    stem = done.job.opened.path.stem
    picture = folder / f"{stem}_restored.png"
    picture.write_bytes(as_file(done.job.opened, done.parts, done.whole))
    crops = []
    for part, result in zip(done.parts, done.results, strict=True):
        crop, cut = folder / f"{part.name}_crop.png", folder / f"{part.name}_cut.png"
        crop.write_bytes(png(to_picture(result.framed)))
        cut.write_bytes(png(part.before))
        result.draw_path().save(folder / f"{part.name}_path.png")
        (folder / f"{part.name}.safetensors").write_bytes(_latent(result))
        crops.append(crop)
    if done.job.known is not None:
        (folder / "masks").mkdir()
        done.job.known.save(folder / "masks" / f"{stem}.png")
    resolution = done.results[0].image.shape[-1]
    (folder / "again.sh").write_text(commands_of(done.job, resolution) + "\n", encoding="utf-8")
    (folder / "again.py").write_text(python_of(done.job, resolution) + "\n", encoding="utf-8")
    return Files(picture, crops[0], _zipped(folder, stem))


def _latent(result: RestoredTarget) -> bytes:
    return tensor_bytes(dict(result.latent), dict(result.latent_facts))


def _zipped(folder: Path, stem: str) -> Path:
    written = sorted(path for path in folder.rglob("*") if path.is_file())
    everything = folder / f"{stem}.zip"
    with zipfile.ZipFile(everything, "w") as archive:
        for path in written:
            archive.write(path, path.relative_to(folder))
    return everything
