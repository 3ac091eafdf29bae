"""Operators of deepinv as degradations."""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from rsi.data.target import Target
from rsi.degradations.base import Degradation
from rsi.errors import InputError
from rsi.numerics.randomness import ImageRandom

RANDOM_NUMBERS = threading.Lock()


class PhysicsDegradation(Degradation):
    """What a ``deepinv.physics.Physics`` measures, as a picture.

    Measurements with one or three channels are compared as they are. Others, such as those of compressed sensing or
    MRI, are compared through the operator's pseudo-inverse ``A_dagger``. The gradient passes through ``A`` and the
    sensor model; the noise model counts as the identity, which for Poisson noise too is right in the mean. Parameters
    that differ from image to image (first dimension as long as the batch) are taken apart.

    Args:
        physics: The operator, with its noise and sensor models. Its images are ``[B, 3, R, R]``.

    Raises:
        InputError: Measurements are neither pictures nor can be turned into some; raised when they are first seen.
    """

    factor = None

    def __init__(self, physics: nn.Module) -> None:
        super().__init__()
        self.physics = physics

    def forward(self, x: Tensor, random: ImageRandom) -> Tensor:
        """``[B, 3, R, R]`` to ``[B, 3, h, w]``; noise is seeded per image."""
        parts = [self._of_image(index, len(x)) for index in range(len(x))]
        pictures = [
            as_picture(part, _measure(part, image, seed), image)
            for part, image, seed in zip(parts, torch.split(x, 1), random.seeds(), strict=True)
        ]
        return torch.cat(pictures)

    @torch.no_grad()
    def degrade(self, x: Tensor, random: ImageRandom) -> Tensor:
        """The same, measurements are not stored with 8 bits."""
        return self.forward(x, random)

    def bind(self, targets: Sequence[Target], resolution: int) -> "PhysicsDegradation":
        """This operator.

        Raises:
            InputError: It makes pictures of another size than the targets.
        """
        blank = torch.zeros(1, 3, resolution, resolution, device=targets[0].image.device)
        with torch.no_grad():
            measured = as_picture(self.physics, self._of_image(0, len(targets)).A(blank), blank)
        if measured.shape[1:] != targets[0].image.shape:
            raise InputError(
                f"{targets[0].name} is {tuple(targets[0].image.shape)}, {type(self.physics).__name__} makes "
                f"{tuple(measured.shape[1:])} of a {resolution} px image: they have to agree"
            )
        return self

    def extra_repr(self) -> str:
        """Nothing: the physics is listed as a submodule."""
        return ""

    def _of_image(self, index: int, batch_size: int) -> Any:  # noqa: ANN401 - deepinv is optional
        batched = [name for name, value in self.physics.named_buffers() if _is_batched(name, value, batch_size)]
        if not batched:
            return self.physics
        single: Any = self.physics.clone()  # type: ignore[operator]
        for name in batched:
            owner, _, attribute = name.rpartition(".")
            value = single.get_buffer(name)
            setattr(single.get_submodule(owner), attribute, value[index : index + 1])
        return single


def as_picture(physics: Any, measurement: Any, image: Tensor) -> Tensor:  # noqa: ANN401 - deepinv is optional
    """A measurement ``[B, 3, h, w]`` that the loss can compare.

    Args:
        physics: The operator that made it.
        measurement: Any tensor, or list of tensors.
        image: An image that the operator could have measured.

    Raises:
        InputError: It is no picture and the operator has no pseudo-inverse.
    """
    if not _is_picture(measurement):
        try:
            measurement = physics.A_dagger(measurement)
        except (AttributeError, NotImplementedError, ValueError):
            measurement = None
        if measurement is not None and measurement.is_complex():
            measurement = measurement.abs()
    if not _is_picture(measurement):
        name = type(physics).__name__
        raise InputError(f"what {name} measures is no picture of 1 or 3 channels, and {name} has no A_dagger")
    picture: Tensor = measurement.to(image.dtype)
    return picture.expand(-1, 3, -1, -1)


def _is_picture(measurement: Any) -> bool:  # noqa: ANN401 - deepinv measures anything
    if not isinstance(measurement, Tensor) or measurement.is_complex() or measurement.ndim != 4:
        return False
    return measurement.shape[1] in (1, 3)


def _is_batched(name: str, value: Tensor, batch_size: int) -> bool:
    per_image = value.ndim >= 4 or "noise_model" in name
    return batch_size > 1 and value.ndim > 0 and len(value) == batch_size and per_image


def _measure(physics: Any, image: Tensor, seed: int) -> Any:  # noqa: ANN401 - deepinv measures anything
    clean = physics.A(image)
    with torch.no_grad(), _seeded(physics, seed, image.device):
        noise = physics.noise(clean) - clean
    return physics.sensor(clean + noise)


@contextlib.contextmanager
def _seeded(physics: nn.Module, seed: int, device: torch.device) -> Iterator[None]:
    """All random numbers of a noise model follow from the seed, whichever generator it uses.

    Torch's own generator is one for all threads, so that those of a batch take turns.
    """
    with RANDOM_NUMBERS, torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        for module in physics.modules():
            generator = getattr(module, "rng", None)
            if isinstance(generator, torch.Generator):
                generator.manual_seed(seed)
        yield
