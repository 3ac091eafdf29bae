from pathlib import Path

import pytest
import torch
from PIL import Image

from rsi.generators import Architecture, Generator, save_generator
from rsi.log import tell_once
from rsi.pictures import to_picture

TINY = Architecture(z_dim=8, c_dim=0, w_dim=8, img_resolution=32, mapping_layers=2, channel_base=256, channel_max=16)


@pytest.fixture(autouse=True)
def _nothing_told_yet() -> None:
    """Every test sees the lines that a process prints once."""
    tell_once.cache_clear()


@pytest.fixture(scope="session")
def tiny_generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small random generator of 32 px, as a file."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        generator = Generator(TINY)
    path = tmp_path_factory.mktemp("generator") / "tiny.safetensors"
    save_generator(generator, path)
    return path


@pytest.fixture
def jpeg_folder(tmp_path: Path) -> Path:
    """Three JPEG targets of 32 px, of two qualities."""
    folder = tmp_path / "targets"
    folder.mkdir()
    images = torch.rand(3, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    for name, image, quality in zip("abc", images, (30, 30, 60), strict=True):
        picture = to_picture(image).resize((32, 32), Image.Resampling.BICUBIC)
        picture.save(folder / f"{name}.jpg", quality=quality)
    return folder
