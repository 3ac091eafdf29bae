"""Operators of deepinv as degradations."""

import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from rsi.data.target import Target
from rsi.degradations.base import Degradation
from rsi.errors import InputError
from rsi.numerics.randomness import ImageRandom
from rsi.numerics.size import Size

RANDOM_NUMBERS = threading.Lock()
FARTHEST = 50  # times as large as the operator's own measurements: targets in other units are larger still
TOLERANCE = 1e-3  # of the largest measurement; float32 differs by much less, other parameters by more


class PhysicsDegradation(Degradation):
    """What a ``deepinv.physics.Physics`` measures, as a picture.

    Measurements with one or three channels are compared as they are. Others, such as those of compressed sensing or
    MRI, are compared through the operator's pseudo-inverse ``A_dagger``. The gradient passes through ``A`` and the
    sensor model; the noise model counts as the identity, which for Poisson noise too is right in the mean. Parameters
    that differ from image to image, such as a mask or sigma each, are taken apart: :meth:`bind` gives each target its
    own.

    Args:
        physics: The operator, with its noise and sensor models. Its images are ``[B, 3, H, W]``.
        of_image: The operator of each image by the name of its target, empty where all have the same; :meth:`bind`
            finds it.

    Raises:
        InputError: Measurements are neither pictures nor can be turned into some; raised when they are first seen.
    """

    factor = None

    def __init__(self, physics: nn.Module, of_image: Mapping[str, nn.Module] | None = None) -> None:
        super().__init__()
        self.physics = physics
        self._is_bound = of_image is not None
        self._places = {name: place for place, name in enumerate(of_image or {})}
        self._singles = nn.ModuleList((of_image or {}).values())

    def forward(self, x: Tensor, random: ImageRandom) -> Tensor:
        """``[B, 3, H, W]`` to ``[B, 3, h, w]``; noise is seeded per image.

        Raises:
            InputError: The operator has parameters for another number of images.
        """
        pictures = [
            as_picture(single, _measure(single, image, seed), image)
            for single, image, seed in zip(self._of_images(x), torch.split(x, 1), random.seeds(), strict=True)
        ]
        return torch.cat(pictures)

    @torch.no_grad()
    def degrade(self, x: Tensor, random: ImageRandom) -> Tensor:
        """The same as :meth:`forward`, ``[B, 3, h, w]``: measurements are not stored with 8 bits."""
        return self.forward(x, random)

    @torch.no_grad()
    def bind(self, targets: Sequence[Target], resolution: Size) -> "PhysicsDegradation":
        """The operator for these targets: of all images that it was made for, or of some that it was bound to before.

        Raises:
            InputError: It has parameters for another number of images, or makes pictures of another size or with values
                of another order than the targets.
        """
        if self._is_bound:
            return self._of_some(targets)
        images = _probe(len(targets), resolution, _device(self.physics, targets[0].image.device))
        singles = take_apart(self.physics, images)
        for target, single, image in zip(targets, singles, torch.split(images, 1), strict=True):
            self._check(target, as_picture(single, _measure(single, image, 0), image), resolution)
        differ = any(single is not self.physics for single in singles)
        names = (target.name for target in targets)
        return PhysicsDegradation(self.physics, dict(zip(names, singles, strict=True)) if differ else {})

    def extra_repr(self) -> str:
        """Nothing: the physics is listed as a submodule."""
        return ""

    def _of_some(self, targets: Sequence[Target]) -> "PhysicsDegradation":
        if not self._places:
            return self
        of_image = {target.name: self._singles[self._places[target.name]] for target in targets}
        return PhysicsDegradation(self.physics, of_image)

    def _of_images(self, x: Tensor) -> list[Any]:
        if self._places:
            return list(self._singles)
        return [self.physics] * len(x) if self._is_bound else take_apart(self.physics, x)

    def _check(self, target: Target, measured: Tensor, resolution: Size) -> None:
        name = type(self.physics).__name__
        if len(measured) > 1:
            raise InputError(
                f"{name} makes {len(measured)} pictures of one image, its parameters are for so many: restore as many "
                "measurements at once, rsi.Restoration()(measured, physics)"
            )
        if measured.shape[1:] != target.image.shape:
            raise InputError(
                f"{target.name} is {tuple(target.image.shape)}, {name} makes {tuple(measured.shape[1:])} of a "
                f"{resolution.label} px image: they have to agree"
            )
        if target.image.abs().max() > FARTHEST * measured.abs().max():
            raise InputError(
                f"{target.name} has values {_range(target.image)}, {name} makes {_range(measured)} of images in "
                "[0, 1]: bring them to the same scale"
            )


