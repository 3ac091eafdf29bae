"""Whether tensors that a user gives are images."""

from typing import Any

import torch
from torch import Tensor

from rsi.errors import InputError
from rsi.numerics.size import Size

ROUNDING = 1 / 255  # what rounding may add to values in [0, 1]
WANTED = "give a tensor [B, 3, h, w] of floats in [0, 1]"


def check_measured(measured: Any) -> None:  # noqa: ANN401 - whatever a user gives
    """Make sure that something is a batch of finite numbers.

    Args:
        measured: What should be a tensor ``[B, ...]``, floating-point or complex.

    Raises:
        InputError: It is not, or the caller is inside ``torch.inference_mode``.
    """
    if torch.is_inference_mode_enabled():
        raise InputError("a restoration follows gradients: call it outside torch.inference_mode()")
    if not isinstance(measured, Tensor):
        raise InputError(f"the images are a {type(measured).__name__}: {WANTED}")
    if not (measured.is_floating_point() or measured.is_complex()):
        scale = ": divide them by 255" if measured.dtype == torch.uint8 else ""
        raise InputError(f"the images are {measured.dtype} with values {_range(measured)}{scale}: {WANTED}")
    if not measured.numel():
        raise InputError(f"the images are {list(measured.shape)}, there is none: {WANTED}")
    if not measured.isfinite().all():
        bad = int((~measured.isfinite()).sum())
        raise InputError(f"{bad} of the {measured.numel()} values of the images are NaN or infinite: {WANTED}")


def check_images(images: Any, size: Size | None = None, *, like: Size | None = None) -> None:  # noqa: ANN401
    """Make sure that something is a batch of images as rsi has them.

    Args:
        images: What should be ``[B, 3, h, w]`` in [0, 1].
        size: The size that they have to have; ``None`` for any.
        like: A size whose shape they have to have; ``None`` for any.

    Raises:
        InputError: It is not, or the caller is inside ``torch.inference_mode``.
    """
    check_measured(images)
    shape = list(images.shape)
    if images.ndim != 4 or shape[1] != 3 or images.is_complex():
        raise InputError(f"the images are {shape} {images.dtype}{_mended(shape)}: {WANTED}")
    own = Size.of(images)
    if size not in (None, own):
        raise InputError(f"the images are {own}: give {size} for this degradation and generator")
    if like is not None and not own.is_like(like):
        wanted = "square ones" if like.height == like.width else f"ones of the generator's shape, {like}"
        raise InputError(f"the images are {own}: give {wanted}")
    low, high = (value.item() for value in images.detach().aminmax())
    if low < -ROUNDING or high > 1 + ROUNDING:
        raise InputError(f"the images have values {_range(images)}{_rescaled(low, high)}: {WANTED}")


def _mended(shape: list[int]) -> str:
    if len(shape) == 3 and shape[0] == 3:
        return ", one without a batch: images[None]"
    if len(shape) == 4 and shape[3] == 3:
        return ", with the channels last: images.permute(0, 3, 1, 2)"
    if len(shape) == 4 and shape[1] == 1:
        return ", grey: images.expand(-1, 3, -1, -1)"
    return ""


def _rescaled(low: float, high: float) -> str:
    if low >= 0 and 2 < high <= 255:
        return ": divide them by 255"
    if low >= -1 and high <= 1:
        return ": images / 2 + 0.5 if they are meant to be in [-1, 1]"
    return ""


def _range(values: Tensor) -> str:
    if not values.numel():
        return "of no pixel"
    low, high = values.detach().aminmax()
    return f"from {low.item():.4g} to {high.item():.4g}"
