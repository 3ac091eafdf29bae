"""What a person takes away: the picture, the crops, or everything."""

import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image, ImageChops

from rsi.app.networks import domain_of
from rsi.app.pipeline import as_file
from rsi.app.run import Restored
from rsi.app.same import commands_of, python_of
from rsi.callbacks.base import RestoredTarget
from rsi.data.pictures import to_picture
from rsi.photos.photograph import Photograph, png
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
    picture = _write(folder / f"{stem}_restored.png", as_file(done.job.opened, done.parts, done.whole))
    crops = []
    for part, result in zip(done.parts, done.results, strict=True):
        crops.append(_write(folder / "restored" / f"{part.name}.png", png(to_picture(result.framed))))
        _write(folder / "cut" / f"{part.name}.png", png(part.before))
        _write(folder / "comparisons" / f"{part.name}.png", png(result.draw_path()))
        _write(folder / "latents" / f"{part.name}.safetensors", _latent(result))
    if done.job.known is not None:
        _write(folder / "masks" / f"{stem}.png", png(done.job.known.convert("RGB")))
        _write(folder / "holes" / f"{stem}.png", _with_holes(done.job.opened.photo, done.job.known))
    domain = domain_of(done.job.asked.generator)
    _write(folder / "again.sh", f"{commands_of(done.job, domain)}\n".encode())
    _write(folder / "again.py", f"{python_of(done.job, domain)}\n".encode())
    return Files(picture, crops[0], _zipped(folder, stem))


def _write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


def _with_holes(photo: Photograph, known: Image.Image) -> bytes:
    """The photograph with transparent holes, as ``rsi restore`` takes it."""
    alpha = known if photo.alpha is None else ImageChops.darker(known, photo.alpha)
    return replace(photo, alpha=alpha).with_colours(photo.picture)


def _latent(result: RestoredTarget) -> bytes:
    return tensor_bytes(dict(result.latent), dict(result.latent_facts))


def _zipped(folder: Path, stem: str) -> Path:
    written = sorted(path for path in folder.rglob("*") if path.is_file())
    everything = folder / f"{stem}.zip"
    with zipfile.ZipFile(everything, "w") as archive:
        for path in written:
            archive.write(path, path.relative_to(folder))
    return everything
