import numpy as np
import pytest
from photographs import photograph
from PIL import Image

from rsi.photos.face_crop import FaceCrop, cut
from rsi.photos.pasting import paste

PHOTO = photograph("astronaut")
WHITE = Image.new("RGB", (64, 64), "white")
CROPS = [FaceCrop((224, 120), (80, 0)), FaceCrop((224, 120), (60, 40)), FaceCrop((20, 500), (70, -20))]


@pytest.mark.parametrize("crop", CROPS)
def test_pasting_what_was_cut_out_changes_next_to_nothing(crop: FaceCrop) -> None:
    pasted = paste(PHOTO, cut(PHOTO, crop, 512), crop, 0.08)
    difference = np.abs(np.asarray(pasted, float) - np.asarray(PHOTO, float))
    assert difference.mean() < 0.5


@pytest.mark.parametrize("crop", CROPS)
def test_nothing_outside_the_crop_changes(crop: FaceCrop) -> None:
    pasted = np.asarray(paste(PHOTO, WHITE, crop, 0.1))
    inside = np.asarray(paste(Image.new("RGB", PHOTO.size), WHITE, crop, 0.0)).any(-1)
    assert (pasted[~inside] == np.asarray(PHOTO)[~inside]).all()
    assert inside.any()


def test_the_edge_is_soft_and_the_middle_is_the_face_alone() -> None:
    black = Image.new("RGB", (200, 200))
    row = np.asarray(paste(black, WHITE, FaceCrop((100, 100), (50, 0)), 0.2))[100, :, 0].astype(int)
    assert row[49] == 0
    assert (row[72:128] == 255).all()
    ramp = row[50:72]
    assert (np.diff(ramp) >= 0).all()
    assert np.diff(ramp).max() < 25
    np.testing.assert_array_equal(row[50:100], row[149:99:-1])


def test_a_face_larger_than_its_place_is_averaged_down() -> None:
    checks = Image.fromarray(((np.indices((256, 256)).sum(0) % 2) * 255).astype(np.uint8)).convert("RGB")
    pasted = np.asarray(paste(Image.new("RGB", (64, 64)), checks, FaceCrop((32, 32), (16, 0)), 0.0), float)
    assert np.abs(pasted[20:44, 20:44] - 127.5).max() < 12
