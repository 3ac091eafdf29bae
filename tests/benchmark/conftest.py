from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image

from rsi.data.pictures import to_picture


@pytest.fixture
def clean_folder(tmp_path: Path) -> Callable[[int], Path]:
    """Makes a folder of three clean images of a side in pixels."""

    def make(side: int) -> Path:
        folder = tmp_path / f"clean-{side}"
        (folder / "sub").mkdir(parents=True)
        images = torch.rand(3, 3, 4, 4, generator=torch.Generator().manual_seed(0))
        for name, image in zip(("a.png", "b.png", "sub/c.png"), images, strict=True):
            to_picture(image).resize((side, side), Image.Resampling.BICUBIC).save(folder / name)
        return folder

    return make
