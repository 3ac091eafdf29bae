"""What state dicts of generators can lack, made up."""

from collections.abc import Mapping

import torch
from torch import Tensor

from rsi.generators.resample import resample_filter
from rsi.numerics.randomness import ImageRandom

MEAN = "w_avg"
NO_MEAN = "not in the file: computed from random codes"


def add_missing(tensors: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors by NVIDIA's names with filters and constant noise, and what was assumed.

    Constant noise does not belong to the weights of most programs, so that it can be missing, or another network's
    after a load that was not strict. It is drawn, always the same.

    Args:
        tensors: The tensors of the file; a mean code that is missing becomes zeros.
    """
    whole, drawn = dict(tensors), 0
    for name in [name.removesuffix("weight") for name in tensors if name.endswith(("conv0.weight", "conv1.weight"))]:
        side = int(name.split(".")[1].removeprefix("b"))
        noise = tensors.get(f"{name}noise_const")
        if noise is None or noise.shape != (side, side):
            whole[f"{name}noise_const"] = _noise(name, side)
            drawn += 1
        whole.setdefault(f"{name}resample_filter", resample_filter())
    for name in [name.removesuffix("torgb.weight") for name in tensors if name.endswith(".torgb.weight")]:
        whole.setdefault(f"{name}resample_filter", resample_filter())
    assumed = (
        {"noise": f"not in the file, or of other sizes, in {drawn} layers: drawn, always the same"} if drawn else {}
    )
    if "mapping.w_avg" not in tensors and "mapping.fc0.bias" in tensors:
        whole["mapping.w_avg"] = torch.zeros_like(tensors["mapping.fc0.bias"])
        assumed[MEAN] = NO_MEAN
    return whole, assumed


def _noise(name: str, side: int) -> Tensor:
    """Noise of a convolution, which has the number that rosinality gives it."""
    second = name.endswith("conv1.")
    index = 2 * (side.bit_length() - 3) - (not second)
    return ImageRandom([index], "noise_const").normal((side, side))[0]
