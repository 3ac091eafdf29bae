from pathlib import Path

import numpy as np
import pytest
import torch
from damages import Damage
from photographs import photograph
from PIL import Image
from torch import Tensor

from rsi.data.reading import read_picture
from rsi.degradations import draw_strokes, parse_degradation
from rsi.estimation.evidence import Evidence, evidence_of
from rsi.numerics.randomness import ImageRandom
from rsi.numerics.size import Size

CLEAN = Path(__file__).parents[2] / "examples" / "clean"
PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "rocket")


@pytest.fixture(scope="session")
def sharp_images() -> list[Tensor]:
    """Drawings of 128 px and photographs of 256 px, [1, 3, side, side] each."""
    drawings = [read_picture(path).rgb for path in sorted(CLEAN.glob("*.png"))[:3]]
    return [image[None] for image in (*drawings, *map(_square, PHOTOGRAPHS))]


def _square(name: str) -> Tensor:
    picture = photograph(name)
    side = min(picture.size)
    small = picture.crop((0, 0, side, side)).resize((256, 256), Image.Resampling.LANCZOS)
    return torch.from_numpy(np.array(small)).permute(2, 0, 1).float() / 255


@pytest.fixture(scope="session")
def damaged(sharp_images: list[Tensor]) -> Damage:
    """Damages all images as a text says, then draws black strokes."""

    def damage(text: str, strokes: int = 0) -> list[Evidence]:
        return [_damage(image, text, strokes, seed) for seed, image in enumerate(sharp_images)]

    return damage


def _damage(image: Tensor, text: str, strokes: int, seed: int) -> Evidence:
    random = ImageRandom([seed], "damage")
    degraded = parse_degradation(text).degrade(image, random) if text else image
    degraded = degraded * draw_strokes(random, Size.of(degraded), strokes)
    return evidence_of(degraded[0])
