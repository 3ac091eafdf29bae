import numpy as np
import pytest
from photographs import photograph
from PIL import Image

from rsi.photos.dlib_finder import DlibFinder, _searched
from rsi.photos.face import ASIDE
from rsi.photos.face_crop import crop_around, cut

GOLDEN = (225.5, 106.95, 86.67053436130381, 3.915301346917235)  # by the formula of FFHQ from the 68 landmarks


@pytest.fixture(scope="module")
def finder() -> DlibFinder:
    return DlibFinder()


def _astronaut() -> Image.Image:
    picture: Image.Image = photograph("astronaut").crop((80, 20, 380, 260))
    return picture


def test_crops_are_those_that_ffhq_would_have(finder: DlibFinder) -> None:
    (face,) = finder.find(photograph("astronaut"))
    crop = crop_around(face)
    assert (*crop.center, *crop.right) == pytest.approx(GOLDEN, abs=1e-9)
    assert face.doubts == ()


def test_a_tilted_face_is_cut_out_as_the_upright_one(finder: DlibFinder) -> None:
    upright, tilted = _astronaut(), _astronaut().rotate(25, Image.Resampling.BICUBIC)
    faces = [finder.find(photo)[0] for photo in (upright, tilted)]
    cuts = [cut(photo, crop_around(face), 128) for photo, face in zip((upright, tilted), faces, strict=True)]
    center = [np.asarray(picture, float)[32:96, 32:96] for picture in cuts]
    assert np.corrcoef(center[0].ravel(), center[1].ravel())[0, 1] > 0.95


def test_a_profile_is_found_and_known_for_one(finder: DlibFinder) -> None:
    (face,) = finder.find(photograph("camera").crop((100, 60, 340, 260)))
    assert ASIDE in face.doubts


def test_no_face_in_a_cup_of_coffee(finder: DlibFinder) -> None:
    assert finder.find(photograph("coffee").resize((300, 200))) == []


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (9, 40), (8, 1280), (5000, 1), (3, 9000)])
def test_nothing_smaller_than_dlib_can_take_is_given_to_it(finder: DlibFinder, size: tuple[int, int]) -> None:
    assert min(_searched(Image.new("RGB", size), min(1.0, 1280 / max(size))).shape[:2]) >= 64
    assert finder.find(Image.new("RGB", size)) == []
