"""Linear degradations by their singular values, without computing a decomposition."""

from abc import ABC, abstractmethod

from torch import Tensor
from torch.nn import functional as F

from rsi.degradations import Composition, Degradation
from rsi.degradations.downsampling import AveragePooling, NearestNeighbour
from rsi.degradations.gaussian_noise import GaussianNoise
from rsi.degradations.inpainting import Inpainting
from rsi.errors import InputError

SUPPORTED = "average_pooling, nearest, inpaint, gaussian, or one of the first three followed by +gaussian"


class LinearOperator(ABC):
    """A linear map ``H = U S V'`` of images whose singular values are all ``s`` or 0 (Kawar et al. 2022, section 4).

    With one value for all that is observed, ``V U'`` is a multiple of the pseudo-inverse, and a projection splits
    an image into the observed and the other coordinates.

    Args:
        known: ``[B, 1, h, w]``, 1 where the target carries information and 0 elsewhere.
        factor: How many times smaller the target's side is.
    """

    def __init__(self, known: Tensor, factor: int = 1) -> None:
        self.known = known
        self.factor = factor

    @property
    @abstractmethod
    def singular_value(self) -> float:
        """The singular value ``s`` of all observed coordinates."""

    @abstractmethod
    def shrink(self, x: Tensor) -> Tensor:
        """``H x`` where everything is known, ``[B, 3, H, W]`` to ``[B, 3, h, w]``."""

    @abstractmethod
    def enlarge(self, y: Tensor) -> Tensor:
        """The smallest image that :meth:`shrink` turns into ``y``, ``[B, 3, h, w]`` to ``[B, 3, H, W]``."""

    def observe(self, x: Tensor) -> Tensor:
        """``H x``, ``[B, 3, H, W]`` to ``[B, 3, h, w]``, 0 where nothing is known."""
        return self.known * self.shrink(x)

    def lift(self, y: Tensor) -> Tensor:
        """The pseudo-inverse ``V S^-1 U' y``, ``[B, 3, h, w]`` to ``[B, 3, H, W]``."""
        return self.enlarge(self.known * y)

    def project(self, x: Tensor) -> Tensor:
        """The observed part of images, ``[B, 3, H, W]``."""
        return self.lift(self.shrink(x))


class Pixels(LinearOperator):
    """The known pixels as they are: denoising and inpainting."""

    @property
    def singular_value(self) -> float:
        """1."""
        return 1.0

    def shrink(self, x: Tensor) -> Tensor:
        """The images ``[B, 3, H, W]`` themselves."""
        return x

    def enlarge(self, y: Tensor) -> Tensor:
        """The images ``[B, 3, H, W]`` themselves."""
        return y


class BlockMeans(LinearOperator):
    """Average pooling."""

    @property
    def singular_value(self) -> float:
        """``1 / factor``: the mean of ``factor^2`` pixels of variance 1 has variance ``1 / factor^2``."""
        return 1.0 / self.factor

    def shrink(self, x: Tensor) -> Tensor:
        """The mean of each block, ``[B, 3, H, W]`` to ``[B, 3, h, w]``."""
        return F.avg_pool2d(x, self.factor)

    def enlarge(self, y: Tensor) -> Tensor:
        """Blocks of one colour, ``[B, 3, h, w]`` to ``[B, 3, H, W]``."""
        return F.interpolate(y, scale_factor=self.factor, mode="nearest")


class BlockCentres(LinearOperator):
    """Pillow's nearest neighbour: the pixel at the centre of each block, right and below where there are two."""

    @property
    def singular_value(self) -> float:
        """1."""
        return 1.0

    def shrink(self, x: Tensor) -> Tensor:
        """The centre of each block, ``[B, 3, H, W]`` to ``[B, 3, h, w]``."""
        return x[..., self.factor // 2 :: self.factor, self.factor // 2 :: self.factor]

    def enlarge(self, y: Tensor) -> Tensor:
        """Blocks that are 0 but at their centre, ``[B, 3, h, w]`` to ``[B, 3, H, W]``."""
        x = y.new_zeros(*y.shape[:-2], y.shape[-2] * self.factor, y.shape[-1] * self.factor)
        self.shrink(x).copy_(y)
        return x


OPERATORS: dict[type[Degradation], type[LinearOperator]] = {
    AveragePooling: BlockMeans,
    NearestNeighbour: BlockCentres,
    Inpainting: Pixels,
}


def split_linear(degradation: Degradation) -> tuple[Degradation | None, GaussianNoise]:
    """The linear map and the noise that a degradation is made of: ``None`` is the identity, sigma 0 no noise.

    Raises:
        InputError: It is no linear map followed by Gaussian noise, or none that is supported.
    """
    linear, noise = _split(degradation)
    if not is_linear(degradation):
        names = "+".join(type(stage).__name__ for stage in linear)
        raise InputError(
            f"ddrm undoes linear degradations alone, which {names} is not: use {SUPPORTED} "
            "(average_pooling comes closest to upsample)"
        )
    return (linear[0] if linear else None), noise


def is_linear(degradation: Degradation) -> bool:
    """Whether a degradation is a supported linear map, Gaussian noise, or the one followed by the other."""
    linear, _ = _split(degradation)
    return len(linear) <= 1 and all(type(stage) in OPERATORS for stage in linear)


def linear_operator(degradation: Degradation, known: Tensor) -> LinearOperator:
    """The linear map of a degradation that is bound to its targets.

    Args:
        degradation: One that :func:`split_linear` takes.
        known: ``[B, 1, h, w]``, 1 where the targets carry information.
    """
    linear, _ = split_linear(degradation)
    if linear is None:
        return Pixels(known)
    if isinstance(linear, Inpainting) and linear.known is not None:
        known = known * F.interpolate(linear.known.to(known), known.shape[-2:], mode="nearest-exact")
    return OPERATORS[type(linear)](known, linear.factor or 1)


def unstore(stored: Tensor, noise: GaussianNoise) -> Tensor:
    """The noisy image that a file of :class:`GaussianNoise` holds, without its headroom; where it clamped, clamped.

    Args:
        stored: What the file holds, ``[B, 3, h, w]`` in [0, 1].
        noise: What made it.
    """
    beyond = noise.headroom * noise.sigma
    return stored * (1 + 2 * beyond) - beyond


def _split(degradation: Degradation) -> tuple[list[Degradation], GaussianNoise]:
    """All stages but for Gaussian noise at the end, and that."""
    stages = degradation.stages if isinstance(degradation, Composition) else [degradation]
    last = stages[-1]
    return (stages[:-1], last) if isinstance(last, GaussianNoise) else (stages, GaussianNoise(0))
