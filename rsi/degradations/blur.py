"""Blur: what sharpening undoes."""

import math
from collections.abc import Mapping, Sequence
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional as F

from rsi.degradations.base import Degradation
from rsi.degradations.blur_kernels import disc_kernels, gaussian_kernels, line_kernels
from rsi.degradations.downsampling import Downsampling
from rsi.degradations.jpeg import check_not_saved
from rsi.degradations.kernel_file import read_kernel
from rsi.errors import InputError
from rsi.numerics.per_image import one_by_one
from rsi.numerics.randomness import ImageRandom

LARGEST = 100  # pixels


class Blur(Degradation):
    """Convolution with a kernel of sum 1: ``y(p) = sum_d k(d) x(p - d)``.

    Exactly one kind is given. All lengths are in pixels of the image that is blurred, the generator's. Borders reflect,
    edge pixels included (``cba|abc|cba``). True operator and approximation are the same but for the 8 bits.

    Args:
        sigma: Standard deviation of a Gaussian.
        radius: Radius of the disc that a lens out of focus draws of a point.
        length: Length of the straight way of a camera that moved.
        angle: Direction of that way in degrees, counter-clockwise from the horizontal; 0 if left out.
        kernel: A file: a grey PNG or TIFF picture, or an array in ``.npy``; it is scaled to a sum of 1. A point becomes
            what the file shows, with the middle pixel on the point; of an even side ``n`` that is pixel ``n / 2``,
            counted from 0, right of or below the middle.

    Raises:
        InputError: None or several kinds are given, a number is out of its range, or the file cannot be used.
    """

    def __init__(
        self,
        sigma: float | None = None,
        radius: float | None = None,
        length: float | None = None,
        angle: float | None = None,
        kernel: str | None = None,
    ) -> None:
        super().__init__()
        numbers = {"sigma": sigma, "radius": radius, "length": length, "angle": angle}
        if length is not None and angle is None:
            numbers["angle"] = 0
        _check(numbers, kernel)
        self.sigma, self.radius, self.length, self.angle = (
            None if value is None else float(value) for value in numbers.values()
        )
        self.kernel = kernel
        self.register_buffer("_from_file", None if kernel is None else read_kernel(kernel), persistent=False)

    @cached_property
    def kernels(self) -> tuple[Tensor, ...]:
        """The kernels one after another, each ``[h, w]`` with a sum of 1."""
        if self.sigma is not None:
            return gaussian_kernels(self.sigma)
        if self.radius is not None:
            return disc_kernels(self.radius)
        if self.length is not None:
            return line_kernels(self.length, self.angle or 0.0)
        return (self.get_buffer("_from_file"),)

    def forward(self, x: Tensor, random: ImageRandom) -> Tensor:  # noqa: ARG002 - not random
        """Blurred images, ``[B, 3, H, W]``."""
        return one_by_one(self._blur, x, side=max(x.shape[-2:]))

    def check_place(self, earlier: Sequence[Degradation]) -> None:
        """Make sure that the image still has the generator's side, and that one blur would not do.

        Raises:
            InputError: It is otherwise.
        """
        check_not_saved("blur", earlier)
        if smaller := next((stage for stage in earlier if isinstance(stage, Downsampling)), None):
            raise InputError(
                f"blur after {smaller.spec_name}: its pixels are those of the generator's images, so put it before "
                f"{smaller.spec_name}, with a size that is as many times larger"
            )
        last = earlier[-1] if earlier else None
        if self.sigma and isinstance(last, Blur) and last.sigma:
            both = math.hypot(self.sigma, last.sigma)
            raise InputError(f"blur after blur: two Gaussians are one, write blur:sigma={both:.3g}")

    def read_parameters(self, index: int) -> dict[str, float | str]:  # noqa: ARG002 - the same for all
        """The settings that were given, each after ``blur_``."""
        names = ("sigma", "radius", "length", "angle", "kernel")
        return {f"blur_{name}": value for name in names if (value := getattr(self, name)) is not None}

    def extra_repr(self) -> str:
        """The settings that were given."""
        return ", ".join(f"{name.removeprefix('blur_')}={value!r}" for name, value in self.read_parameters(0).items())

    def _blur(self, x: Tensor) -> Tensor:
        for kernel in self.kernels:
            x = convolve(x, kernel.to(x))
        return x


def _check(numbers: Mapping[str, float | None], kernel: str | None) -> None:
    kinds = [name for name, value in {**numbers, "kernel": kernel}.items() if value is not None and name != "angle"]
    if len(kinds) != 1:
        raise InputError(
            f"blur takes one of sigma, radius, length (with angle) and kernel, not {' and '.join(kinds) or 'none'}: "
            "as in blur:sigma=2"
        )
    angle, size = numbers["angle"], numbers.get(kinds[0])
    if size is not None and not 0 < size <= LARGEST:
        raise InputError(f"blur:{kinds[0]}={size}: give a number of pixels above 0, at most {LARGEST}")
    if angle is not None and not (kinds == ["length"] and math.isfinite(angle)):
        raise InputError(f"blur:angle={angle}: give a finite number of degrees, with length=9 or so")


def convolve(x: Tensor, kernel: Tensor) -> Tensor:
    """The convolution of all channels with a kernel whose middle is pixel ``n // 2``; borders reflect.

    Args:
        x: ``[B, C, H, W]``.
        kernel: ``[h, w]``.
    """
    for axis, side in ((-2, kernel.shape[0]), (-1, kernel.shape[1])):
        x = reflect(x, axis, side - 1 - side // 2, side // 2)
    planes = x.flatten(0, 1).unsqueeze(1)
    return F.conv2d(planes, kernel.flip(0, 1)[None, None]).view(*x.shape[:2], *_inner(x, kernel))


def reflect(x: Tensor, axis: int, before: int, after: int) -> Tensor:
    """A tensor made longer along an axis by what mirrors at its ends show, the last value itself first.

    Args:
        x: ``[..., side, ...]``.
        axis: Which of its axes.
        before: How many values come before it; more than ``side`` are mirrored several times.
        after: How many come after it.
    """
    side = x.shape[axis]
    while before or after:
        near, far = min(before, side), min(after, side)
        mirrored = x.flip(axis)
        x = torch.cat([mirrored.narrow(axis, x.shape[axis] - near, near), x, mirrored.narrow(axis, 0, far)], dim=axis)
        before, after = before - near, after - far
    return x


def _inner(x: Tensor, kernel: Tensor) -> tuple[int, int]:
    return x.shape[-2] - kernel.shape[0] + 1, x.shape[-1] - kernel.shape[1] + 1
