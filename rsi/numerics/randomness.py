"""Random numbers that depend on the image and the step, never on the batch."""

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor


def image_seed(name: str, seed: int) -> int:
    """The seed of one image, a 63-bit number, from its name and the seed of the run."""
    return _hash(f"{seed}:{name}")


class ImageRandom:
    """The random numbers of a batch at one step: each image has a generator of its own.

    An image therefore draws the same numbers alone, in any batch, at any position of it and on any rank.

    Args:
        seeds: One seed per image.
        step: The optimisation step, or what else the numbers are for; other steps draw other numbers.
        device: Where the numbers are needed. On CUDA they are drawn there, and are others than those of CPUs, which
            all other devices get.
    """

    def __init__(self, seeds: Sequence[int], step: int | str = 0, device: torch.device | str = "cpu") -> None:
        self._device = torch.device(device)
        self._drawn_on = self._device if self._device.type == "cuda" else torch.device("cpu")
        self._generators = [torch.Generator(self._drawn_on).manual_seed(_hash(f"{seed}@{step}")) for seed in seeds]
        self._used = False
        self._parts: list[ImageRandom] = []

    def __len__(self) -> int:
        return len(self._generators)

    @property
    def used(self) -> bool:
        """Whether any number was asked for."""
        return self._used or any(part.used for part in self._parts)

    def each(self) -> list["ImageRandom"]:
        """The random numbers of each image alone."""
        self._parts = [ImageRandom((), device=self._device) for _ in self._generators]
        for part, generator in zip(self._parts, self._generators, strict=True):
            part._generators = [generator]
        return self._parts

    def normal(self, shape: Sequence[int]) -> Tensor:
        """Standard normal numbers, ``[B, *shape]``."""
        return self._there([torch.randn(*shape, generator=g, device=self._drawn_on) for g in self._use()])

    def uniform(self, shape: Sequence[int]) -> Tensor:
        """Uniform numbers in [0, 1), ``[B, *shape]``."""
        return self._there([torch.rand(*shape, generator=g, device=self._drawn_on) for g in self._use()])

    def poisson(self, rate: Tensor) -> Tensor:
        """Poisson numbers of the given rates, shaped as ``rate``, ``[B, ...]``."""
        rates = zip(rate.to(self._drawn_on), self._use(), strict=True)
        return self._there([torch.poisson(own, generator=g) for own, g in rates])

    def seeds(self) -> list[int]:
        """A seed per image for random numbers that are drawn elsewhere."""
        return [generator.initial_seed() for generator in self._use()]

    def choice(self, options: int) -> list[int]:
        """One integer in ``[0, options)`` per image."""
        return [int(torch.randint(options, (1,), generator=g, device=self._drawn_on)) for g in self._use()]

    def _there(self, numbers: Sequence[Tensor]) -> Tensor:
        return torch.stack(list(numbers)).to(self._device)

    def _use(self) -> list[torch.Generator]:
        self._used = True
        return self._generators


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
