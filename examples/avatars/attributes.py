"""What a latent vector says about a face: the choices and colours of its drawing."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

Z_DIM = 64
RESOLUTION = 128

CHOICES: dict[str, tuple[str, ...]] = {
    "hair": ("sideComed", "undercut", "spiky", "bun"),
    "rearHair": ("none", "longStraight", "longWavy", "shoulderHigh", "neckHigh"),
    "beard": ("none", "none", "none", "moustacheTwirl", "fullBeard", "chin", "chinMoustache", "longBeard"),
    "eyebrows": ("raised", "angry", "happy", "sad", "neutral"),
    "eyes": ("happy", "wide", "bow", "humble", "wink"),
    "mouth": ("laugh", "angry", "agape", "smile", "sad"),
    "clothes": ("turtleNeck", "openJacket", "dress", "shirt", "tShirt"),
}
NAMES = {part: tuple(dict.fromkeys(names)) for part, names in CHOICES.items()}
PAINTED = ("skin", "hair", "clothes", "background")

_SKIN = ("f6d3bb", "f1c3a5", "c68e7a", "a36b4f", "5c3829")
_HAIR = ("1d1210", "2c1b18", "724133", "a55728", "b58143", "d6b370", "c9c4bf")
_SPLITS = [len(names) for names in CHOICES.values()]


def draw_latents(count: int, first: int = 0) -> Tensor:
    """Latent vectors ``[count, 64]`` of unit mean square, those numbered from ``first`` in an endless list of faces."""
    generators = [torch.Generator().manual_seed(number) for number in range(first, first + count)]
    return normalise(torch.stack([torch.randn(Z_DIM, generator=generator) for generator in generators]))


def normalise(z: Tensor) -> Tensor:
    """Latent vectors ``[..., 64]`` scaled to unit mean square, as a mapping network does (Karras et al. 2019)."""
    return z * (z.square().mean(-1, keepdim=True) + 1e-8).rsqrt()


def choices(z: Tensor) -> Tensor:
    """The choice made for every part of the drawing, ``[N, 7]``, as indices into ``NAMES``.

    A choice is the largest of the part's group of numbers in ``z``, ``[N, 64]``; who has rear hair has no beard.
    """
    groups = torch.split(z[:, : sum(_SPLITS)], _SPLITS, dim=1)
    picked = []
    for names, distinct, group in zip(CHOICES.values(), NAMES.values(), groups, strict=True):
        picked.append(torch.tensor([distinct.index(name) for name in names])[group.argmax(1)])
    rear_hair, beard = list(CHOICES).index("rearHair"), list(CHOICES).index("beard")
    picked[beard] = torch.where(picked[rear_hair] > 0, 0, picked[beard])
    return torch.stack(picked, dim=1)


def colours(z: Tensor) -> Tensor:
    """The colours of skin, hair, clothes and background, ``[N, 4, 3]``, RGB in [0, 1]."""
    u = torch.special.ndtr(z[:, sum(_SPLITS) :])
    clothes = _hsv(u[:, 2], 0.25 + 0.6 * u[:, 3], 0.25 + 0.65 * u[:, 4])
    background = _hsv(u[:, 5], 0.1 + 0.4 * u[:, 6], 0.55 + 0.42 * u[:, 7])
    return torch.stack([_along(_SKIN, u[:, 0]), _along(_HAIR, u[:, 1]), clothes, background], dim=1)


def describe(z: Tensor) -> Tensor:
    """All that there is to know about the faces of ``z``, ``[N, 47]``: one-hot choices, then colours in [0, 1]."""
    picked = choices(z).unbind(1)
    one_hot = [F.one_hot(index, len(names)) for index, names in zip(picked, NAMES.values(), strict=True)]
    return torch.cat([*one_hot, colours(z).flatten(1)], dim=1)


def to_options(z: Tensor) -> list[dict[str, Any]]:
    """The options with which DiceBear draws the faces of latent vectors ``[N, 64]``."""
    rgb = (colours(z) * 255).round().to(torch.uint8)
    return [_options(c, p) for c, p in zip(choices(z).tolist(), rgb.tolist(), strict=True)]


def _options(picked: Sequence[int], paints: Sequence[Sequence[int]]) -> dict[str, Any]:
    options: dict[str, Any] = {"size": RESOLUTION}
    for index, (part, names) in zip(picked, NAMES.items(), strict=True):
        drawn = names[index] != "none"
        options |= {part: [names[index]], f"{part}Probability": 100} if drawn else {f"{part}Probability": 0}
    return options | {f"{name}Color": [bytes(paint).hex()] for name, paint in zip(PAINTED, paints, strict=True)}


def _along(stops: Sequence[str], position: Tensor) -> Tensor:
    """Colours ``[N, 3]`` at positions ``[N]`` in [0, 1] along a line through ``stops``."""
    points = torch.tensor([list(bytes.fromhex(stop)) for stop in stops]) / 255
    scaled = position * (len(stops) - 1)
    index = scaled.long().clamp(max=len(stops) - 2)
    return torch.lerp(points[index], points[index + 1], (scaled - index).unsqueeze(1))


def _hsv(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    """RGB ``[N, 3]`` of hue, saturation and value, each ``[N]`` in [0, 1]."""
    k = (6 * hue.unsqueeze(1) + torch.tensor([5, 3, 1])) % 6
    share = torch.minimum(k, 4 - k).clamp(0, 1)
    return value.unsqueeze(1) * (1 - saturation.unsqueeze(1) * share)
