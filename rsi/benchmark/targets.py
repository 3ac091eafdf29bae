"""Degraded images as the files that a user would have."""

from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from rsi.benchmark.clean import CleanImages
from rsi.benchmark.tasks import Task
from rsi.data.pictures import encoded, to_picture
from rsi.degradations import Inpainting, parse_degradation
from rsi.numerics.randomness import ImageRandom, image_seed
from rsi.numerics.size import Size
from rsi.storage.atomic import atomic_path


def make_targets(task: Task, clean: CleanImages, folder: Path) -> list[str]:
    """Degrade images with the true operators of a task.

    The last stage decides what file a target is: a JPEG is what libjpeg wrote, what inpainting left is a PNG that is
    transparent in the holes, all else a PNG. Random numbers depend on the image's name and the task alone. Files appear
    whole; those that are there are left as they are.

    Args:
        task: How the images are degraded.
        clean: The images.
        folder: Where the targets go.

    Returns:
        The targets' paths in the folder, in the order of the images.

    Raises:
        InputError: An image cannot be read or has another size than the generator's.
    """
    names = [f"{stem}{task.suffix}" for stem in clean.stems]
    for stem, name in zip(clean.stems, names, strict=True):
        if not (folder / name).exists():
            with atomic_path(folder / name) as path:
                write_target(task, clean.read(stem), stem, path)
    return names


@torch.no_grad()
def write_target(task: Task, clean: Tensor, stem: str, path: Path) -> None:
    """Degrade one image ``[3, H, W]`` in [0, 1] and write it; ``stem`` seeds the random numbers."""
    random = ImageRandom([image_seed(stem, 0)], task.id)
    *earlier, last = task.stages
    x = clean.unsqueeze(0)
    for stage in earlier:
        x = parse_degradation(stage).degrade(x, random)
    if task.ends_as_jpeg:
        path.write_bytes(encoded(to_picture(x[0]), "JPEG", quality=_quality(last)))
    elif task.draw_known is not None:
        known = task.draw_known(random, Size.of(x))
        picture = to_picture(Inpainting(known).degrade(x, random)[0])
        picture.putalpha(Image.fromarray((known[0, 0] * 255).to(torch.uint8).numpy()))
        picture.save(path, "PNG")
    else:
        to_picture(parse_degradation(last).degrade(x, random)[0]).save(path, "PNG")


def _quality(stage: str) -> int:
    return int(stage.rpartition("=")[2])
