"""Tensors as pictures that a person looks at."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from rsi.numerics.size import Size
from rsi.results.layout import CAPTIONS

CAPTION_HEIGHT = 16
GAP = 4


def to_picture(image: Tensor) -> Image.Image:
    """An 8-bit RGB picture of an image ``[3, H, W]`` in [0, 1]; values outside are clamped."""
    pixels = (image.detach().float().clamp(0, 1) * 255).round().byte().cpu()
    return Image.fromarray(np.ascontiguousarray(pixels.permute(1, 2, 0).numpy()))


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:  # noqa: ANN401 - as Pillow's
    """The content of a picture's file.

    Pillow itself, which writes JPEG, TIFF and BMP, does not notice when a full disk takes but a part of it.
    """
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def to_map(values: Tensor, known: Tensor) -> Image.Image:
    """A grey picture, 8 bits, of values ``[H, W]`` in [0, 1], transparent where ``known`` ``[H, W]`` is 0."""
    layers = (torch.stack([values.detach().float(), known.float()]).clamp(0, 1) * 255).round().byte().cpu()
    grey, alpha = (Image.fromarray(np.ascontiguousarray(layer.numpy())) for layer in layers)
    return Image.merge("LA", (grey, alpha))


def side_by_side(images: Sequence[Tensor], captions: Sequence[str], side: int) -> Image.Image:
    """Images ``[3, h, w]`` in [0, 1] of one shape with captions, brought to ``side`` pixels as by :func:`in_a_row`."""
    return in_a_row([to_picture(image) for image in images], captions, side)


def in_a_row(pictures: Sequence[Image.Image], captions: Sequence[str], side: int) -> Image.Image:
    """Pictures of one shape, the longer side of each brought to ``side`` pixels, in a row with captions.

    Small ones are enlarged without smoothing.

    The captions are in ``info`` too, for :func:`split_row`.
    """
    tile = Size(pictures[0].height, pictures[0].width).within(side)
    sheet = Image.new("RGB", ((tile.width + GAP) * len(pictures) - GAP, tile.height + CAPTION_HEIGHT), "white")
    sheet.info[CAPTIONS] = "\n".join(captions)
    draw = ImageDraw.Draw(sheet)
    for index, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        left = index * (tile.width + GAP)
        sheet.paste(_to_size(picture, tile), (left, CAPTION_HEIGHT))
        draw.text((left + 2, 2), caption, fill="black", font=ImageFont.load_default(11))
    return sheet


def split_row(sheet: Image.Image) -> list[tuple[str, Image.Image]]:
    """Captions and images of a picture that :func:`side_by_side` has drawn; numbered where it has no captions.

    A row without captions is taken for one of squares.
    """
    height = sheet.height - CAPTION_HEIGHT
    if height <= 0:
        return []
    captions = str(sheet.info.get(CAPTIONS, "")).split("\n")
    if CAPTIONS not in sheet.info or (sheet.width + GAP) % len(captions):
        count = (sheet.width + GAP) // (height + GAP)
        captions = ["target", *(f"phase {index}" for index in range(1, count))][:count]
    width = (sheet.width + GAP) // max(len(captions), 1) - GAP
    boxes = (
        (left, CAPTION_HEIGHT, left + width, sheet.height)
        for left in range(0, len(captions) * (width + GAP), width + GAP)
    )
    return list(zip(captions, map(sheet.crop, boxes), strict=True))


def stack(sheets: Sequence[Image.Image]) -> Image.Image:
    """Pictures of one width below each other."""
    sheet = Image.new("RGB", (sheets[0].width, sum(part.height for part in sheets)), "white")
    top = 0
    for part in sheets:
        sheet.paste(part, (0, top))
        top += part.height
    return sheet


def _to_size(picture: Image.Image, size: Size) -> Image.Image:
    resample = Image.Resampling.LANCZOS if picture.width > size.width else Image.Resampling.NEAREST
    return picture.resize((size.width, size.height), resample)
