"""The images that a latent stands for, and the names of its tensors."""

from collections.abc import Mapping

from torch import Tensor

from rsi.generators import Generator

NOISE = "noise_"
MOTION = "motion"


def draw_latent(generator: Generator, latent: Mapping[str, Tensor]) -> Tensor:
    """The images ``[B, 3, R, R]`` of a latent, nominally in [0, 1] and not clamped.

    Args:
        generator: The generator.
        latent: ``codes``, in W, W+ or W++, and maps ``noise_N`` for those of the generator's convolutions whose own
            noise they replace, ``[B, 1, side, side]``, or ``[B, 1, 1, 1]`` where it is the same everywhere; and
            ``motion``, ``[B, 3, 3]``, if the picture was moved as a whole.
    """
    noise = {int(name[len(NOISE) :]): value for name, value in latent.items() if name.startswith(NOISE)}
    images: Tensor = generator.synthesis(latent["codes"], noise, latent.get(MOTION))
    return images
