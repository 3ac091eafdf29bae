import numpy as np
import pytest
from photographs import photograph
from PIL import Image

from rsi.photos.face_crop import FaceCrop, cut
from rsi.photos.pasting import PlacedFace, paste

PHOTO = photograph("astronaut")
WHITE = Image.new("RGB", (64, 64), "white")
CROPS = [FaceCrop((224, 120), (80, 0)), FaceCrop((224, 120), (60, 40)), FaceCrop((20, 500), (70, -20))]


def _pasted(photo: Image.Image, face: Image.Image, crop: FaceCrop, edge: float) -> Image.Image:
    return paste(photo, [PlacedFace(crop, face)], edge)


@pytest.mark.parametrize("crop", CROPS)
def test_pasting_what_was_cut_out_changes_next_to_nothing(crop: FaceCrop) -> None:
    pasted = _pasted(PHOTO, cut(PHOTO, crop, 512), crop, 0.08)
    difference = np.abs(np.asarray(pasted, float) - np.asarray(PHOTO, float))
    assert difference.mean() < 0.5


@pytest.mark.parametrize("crop", CROPS)
def test_nothing_outside_the_crop_changes(crop: FaceCrop) -> None:
    pasted = np.asarray(_pasted(PHOTO, WHITE, crop, 0.1))
    inside = np.asarray(_pasted(Image.new("RGB", PHOTO.size), WHITE, crop, 0.0)).any(-1)
    assert (pasted[~inside] == np.asarray(PHOTO)[~inside]).all()
    assert inside.any()


def test_the_edge_is_soft_and_the_middle_is_the_face_alone() -> None:
    black = Image.new("RGB", (200, 200))
    row = np.asarray(_pasted(black, WHITE, FaceCrop((100, 100), (50, 0)), 0.2))[100, :, 0].astype(int)
    assert row[49] == 0
    assert (row[72:128] == 255).all()
    ramp = row[50:72]
    assert (np.diff(ramp) >= 0).all()
    assert np.diff(ramp).max() < 25
    np.testing.assert_array_equal(row[50:100], row[149:99:-1])


def test_a_face_larger_than_its_place_is_averaged_down() -> None:
    checks = Image.fromarray(((np.indices((256, 256)).sum(0) % 2) * 255).astype(np.uint8)).convert("RGB")
    pasted = np.asarray(_pasted(Image.new("RGB", (64, 64)), checks, FaceCrop((32, 32), (16, 0)), 0.0), float)
    assert np.abs(pasted[20:44, 20:44] - 127.5).max() < 12


LEFT, RIGHT = FaceCrop((80, 100), (60, 0)), FaceCrop((140, 100), (60, 0))
RED, BLUE = (Image.new("RGB", (64, 64), colour) for colour in ("red", "blue"))


@pytest.mark.parametrize("swapped", [False, True])
def test_where_crops_overlap_each_pixel_goes_to_the_face_whose_middle_is_nearer(swapped: bool) -> None:
    faces = [PlacedFace(LEFT, RED), PlacedFace(RIGHT, BLUE)]
    pasted = np.asarray(paste(Image.new("RGB", (220, 200)), faces[::-1] if swapped else faces, 0.04))
    assert (pasted[60:140, 40:104] == (255, 0, 0)).all()
    assert (pasted[60:140, 116:180] == (0, 0, 255)).all()
    seam = pasted[100, 100:120].astype(int)
    assert (np.diff(seam[:, 0]) <= 0).all()
    assert np.abs(seam.sum(-1) - 255).max() <= 2


def test_a_neighbour_that_is_not_restored_stays_as_it_is_in_the_photograph() -> None:
    grey = Image.new("RGB", (220, 200), (90, 90, 90))
    pasted = np.asarray(paste(grey, [PlacedFace(LEFT, None), PlacedFace(RIGHT, BLUE)], 0.04))
    assert (pasted[50:150, :104] == 90).all()
    assert (pasted[60:140, 116:180] == (0, 0, 255)).all()


def test_three_overlapping_faces_leave_no_gap() -> None:
    faces = [PlacedFace(FaceCrop(center, (60, 10)), WHITE) for center in ((80, 80), (130, 85), (100, 120))]
    pasted = np.asarray(paste(Image.new("RGB", (220, 220)), faces, 0.05))
    assert pasted[70:130, 80:130].min() >= 253


@pytest.mark.parametrize("crop", CROPS)
@pytest.mark.parametrize("box", [(128, 0, 384, 512), (0, 128, 512, 384)])
def test_a_picture_that_is_not_square_goes_to_the_middle_of_its_crop(
    crop: FaceCrop, box: tuple[int, int, int, int]
) -> None:
    part = cut(PHOTO, crop, 512).crop(box)
    difference = np.abs(np.asarray(_pasted(PHOTO, part, crop, 0.08), float) - np.asarray(PHOTO, float))
    assert difference.mean() < 0.5
    black, white = Image.new("RGB", PHOTO.size), WHITE.resize(part.size)
    whole = np.asarray(_pasted(black, WHITE, crop, 0.0)).any(-1).sum()
    middle = np.asarray(_pasted(black, white, crop, 0.0)).any(-1).sum()
    if crop is not CROPS[2]:  # which lies beyond the photograph in part
        assert 0.48 < middle / whole < 0.52
