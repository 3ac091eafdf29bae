from typing import Any

import numpy as np
import pytest
import skimage.data
import skimage.metrics
import torch

from rsi.benchmark.metrics import measure, psnr, ssim
from rsi.perceptual import EmbeddedDistance

scikit_image: Any = skimage
PHOTOGRAPHS = np.stack([make()[:128, :128] for make in (scikit_image.data.astronaut, scikit_image.data.coffee)])
CLEAN = torch.from_numpy(PHOTOGRAPHS).permute(0, 3, 1, 2).float() / 255
NOISE = torch.randn(CLEAN.shape, generator=torch.Generator().manual_seed(0))
NOISY = ((CLEAN + torch.tensor([0.02, 0.2]).view(2, 1, 1, 1) * NOISE).clamp(0, 1) * 255).round() / 255


def pairs() -> list[tuple[np.ndarray, np.ndarray]]:
    return [(x.permute(1, 2, 0).numpy(), y.permute(1, 2, 0).numpy()) for x, y in zip(CLEAN, NOISY, strict=True)]


def test_psnr_is_that_of_scikit_image() -> None:
    expected = [scikit_image.metrics.peak_signal_noise_ratio(clean, noisy, data_range=1) for clean, noisy in pairs()]
    assert psnr(NOISY, CLEAN).tolist() == pytest.approx(expected, rel=1e-5)


def test_ssim_is_that_of_scikit_image() -> None:
    settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1}
    similarity = scikit_image.metrics.structural_similarity
    expected = [similarity(clean, noisy, channel_axis=2, **settings) for clean, noisy in pairs()]
    assert ssim(NOISY, CLEAN).tolist() == pytest.approx(expected, abs=1e-4)


def test_equal_images() -> None:
    (found,) = measure([CLEAN[0]], [CLEAN[0]], EmbeddedDistance())
    assert found.accuracy == pytest.approx(0, abs=1e-6)
    assert found.psnr == float("inf")
    assert found.ssim == pytest.approx(1)


def test_images_are_measured_one_by_one() -> None:
    network = EmbeddedDistance()
    together = measure(list(NOISY), list(CLEAN), network)
    apart = [measure([x], [y], network)[0] for x, y in zip(NOISY, CLEAN, strict=True)]
    assert [found.psnr for found in together] == pytest.approx([found.psnr for found in apart])
    assert [found.accuracy for found in together] == pytest.approx([found.accuracy for found in apart], rel=1e-4)
