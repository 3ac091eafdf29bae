"""What a person says of a generator whose file does not say it, or says it wrong."""

import math
import os
from dataclasses import replace

from torch import Tensor

from rsi.errors import InputError
from rsi.generators.files.stored_network import StoredNetwork

COLOR_ORDER, CONV_CLAMP = "RSI_COLOR_ORDER", "RSI_CONV_CLAMP"  # environment variables; flags of the commands set them
ORDERS = ("rgb", "bgr")
NO_CLAMP = "none"


def corrections() -> dict[str, str]:
    """What has been said, by the names of the flags; empty if nothing was."""
    said = {"color_order": os.environ.get(COLOR_ORDER, ""), "conv_clamp": os.environ.get(CONV_CLAMP, "")}
    return {name: value for name, value in said.items() if value}


def correct(network: StoredNetwork) -> StoredNetwork:
    """A network as the file has it but for what was said, whose first colour is red.

    Raises:
        InputError: What was said is no order of colours or no bound.
    """
    said = corrections()
    assumed = {name: text for name, text in network.assumed.items() if name not in said}
    architecture, bgr = network.architecture, network.bgr
    if "color_order" in said:
        bgr = said["color_order"] == "bgr"
    if "conv_clamp" in said:
        architecture = architecture.clamped(bound(said["conv_clamp"]))
    read = network.read
    colours = {f"{layer}.{part}" for layer in architecture.colour_layers for part in ("weight", "bias")}

    def read_red_first(name: str) -> Tensor:
        return read(name).flip(0) if name in colours else read(name)

    return replace(network, architecture=architecture, read=read_red_first if bgr else read, bgr=False, assumed=assumed)


def bound(text: str) -> float | None:
    """The number of ``--conv_clamp``.

    Raises:
        InputError: It is neither a positive number nor ``none``.
    """
    if text == NO_CLAMP:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise InputError(f"conv_clamp {text} is neither a positive number such as 256 nor none")
    return number
