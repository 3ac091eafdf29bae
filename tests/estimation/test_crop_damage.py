import io

import numpy as np
import pytest
import torch
from photographs import photograph
from PIL import Image

from rsi.data.reading import decode
from rsi.degradations import parse_degradation
from rsi.estimation.crop_damage import CropDamage, cut_size, found_damage, given_damage
from rsi.estimation.estimate import Estimate, estimate_evidence, evidence_of_picture
from rsi.estimation.evidence import Finding

KNOWN = np.ones((8, 8), bool)


def _found(side: float, resolution: int, *findings: Finding) -> CropDamage:
    return found_damage(Estimate(findings[::-1], KNOWN), side, resolution)


def _finding(stage: str, **settings: float) -> Finding:
    return Finding(stage, settings, "measured", "a test says so")


@pytest.mark.parametrize(
    ("side", "size"), [(2000, 1024), (800, 1024), (760, 512), (400, 512), (100, 128), (90, 64), (3, 16)]
)
def test_faces_are_cut_out_at_the_size_that_they_have(side: float, size: int) -> None:
    assert cut_size(side, 1024) == size


def test_a_small_face_is_enlarged_by_the_restoration() -> None:
    assert given_damage("noise:M", 100, 256, None) == CropDamage("upsample+noise:M", 128)
    assert given_damage("upsample+jpeg:quality=12", 100, 256, None).text == "upsample+jpeg:quality=12"
    assert given_damage("noise:M", 300, 256, None) == CropDamage("noise:M", 256)
    assert given_damage("upsample:factor=1", 100, 256, None) == CropDamage("upsample", 128)
    assert given_damage("upsample:factor=8", 300, 256, None) == CropDamage("upsample:factor=8", 32)


def test_what_is_transparent_is_a_hole_where_holes_are_named() -> None:
    assert given_damage("noise:M", 300, 256, KNOWN).known is None
    assert given_damage("noise:M+inpaint", 300, 256, KNOWN).known is KNOWN


def test_averaging_makes_noise_and_blur_smaller_and_lets_jpeg_vanish() -> None:
    findings = (
        _finding("blur", sigma=4),
        _finding("noise", k_p=24, k_b=0.1),
        _finding("gaussian", sigma=0.1),
        _finding("jpeg", quality=60),
    )
    assert _found(256, 256, *findings).text == "blur:sigma=4+noise:k_p=24,k_b=0.1+gaussian:sigma=0.1+jpeg:quality=60"
    assert _found(512, 256, *findings).text == "blur:sigma=2+noise:k_p=96,k_b=0+gaussian:sigma=0.05+jpeg:quality=80"
    assert _found(2560, 256, _finding("jpeg", quality=60)).text == "upsample:factor=1"


def test_a_photograph_that_was_enlarged_is_cut_out_at_the_size_that_it_had() -> None:
    damage = _found(512, 256, _finding("resized", factor=4), _finding("jpeg", quality=50))
    assert damage.size == 128
    assert damage.text == "upsample+jpeg:quality=50"


def test_noise_scales_as_true_noise_does() -> None:
    """Averages of 2 x 2 pixels with the noise that was found vary as the noise that is said of the smaller face."""
    grey, random = torch.full((1, 3, 256, 256), 0.5), np.random.default_rng(0)
    k_p = 24.0
    noisy = torch.from_numpy(random.poisson(grey.numpy() * k_p) / k_p)
    averaged = torch.nn.functional.avg_pool2d(noisy, 2)
    said = _found(512, 256, _finding("noise", k_p=k_p, k_b=0)).text
    expected = random.poisson(grey.numpy() * float(said.partition("k_p=")[2].partition(",")[0])) / (4 * k_p)
    assert float(averaged.std()) == pytest.approx(float(expected.std()), rel=0.03)


def test_what_is_found_in_a_photograph_can_be_undone() -> None:
    file = io.BytesIO()
    photograph("astronaut").crop((60, 0, 400, 280)).save(file, "JPEG", quality=30)
    picture = decode(Image.open(file))
    damage = found_damage(estimate_evidence(evidence_of_picture(picture), lambda: None), 173, 256)
    assert damage.size == 128
    assert damage.text.startswith("upsample+jpeg:quality=")
    parse_degradation(damage.text)