def take_apart(physics: Any, images: Tensor) -> list[Any]:  # noqa: ANN401 - deepinv is optional
    """The operator of each image alone: the same for all, or copies with the parameters of one image each.

    Args:
        physics: An operator; of parameters as many as there are images, each image has its own.
        images: ``[B, 3, H, W]``.

    Raises:
        InputError: Operators of single images cannot be had that do together what the operator does to all.
    """
    count = len(images)
    noise = [name for name in _as_many_as(count, physics) if "noise_model" in name.split(".")]
    for names in (noise, _as_many_as(count, physics)):
        singles = [_of_image(physics, names, index) for index in range(count)]
        problem = _difference(physics, singles, images)
        if not problem:
            return singles
    raise InputError(
        f"{type(physics).__name__} has parameters that are not for {count} image{'' if count == 1 else 's'} "
        f"({problem}): give as many measurements as it has parameters, or restore one at a time, each with its operator"
    )


def as_picture(physics: Any, measurement: Any, image: Tensor) -> Tensor:  # noqa: ANN401 - deepinv is optional
    """A measurement ``[B, 3, h, w]`` that the loss can compare.

    Args:
        physics: The operator that made it.
        measurement: Any tensor, or list of tensors.
        image: An image that the operator could have measured.

    Raises:
        InputError: It is no picture and the operator has no pseudo-inverse for it.
    """
    if not _is_picture(measurement):
        try:
            measurement = physics.A_dagger(measurement)
        except (AttributeError, NotImplementedError, ValueError, RuntimeError, TypeError):
            measurement = None
        if isinstance(measurement, Tensor) and measurement.is_complex():
            measurement = measurement.abs()
    if not _is_picture(measurement):
        name = type(physics).__name__
        raise InputError(f"what {name} measures is no picture of 1 or 3 channels, and {name} has no A_dagger for it")
    picture: Tensor = measurement.to(image.dtype)
    return picture.expand(-1, 3, -1, -1)


def _is_picture(measurement: Any) -> bool:  # noqa: ANN401 - deepinv measures anything
    if not isinstance(measurement, Tensor) or measurement.is_complex() or measurement.ndim != 4:
        return False
    return measurement.shape[1] in (1, 3)


def _as_many_as(count: int, physics: nn.Module) -> list[str]:
    """The names of the tensors of an operator whose first dimension is ``count``, where that is above 1."""
    named = (
        (f"{owner}.{name}" if owner else name, value)
        for owner, module in physics.named_modules()
        for name, value in {**vars(module), **module._buffers, **module._parameters}.items()
        if isinstance(value, Tensor) and name != "initial_random_state"
    )
    return [name for name, value in named if count > 1 and value.ndim > 0 and len(value) == count]


def _of_image(physics: Any, names: Sequence[str], index: int) -> Any:  # noqa: ANN401 - deepinv is optional
    if not names:
        return physics
    single = physics.clone()
    for name in names:
        owner, _, attribute = name.rpartition(".")
        module = single.get_submodule(owner)
        value = getattr(module, attribute).detach()[index : index + 1]
        is_parameter = attribute in module._parameters
        setattr(module, attribute, nn.Parameter(value, requires_grad=False) if is_parameter else value)
    return single


@torch.no_grad()
def _difference(physics: Any, singles: Sequence[Any], images: Tensor) -> str:  # noqa: ANN401 - deepinv is optional
    """How operators of single images differ from that of all, apart from their noise; empty if they do not."""
    pairs = list(zip(singles, torch.split(images, 1), strict=True))
    try:
        together = _measure(physics, images, 0, noisy=False)
        alone = [_measure(single, image, 0, noisy=False) for single, image in pairs]
        noisy = [_measure(single, image, 0) for single, image in pairs]
        parts = zip(*map(_tensors, (together, *alone)), strict=True)
        agree = all(map(_same_shape, alone, noisy)) and all(_close(whole, torch.cat(part)) for whole, *part in parts)
    except (RuntimeError, ValueError, IndexError, AssertionError) as error:  # of shapes that do not fit
        return " ".join(str(error).split())
    return "" if agree else "single images are measured otherwise"


def _tensors(measurement: Any) -> list[Tensor]:  # noqa: ANN401 - deepinv measures anything
    return [measurement] if isinstance(measurement, Tensor) else list(measurement)


def _same_shape(measurement: Any, other: Any) -> bool:  # noqa: ANN401 - deepinv measures anything
    return [part.shape for part in _tensors(measurement)] == [part.shape for part in _tensors(other)]


def _close(measured: Tensor, other: Tensor) -> bool:
    return measured.shape == other.shape and bool(
        (measured - other).abs().max() <= TOLERANCE * measured.abs().max().clamp_min(TOLERANCE)
    )


def _probe(count: int, resolution: Size, device: torch.device) -> Tensor:
    """Images of random colours, ``[count, 3, *resolution]`` in [0, 1]."""
    return torch.rand(count, 3, *resolution, generator=torch.Generator().manual_seed(0)).to(device)


def _device(physics: nn.Module, otherwise: torch.device) -> torch.device:
    return next((value.device for value in (*physics.buffers(), *physics.parameters())), otherwise)


def _range(values: Tensor) -> str:
    return f"from {float(values.min()):.4g} to {float(values.max()):.4g}"


def _measure(physics: Any, image: Tensor, seed: int, *, noisy: bool = True) -> Any:  # noqa: ANN401 - deepinv measures anything
    clean = physics.A(image)
    if not noisy:
        return physics.sensor(clean)
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
