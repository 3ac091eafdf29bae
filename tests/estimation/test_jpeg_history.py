"""That clean pictures were no JPEG is among what test_estimate.py says of them."""

import pytest
from damages import Damage
from torch import Tensor

from rsi.degradations import parse_degradation
from rsi.estimation.evidence import Evidence, evidence_of
from rsi.estimation.holes import find_holes
from rsi.estimation.jpeg_history import find_jpeg
from rsi.numerics.randomness import ImageRandom


def qualities(images: list[Evidence]) -> list[object]:
    found = [find_jpeg(find_holes(evidence)).of("jpeg") for evidence in images]
    return [finding and finding.settings["quality"] for finding in found]


@pytest.mark.parametrize("quality", [6, 12, 30, 75, 95])
def test_the_quality_is_exact_in_a_file_without_header(quality: int, damaged: Damage) -> None:
    assert set(qualities(damaged(f"jpeg:quality={quality}"))) == {quality}


def test_holes_painted_later_do_not_hide_it(damaged: Damage) -> None:
    assert set(qualities(damaged("jpeg:quality=12", strokes=9))) == {12}


@pytest.mark.parametrize(("noise", "quality"), [("k_p=96,k_b=0.04", 18), ("k_p=24,k_b=0.16", 12)])
def test_noise_before_does_not_hide_it(noise: str, quality: int, damaged: Damage) -> None:
    assert set(qualities(damaged(f"noise:{noise}+jpeg:quality={quality}"))) == {quality}


def test_heavy_noise_leaves_it_within_one(damaged: Damage) -> None:
    found = qualities(damaged("noise:XL+jpeg:quality=6"))
    assert {*found} <= {None, 6, 7}
    assert sum(quality is not None for quality in found) > len(found) / 2


def test_blocks_may_start_elsewhere_after_a_crop(sharp_images: list[Tensor]) -> None:
    image = parse_degradation("jpeg:quality=12").degrade(sharp_images[3], ImageRandom([0]))[0, :, 3:, 5:]
    finding = find_jpeg(evidence_of(image)).of("jpeg")
    assert finding is not None
    assert (finding.settings["quality"], finding.how) == (12, "guessed")
    assert finding.why.endswith("its blocks start at 3, 5")
