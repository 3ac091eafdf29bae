from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import UNet2DModel
from PIL import Image

from rsi import Phase, Restoration
from rsi.data.pictures import to_picture

SavePrior = Callable[..., Path]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Statistics of latent spaces are measured anew in every test."""
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path / "hub"))


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder in which a program is started, where Lightning's logs go."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def module(tiny_generator: Path) -> Restoration:
    """Restores the folder of JPEG files in a few steps."""
    schedule = [Phase("W", 3, 0.08), Phase("W+", 2, 0.02), Phase("W++", 2, 0.005)]
    return Restoration(str(tiny_generator), "jpeg", "embedded", schedule)


@pytest.fixture(scope="session")
def save_prior(tmp_path_factory: pytest.TempPathFactory) -> SavePrior:
    """Saves small random networks as folders."""

    def save(**settings: Any) -> Path:
        blocks = {"down_block_types": ("DownBlock2D",) * 2, "up_block_types": ("UpBlock2D",) * 2}
        sizes = {"sample_size": 32, "block_out_channels": (8, 8), "layers_per_block": 1, "norm_num_groups": 4}
        with torch.random.fork_rng():
            torch.manual_seed(0)
            unet = UNet2DModel(**{**blocks, **sizes, "attention_head_dim": 4, **settings})
        folder: Path = tmp_path_factory.mktemp("prior")
        unet.save_pretrained(folder)
        return folder

    return save


@pytest.fixture(scope="session")
def tiny_prior(save_prior: SavePrior) -> Path:
    """A small random diffusion prior of 32 px, as a folder."""
    return save_prior()


@pytest.fixture
def png_folder(tmp_path: Path) -> Path:
    """Three targets of 32 px with a transparent hole."""
    folder = tmp_path / "png_targets"
    folder.mkdir()
    images = torch.rand(3, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    for name, image in zip("abc", images, strict=True):
        picture = to_picture(image).resize((32, 32), Image.Resampling.BICUBIC)
        picture.putalpha(255)
        picture.paste((0, 0, 0, 0), (4, 4, 20, 12))
        picture.save(folder / f"{name}.png")
    return folder
