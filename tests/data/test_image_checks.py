from typing import Any

import numpy as np
import pytest
import torch

from rsi.data.image_checks import check_images, check_measured
from rsi.errors import InputError
from rsi.numerics.size import Size

IMAGES = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
def test_square_images_from_0_to_1_of_any_float_are_taken(dtype: torch.dtype) -> None:
    check_images(IMAGES.to(dtype))
    check_images(IMAGES.to(dtype), Size.square(8))
    check_images(IMAGES.clone().requires_grad_() * 1.003)


WRONG: dict[str, tuple[Any, str]] = {
    "0 to 255": (IMAGES * 255, "the images have values from .* to 25[0-9.]+: divide them by 255: give a tensor"),
    "-1 to 1": (
        IMAGES * 2 - 1,
        r"from -0\.[0-9]+ to 0\.[0-9]+: images / 2 \+ 0\.5 if they are meant to be in \[-1, 1\]",
    ),
    "16 bits": (IMAGES * 65535, "the images have values from .* to 6[0-9.e+]+: give a tensor"),
    "below 0": (IMAGES - 3, r"from -[0-9.]+ to -[0-9.]+: give a tensor \[B, 3, h, w\] of floats in \[0, 1\]"),
    "NaN": (IMAGES.where(IMAGES > 0.5, torch.nan), "[0-9]+ of the 384 values of the images are NaN or infinite"),
    "one NaN": (IMAGES.index_fill(0, torch.tensor(1), torch.nan), "192 of the 384 values"),
    "infinite": (IMAGES / 0, "384 of the 384 values of the images are NaN or infinite"),
    "uint8": ((IMAGES * 255).byte(), "the images are torch.uint8 with values from 0 to 25[0-9]: divide them by 255"),
    "int64": ((IMAGES * 255).long(), "the images are torch.int64 with values from 0 to 25[0-9]: give a tensor"),
    "bool": (IMAGES > 0.5, "the images are torch.bool with values from 0 to 1: give a tensor"),
    "complex": (IMAGES * 1j, r"the images are \[2, 3, 8, 8\] torch.complex64: give a tensor"),
    "one image": (IMAGES[0], r"the images are \[3, 8, 8\] torch.float32, one without a batch: images\[None\]"),
    "channels last": (
        IMAGES.permute(0, 2, 3, 1),
        r"\[2, 8, 8, 3\] torch.float32, with the channels last: images.permute",
    ),
    "grey": (IMAGES[:, :1], r"the images are \[2, 1, 8, 8\] torch.float32, grey: images.expand\(-1, 3, -1, -1\)"),
    "alpha": (torch.rand(1, 4, 8, 8), r"the images are \[1, 4, 8, 8\] torch.float32: give a tensor"),
    "video": (torch.rand(1, 2, 3, 8, 8), r"the images are \[1, 2, 3, 8, 8\] torch.float32: give a tensor"),
    "number": (torch.tensor(0.5), r"the images are \[\] torch.float32: give a tensor"),
    "no image": (IMAGES[:0], r"the images are \[0, 3, 8, 8\], there is none"),
    "no pixel": (torch.rand(1, 3, 0, 0), r"the images are \[1, 3, 0, 0\], there is none"),
    "no integer": (IMAGES[:0].byte(), "the images are torch.uint8 with values of no pixel"),
    "NumPy": (np.zeros((1, 3, 8, 8)), r"the images are a ndarray: give a tensor \[B, 3, h, w\]"),
    "list": ([IMAGES], "the images are a list: give a tensor"),
    "nothing": (None, "the images are a NoneType: give a tensor"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_batch_of_images_is_refused_with_what_was_seen(name: str) -> None:
    given, message = WRONG[name]
    with pytest.raises(InputError, match=message):
        check_images(given)


def test_images_of_another_side_are_refused() -> None:
    with pytest.raises(InputError, match="the images are 8x8: give 16x16 for this degradation and generator"):
        check_images(IMAGES, Size.square(16))


def test_images_of_another_shape_are_refused() -> None:
    check_images(IMAGES, like=Size.square(64))
    check_images(torch.rand(1, 3, 4, 8), like=Size(32, 64))
    with pytest.raises(InputError, match="the images are 8x4: give square ones"):
        check_images(torch.rand(1, 3, 4, 8), like=Size.square(64))
    with pytest.raises(InputError, match="the images are 8x8: give ones of the generator's shape, 32x64"):
        check_images(IMAGES, like=Size(64, 32))


def test_inference_mode_is_refused() -> None:
    with torch.inference_mode(), pytest.raises(InputError, match=r"call it outside torch\.inference_mode\(\)"):
        check_images(IMAGES)


def test_measurements_are_of_any_shape_and_range_but_finite_numbers() -> None:
    check_measured(torch.randn(2, 7) * 100)
    check_measured(torch.randn(2, 7, dtype=torch.complex64))
    with pytest.raises(InputError, match="1 of the 2 values of the images are NaN or infinite"):
        check_measured(torch.tensor([1.0, torch.inf]))
