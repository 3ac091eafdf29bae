from dataclasses import replace

import numpy as np
import pytest
from matplotlib.cbook import get_sample_data
from photographs import photograph
from PIL import Image, ImageEnhance, ImageFilter

from rsi.photos.face_crop import FaceCrop, crop_around, cut
from rsi.photos.face_finder import make_finder
from rsi.photos.pasting import PlacedFace, Shape, paste, shape_for

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


OVAL = np.array([224, 125]) + np.array([(46 * np.cos(a), 55 * np.sin(a)) for a in np.linspace(0, 6.2, 36)])
FACE = FaceCrop((224, 108), (86, 4))


def _restored(photo: Image.Image, sharper: float = 1.6, shift: tuple[int, int, int] = (14, -9, 6)) -> Image.Image:
    """The photograph's face, sharper and in colours that are a little off."""
    face = ImageEnhance.Sharpness(cut(photo, FACE, 256)).enhance(sharper)
    return Image.fromarray((np.asarray(face, int) + shift).clip(0, 255).astype(np.uint8))


def _steps(picture: Image.Image) -> np.ndarray:
    """How much neighbouring pixels differ, averaged over 3 x 3 so that edges of the picture itself count less."""
    grey = np.asarray(picture.convert("L").filter(ImageFilter.BoxBlur(1)), float)
    across, down = np.gradient(grey)
    steps: np.ndarray = np.hypot(across, down)
    return steps


@pytest.mark.parametrize("shape", ["oval", "square"])
def test_along_the_border_the_picture_is_no_steeper_than_the_photograph(shape: Shape) -> None:
    placed = PlacedFace(FACE, _restored(PHOTO), OVAL, shape, matched=True)
    pasted = paste(PHOTO, [placed], 0.08)
    white, black = (Image.new("RGB", size, color) for size, color in (((64, 64), "white"), (PHOTO.size, "black")))
    share = np.asarray(paste(black, [replace(placed, picture=white, matched=False)], 0.08).convert("L")) / 255
    ring = (share > 0.02) & (share < 0.98)
    steeper = _steps(pasted)[ring] - _steps(PHOTO)[ring]
    assert np.quantile(steeper, 0.99) < np.quantile(_steps(PHOTO)[ring], 0.9)
    assert steeper.mean() < 0.5


def test_an_oval_leaves_the_hair_and_the_corners_of_the_crop_alone() -> None:
    pasted = np.asarray(paste(PHOTO, [PlacedFace(FACE, WHITE, OVAL, "oval")], 0.08))
    assert (pasted[125, 224] == 255).all()
    for x, y in ((224, 40), (160, 60), (290, 180)):
        assert (pasted[y, x] == np.asarray(PHOTO)[y, x]).all()


def test_an_oval_that_is_not_known_is_about_where_faces_are() -> None:
    share = np.asarray(paste(Image.new("RGB", PHOTO.size), [PlacedFace(FACE, WHITE, None, "oval")], 0.08))[..., 0]
    known = np.asarray(paste(Image.new("RGB", PHOTO.size), [PlacedFace(FACE, WHITE, OVAL, "oval")], 0.08))[..., 0]
    both = np.minimum(share, known).sum() / np.maximum(share, known).sum()
    assert both > 0.75


def test_restored_colours_become_the_photograph_s_around_the_face() -> None:
    photo = Image.new("RGB", (300, 300), (120, 100, 80))
    bluish = Image.new("RGB", (64, 64), (90, 100, 140))
    pasted = np.asarray(paste(photo, [PlacedFace(FaceCrop((150, 150), (80, 0)), bluish, None, "oval", True)], 0.08))
    assert np.abs(pasted.astype(int) - (120, 100, 80)).max() <= 1


@pytest.mark.parametrize("cast", [(1.15, 1, 0.85), (0.8, 0.8, 0.8), (0.9, 1.05, 1.15)])
@pytest.mark.parametrize("name", ["astronaut", "grace_hopper"])
def test_half_of_a_cast_and_more_is_taken_off_the_faces_of_real_photographs(
    name: str, cast: tuple[float, float, float]
) -> None:
    photo = PHOTO if name == "astronaut" else Image.open(get_sample_data("grace_hopper.jpg", asfileobj=False))
    (found,) = make_finder().find(photo)
    crop = crop_around(found)
    face = Image.fromarray((np.asarray(cut(photo, crop, 256)) * cast).clip(0, 255).astype(np.uint8))
    black = Image.new("RGB", photo.size)
    inside = np.asarray(paste(black, [PlacedFace(crop, WHITE, found.oval, "oval")], 0.08))[..., 0] > 250
    left = [
        np.abs((np.asarray(paste(photo, [placed], 0.08), float) - np.asarray(photo, float))[inside].mean(0)).max()
        for placed in (PlacedFace(crop, face, found.oval, "oval", matched) for matched in (False, True))
    ]
    assert left[1] < left[0] / 2


def test_grey_stays_grey() -> None:
    grey = PHOTO.convert("L").convert("RGB")
    restored = _restored(grey, shift=(0, 0, 0))
    pasted = np.asarray(paste(grey, [PlacedFace(FACE, restored, OVAL, "oval", True)], 0.08))
    assert (pasted == pasted[..., :1]).all()


def test_a_neighbour_s_face_is_not_covered_by_an_oval_either() -> None:
    faces = [PlacedFace(LEFT, RED, None, "oval"), PlacedFace(RIGHT, BLUE, None, "oval")]
    pasted = np.asarray(paste(Image.new("RGB", (220, 200)), faces, 0.04))
    assert (pasted[110, 60:95] == (255, 0, 0)).all()
    assert (pasted[110, 125:160] == (0, 0, 255)).all()


@pytest.mark.parametrize(
    ("degradation", "shape"),
    [("inpaint", "square"), ("noise:M", "oval"), ("upsample+jpeg:quality=12", "oval"), ("jpeg+inpaint", "oval")],
)
def test_holes_alone_are_filled_to_the_border_of_the_crop(degradation: str, shape: Shape) -> None:
    assert shape_for(degradation) == shape


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
