"""What JPEG and heavy noise hide, as a small network has learned it from images of the generator."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from rsi.errors import InputError
from rsi.estimation.evidence import Array, Evidence
from rsi.estimation.statistics import statistics

LEARNED = ("k_p", "k_b", "sigma", "quality")  # what is told, each as a logarithm
PRESENT = ("noise", "blur", "jpeg")  # what may be there at all
MEMBERS, WIDTH = 4, 128
SOFT = 0.2  # added to sigma before the logarithm
FAMILIAR = 0.99  # of the training images are no stranger than what is answered for
Guess = tuple[float, float]


@dataclass(frozen=True)
class Guesses:
    """What the network says of one image.

    Attributes:
        values: Of each of ``LEARNED`` the value and the deviation of its logarithm.
        chances: Of each of ``PRESENT`` the probability that it is there.
    """

    values: Mapping[str, Guess]
    chances: Mapping[str, float]


class DamageNetwork(nn.Module):
    """Several small networks from :func:`rsi.estimation.statistics.statistics` to values and their deviations.

    Args:
        inputs: How many numbers it reads.

    Attributes:
        mean: ``[n]``, of the statistics of the images that it was trained on.
        scale: ``[n]``, their standard deviations.
        strangest: How far from them images may be that it answers for.
    """

    mean: Tensor
    scale: Tensor
    strangest: Tensor

    def __init__(self, inputs: int) -> None:
        super().__init__()
        outputs = 2 * len(LEARNED) + len(PRESENT)
        self.members = nn.ModuleList(
            nn.Sequential(
                nn.Linear(inputs, WIDTH), nn.GELU(), nn.Linear(WIDTH, WIDTH), nn.GELU(), nn.Linear(WIDTH, outputs)
            )
            for _ in range(MEMBERS)
        )
        self.register_buffer("mean", torch.zeros(inputs))
        self.register_buffer("scale", torch.ones(inputs))
        self.register_buffer("strangest", torch.tensor(float("inf")))

    def forward(self, numbers: Tensor) -> Tensor:
        """``[B, n]`` to the answers of each member, ``[members, B, outputs]``: means, log deviations, chances."""
        inputs = self.standardised(numbers)
        return torch.stack([member(inputs) for member in self.members])

    def standardised(self, numbers: Tensor) -> Tensor:
        """The statistics in units of their deviations, ``[B, n]``."""
        return ((numbers - self.mean) / self.scale).clamp(-8, 8)

    def strangeness(self, numbers: Tensor) -> Tensor:
        """How far images are from those that it was trained on, ``[B]``."""
        return self.standardised(numbers).square().mean(1)

    @torch.no_grad()
    def guess(self, evidence: Evidence, quality: int | None) -> Guesses | None:
        """What it says of an image; ``None`` for one that is unlike all that it was trained on."""
        numbers = torch.from_numpy(statistics(evidence, quality))[None]
        if self.strangeness(numbers) > self.strangest:
            return None
        answers = self(numbers)[:, 0]
        means, deviations = answers[:, : len(LEARNED)], answers[:, len(LEARNED) : 2 * len(LEARNED)].exp()
        spread = (deviations.square().mean(0) + means.var(0, correction=0)).sqrt().tolist()
        chances = answers[:, 2 * len(LEARNED) :].sigmoid().mean(0).tolist()
        values = [_from_logarithm(name, mean) for name, mean in zip(LEARNED, means.mean(0).tolist(), strict=True)]
        return Guesses(
            dict(zip(LEARNED, zip(values, spread, strict=True), strict=True)), dict(zip(PRESENT, chances, strict=True))
        )


def logarithm(name: str, value: Array) -> Array:
    """Values of any shape as the networks tell them: logarithms; ``sigma``, which may be 0, is enlarged first."""
    return np.log(value + SOFT) if name == "sigma" else np.log(value)


def _from_logarithm(name: str, told: float) -> float:
    value = float(np.exp(told))
    return max(value - SOFT, 0.0) if name == "sigma" else value


def read_network(path: Path) -> DamageNetwork:
    """A trained network from its file.

    Raises:
        InputError: The file is damaged or of another kind.
    """
    try:
        with safe_open(path, "pt") as file:
            state = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
        network = DamageNetwork(len(state["mean"]))
        network.load_state_dict(state)
    except (OSError, SafetensorError, RuntimeError, KeyError) as error:
        raise InputError(f"{path} is no network that estimates damages, delete it: {error}") from error
    return network.eval()
