"""What a person says of a generator because its file does not say it, or says it wrong."""

import math
import os
from dataclasses import replace

from torch import Tensor

from rsi.errors import InputError
from rsi.generators.files.stored_network import StoredNetwork

COLOR_ORDER, CONV_CLAMP = "RSI_COLOR_ORDER", "RSI_CONV_CLAMP"  # environment variables; flags of the commands set them
ORDERS = ("rgb", "bgr")
NO_CLAMP = "none"


def overrides() -> dict[str, str]:
    """What has been said, by the names of the flags; empty if nothing was."""
    said = {"color_order": os.environ.get(COLOR_ORDER, ""), "conv_clamp": os.environ.get(CONV_CLAMP, "")}
    return {name: value for name, value in said.items() if value}


def overridden(network: StoredNetwork) -> StoredNetwork:
    """A network as the file has it but for what was said; it draws red first.

    Raises:
        InputError: What was said is no order of colours or no bound.
    """
    said = overrides()
    order = said.get("color_order", "bgr" if network.bgr else "rgb")
    if order not in ORDERS:
        raise InputError(f"color_order {order} is neither {' nor '.join(ORDERS)}")
    if "conv_clamp" in said:
        network = replace(network, architecture=network.architecture.clamped(read_clamp(said["conv_clamp"])))
    network = replace(network, assumed={name: text for name, text in network.assumed.items() if name not in said})
    return _with_red_first(network) if order == "bgr" else replace(network, bgr=False)


def read_clamp(text: str) -> float | None:
    """The bound that ``--conv_clamp`` gives; ``None`` is unbounded.

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


def _with_red_first(network: StoredNetwork) -> StoredNetwork:
    """A network that draws blue first, with the rows of its layers to colours in reverse."""
    colours = {f"{layer}.{part}" for layer in network.architecture.colour_layers for part in ("weight", "bias")}

    def read(name: str) -> Tensor:
        return network.read(name).flip(0) if name in colours else network.read(name)

    return replace(network, read=read, bgr=False)
