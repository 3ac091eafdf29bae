"""What state dicts of generators can lack, made up."""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from rsi.generators.stylegan2.architecture import LARGEST_SIDE, LARGEST_START, START
from rsi.generators.stylegan2.resample import resample_filter
from rsi.numerics.randomness import ImageRandom
from rsi.numerics.size import Size

MEAN = "w_avg"
NO_MEAN = "not in the file: computed from random codes"
FILTERED = re.compile(r"(synthesis\.b\d{1,4}\.)(?:conv[01]\.|torgb\.)weight")  # what a filter is kept beside
NOISY = re.compile(r"(synthesis\.b(\d{1,4})\.conv([01])\.)weight")


def add_missing(tensors: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors by NVIDIA's names with filters and constant noise, and what was assumed.

    Constant noise does not belong to the weights of most programs, so that it can be missing, or another network's
    after a load that was not strict. It is drawn, always the same.

    Args:
        tensors: The tensors of the file; a mean code that is missing becomes zeros.

    Returns:
        All tensors, and by what was missing a sentence that says what was taken instead.
    """
    whole, drawn = dict(tensors), 0
    start = _start(tensors.get("synthesis.b4.const"))
    for name in tensors:
        if match := FILTERED.fullmatch(name):
            whole.setdefault(f"{match[1]}resample_filter", resample_filter())
        if match := NOISY.fullmatch(name):
            whole.setdefault(f"{match[1]}resample_filter", resample_filter())
            drawn += _add_noise(whole, match[1], int(match[2]), int(match[3]), start)
    assumed = {"noise": f"not in the file or of other sizes in {drawn} layers: drawn, always the same"} if drawn else {}
    if "mapping.w_avg" not in tensors and "mapping.fc0.bias" in tensors:
        whole["mapping.w_avg"] = torch.zeros_like(tensors["mapping.fc0.bias"])
        assumed[MEAN] = NO_MEAN
    return whole, assumed


def _start(constant: Tensor | None) -> Size:
    """The size of the constant; of one that cannot be used, any."""
    if constant is None or constant.ndim != 3 or max(constant.shape[-2:]) > LARGEST_START:
        return Size.square(START)
    return Size.of(constant)


def _add_noise(tensors: dict[str, Tensor], layer: str, block: int, number: int, start: Size) -> bool:
    """Draw the noise of a convolution if there is none that fits; whether it was drawn."""
    size = Size(start.height * block // START, start.width * block // START)
    noise = tensors.get(f"{layer}noise_const")
    if block > LARGEST_SIDE or (noise is not None and tuple(noise.shape) == size):
        return False
    index = 2 * (block.bit_length() - 3) + number - 1  # as rosinality numbers them
    tensors[f"{layer}noise_const"] = ImageRandom([max(index, 0)], "noise_const").normal(size)[0]
    return True
