"""How far restored images are from the clean ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure

from rsi.perceptual import PerceptualDistance

WINDOW = 11  # pixels; 3.5 standard deviations to either side


@dataclass(frozen=True)
class Distances:
    """Distances of a restored image to the clean one.

    Attributes:
        accuracy: Perceptual distance by the judge's network (RSI, section 5); 0 is a perfect match.
        psnr: Peak signal-to-noise ratio in dB.
        ssim: Structural similarity (Wang et al. 2004), 1 for a perfect match.
    """

    accuracy: float
    psnr: float
    ssim: float


def psnr(restored: Tensor, clean: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB of each image, ``[B, 3, H, W]`` in [0, 1] to ``[B]``; infinite if equal."""
    pairs = zip(restored, clean, strict=True)
    return torch.stack([peak_signal_noise_ratio(x, y, data_range=1.0) for x, y in pairs])


def ssim(restored: Tensor, clean: Tensor) -> Tensor:
    """Structural similarity of each image, ``[B, 3, H, W]`` in [0, 1] to ``[B]`` (Wang et al. 2004).

    Gaussian windows of 1.5 px on every channel, averaged over channels and all windows inside the image.
    """
    _, windows = structural_similarity_index_measure(
        restored, clean, sigma=1.5, data_range=1.0, reduction="none", return_full_image=True
    )
    inside = slice(WINDOW // 2, -(WINDOW // 2))
    return windows[..., inside, inside].mean((1, 2, 3))


@torch.no_grad()
def measure(restored: Sequence[Tensor], clean: Sequence[Tensor], perceptual: PerceptualDistance) -> list[Distances]:
    """The distances of images to the clean ones.

    Args:
        restored: The images, ``[3, R, R]`` in [0, 1] each.
        clean: The clean ones, in the same order.
        perceptual: What measures the first of the distances.
    """
    device = next(perceptual.parameters()).device
    x, y = torch.stack(list(restored)).to(device), torch.stack(list(clean)).to(device)
    values = zip(perceptual(x, y).tolist(), psnr(x, y).tolist(), ssim(x, y).tolist(), strict=True)
    return [Distances(*numbers) for numbers in values]
