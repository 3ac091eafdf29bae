"""Realism: the Frechet distance between random crops of restored and of clean images."""

import math
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance, NoTrainInceptionV3

from rsi.errors import InputError
from rsi.numerics.randomness import ImageRandom, image_seed
from rsi.numerics.size import Size
from rsi.perceptual import JudgeDistance
from rsi.storage.download import fetch
from rsi.storage.published import INCEPTION

DOWNLOAD = "download"
CROPS_AT_ONCE = 250


def crop_plan(resolution: Size) -> tuple[int, int]:
    """How many crops are taken of an image and their side in pixels.

    1000 of 128 px at 1024 and 250 of 64 px at 256 are the paper's; ``1000 R / 1024`` crops of
    ``128 sqrt(R / 1024)`` px fit both and give the other sizes; ``R`` is the root of the number of pixels.
    """
    side = math.sqrt(resolution.height * resolution.width)
    return round(1000 * side / 1024), min(round(128 * (side / 1024) ** 0.5), *resolution)


def random_crops(image: Tensor, name: str) -> Tensor:
    """Crops of an image ``[3, H, W]`` in [0, 1] at places that its name seeds, ``[crops, 3, side, side]``, 8 bits."""
    count, side = crop_plan(Size.of(image))
    room = torch.tensor(image.shape[-2:]) - side + 1
    places = ImageRandom([image_seed(name, 0)], "crops").uniform((count, 2))[0] * room
    pixels = (image.clamp(0, 1) * 255).round().byte()
    return torch.stack([pixels[:, y : y + side, x : x + side] for y, x in places.long().tolist()])


class JudgeFeatures(nn.Module):
    """The 96 features of the judge of drawings, of 8-bit images: ``[B, 3, H, W]`` to ``[B, 96]``."""

    num_features = 96

    def __init__(self) -> None:
        super().__init__()
        self.network = JudgeDistance()

    def forward(self, crops: Tensor) -> Tensor:
        """The features, ``[B, 96]``."""
        return self.network.describe(crops.float() / 255)


def find_inception(given: str | None) -> Path | None:
    """The file of Inception's weights: the one given, or the one in torch's cache if there is any.

    Args:
        given: Its path, or ``download`` to have it in the cache.

    Raises:
        InputError: The one given does not exist, or the one in the cache has other content.
    """
    if given is not None and given != DOWNLOAD:
        path = Path(given)
        if not path.is_file():
            raise InputError(
                f"{path} does not exist: give the path of torch-fidelity's {INCEPTION.path.name}, or {DOWNLOAD}"
            )
        return path
    if given is None and not INCEPTION.path.is_file():
        return None
    return fetch(INCEPTION.url, INCEPTION.sha256, size=INCEPTION.size)


def load_features(inception: Path | None) -> nn.Module:
    """Inception's 2048 features, or without its weights those of the judge of drawings.

    Raises:
        InputError: The file has no such weights.
    """
    if inception is None:
        return JudgeFeatures()
    try:
        torch.load(inception, map_location="cpu", weights_only=True)  # torch-fidelity itself would run what is in it
        return NoTrainInceptionV3("inception-v3-compat", ["2048"], str(inception))
    except Exception as error:  # a file of another kind fails in nearly any way
        raise InputError(
            f"{inception} is not torch-fidelity's {INCEPTION.path.name}: {str(error).splitlines()[0]}"
        ) from None


class PatchFID:
    """The Frechet distance between random crops (RSI, section 5; Chai et al. 2022), on torchmetrics' FID.

    The crops of a restored image are where those of the clean one are.

    Args:
        features: Maps 8-bit crops ``[B, 3, side, side]`` to ``[B, features]``.
        device: Where they are computed.
    """

    def __init__(self, features: nn.Module, device: torch.device | str = "cpu") -> None:
        self._device = torch.device(device)
        self._fid = FrechetInceptionDistance(features, reset_real_features=False).to(self._device)

    @torch.no_grad()
    def add_clean(self, images: Iterable[tuple[str, Tensor]]) -> None:
        """Take in the clean images, names and ``[3, R, R]`` in [0, 1]."""
        self._add(images, real=True)

    @torch.no_grad()
    def compare(self, images: Iterable[tuple[str, Tensor]]) -> float:
        """The distance of restored images, names and ``[3, R, R]`` in [0, 1], to the clean ones; at least 0."""
        self._fid.reset()
        self._add(images, real=False)
        return max(float(self._fid.compute()), 0.0)

    def _add(self, images: Iterable[tuple[str, Tensor]], *, real: bool) -> None:
        for name, image in images:
            for crops in torch.split(random_crops(image, name), CROPS_AT_ONCE):
                self._fid.update(crops.to(self._device), real=real)
