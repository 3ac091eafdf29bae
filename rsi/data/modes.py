"""Pixels of every Pillow mode as tensors."""

import numpy as np
import torch
from PIL import Image, ImageCms
from torch import Tensor

_BITS_PER_SAMPLE, _PHOTOMETRIC, _WHITE_IS_ZERO = 258, 262, 0  # TIFF 6.0 tags


def to_tensors(image: Image.Image) -> tuple[Tensor, Tensor | None]:
    """The colours of a loaded image, and its alpha channel if it has one.

    Grey images of 12 and 16 bits, integers and floats keep their precision. Floats may reach to 1, 255 or
    65535: the smallest that holds them all is white.

    Returns:
        RGB ``[3, H, W]`` and alpha ``[1, H, W]``, float32 in [0, 1].

    Raises:
        ValueError: Samples are not finite or lie outside [0, 65535], or Pillow cannot turn the mode to RGB.
    """
    if image.mode[0] in "IF":
        return _deep_gray(image)
    if image.mode == "LAB":
        return _bytes_to_tensor(_lab_to_rgb(image)), None
    if not image.has_transparency_data:
        return _bytes_to_tensor(image.convert("RGB")), None
    straight = image.convert("LA") if image.mode == "La" else image
    rgba = _bytes_to_tensor(straight.convert("RGBA"))
    return rgba[:3], rgba[3:]


def _bytes_to_tensor(image: Image.Image) -> Tensor:
    pixels = torch.from_numpy(np.array(image))
    return pixels.permute(2, 0, 1).to(torch.float32, memory_format=torch.contiguous_format).div_(255)


def _lab_to_rgb(image: Image.Image) -> Image.Image:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    if converted is None:
        raise ValueError("LAB colours could not be turned to RGB")
    return converted


def _deep_gray(image: Image.Image) -> tuple[Tensor, Tensor | None]:
    samples = np.array(image)
    low, high = float(samples.min()), float(samples.max())
    if not (low >= 0 and high <= 65535):  # written so that NaN fails
        raise ValueError(f"samples reach from {low:g} to {high:g}, only 0 to 65535 can be read")
    gray = torch.from_numpy(samples.astype(np.float32)).div(_white(image, high))
    if image.mode.startswith("I;16") and _tiff_tag(image, _PHOTOMETRIC) == _WHITE_IS_ZERO:
        gray = 1 - gray
    hole = image.info.get("transparency")
    alpha = None if hole is None else torch.from_numpy(samples != hole).float()[None]
    return gray.expand(3, -1, -1).contiguous(), alpha


def _white(image: Image.Image, high: float) -> float:
    if image.mode == "F":
        return next(white for white in (1.0, 255.0, 65535.0) if high <= white)
    return 4095.0 if _tiff_tag(image, _BITS_PER_SAMPLE) == (12,) else 65535.0


def _tiff_tag(image: Image.Image, tag: int) -> object:
    return getattr(image, "tag_v2", {}).get(tag)
