from functools import partial
from pathlib import Path

import numpy as np
import pytest
from damages import Damage
from PIL import Image

import rsi
from rsi.estimation.estimate import Estimate, estimate_evidence
from rsi.estimation.evidence import Evidence
from rsi.estimation.networks import network_of


def estimate(evidence: Evidence) -> Estimate:
    return estimate_evidence(evidence, partial(network_of, "avatars128"))


def test_clean_pictures_have_an_empty_table(damaged: Damage) -> None:
    for evidence in damaged(""):
        found = estimate(evidence)
        assert (found.findings, found.text) == ((), "")


def test_damages_come_in_the_order_in_which_they_happened(damaged: Damage) -> None:
    for evidence in damaged("noise:k_p=24,k_b=0.16+jpeg:quality=12", strokes=9)[:3]:
        found = estimate(evidence)
        assert [finding.stage for finding in found.in_order] == ["noise", "jpeg", "inpaint"]
        assert found.text.startswith("noise:k_p=")
        assert found.text.endswith("+inpaint")
        assert abs(float(found.sure[1].settings["quality"]) - 12) <= 1


def test_drawings_tell_under_jpeg_how_noisy_they_were(damaged: Damage) -> None:
    for evidence in damaged("noise:k_p=24,k_b=0.16+jpeg:quality=12")[:3]:
        noise = estimate(evidence).sure[0]
        assert noise.settings["k_b"] == pytest.approx(0.16, rel=0.25)
        low, high = noise.intervals["k_p"]
        assert low < 24 < high


def test_a_header_is_read(tmp_path: Path, damaged: Damage) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(damaged("")[3].pixels.astype(np.uint8).transpose(1, 2, 0)).save(path, quality=30)
    (jpeg,) = (finding for finding in rsi.estimate(path).findings if finding.stage == "jpeg")
    assert (jpeg.how, jpeg.text, jpeg.shown) == ("read", "jpeg", {"quality": 30})


def test_an_earlier_coarser_jpeg_counts(tmp_path: Path, damaged: Damage) -> None:
    path = tmp_path / "again.jpg"
    pixels = damaged("jpeg:quality=12")[3].pixels.astype(np.uint8).transpose(1, 2, 0)
    Image.fromarray(pixels).save(path, quality=90)
    found = rsi.estimate(path)
    assert [(finding.stage, finding.how) for finding in found.in_order] == [("jpeg", "exact"), ("jpeg", "read")]
    assert found.text == "jpeg:quality=12"


def test_transparent_pixels_are_holes_that_are_read(damaged: Damage) -> None:
    rgb = damaged("")[0].pixels.astype(np.uint8).transpose(1, 2, 0)
    alpha = np.full((*rgb.shape[:2], 1), 255, np.uint8)
    alpha[40:80, 40:80] = 0
    found = rsi.estimate(Image.fromarray(np.concatenate([rgb, alpha], 2)))
    assert [(finding.stage, finding.how) for finding in found.findings] == [("inpaint", "read")]


def test_small_and_plain_pictures_do_not_crash() -> None:
    for side in (1, 2, 7, 8, 17, 40):
        for value in (0, 128, 255):
            rsi.estimate(np.full((side, side + 3, 3), value, np.uint8))
