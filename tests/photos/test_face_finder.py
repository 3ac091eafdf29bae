import numpy as np
import pytest
from photographs import photograph
from PIL import Image

from rsi.photos.face_crop import crop_around, cut
from rsi.photos.face_finder import FaceFinder, _searched


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder()


def _astronaut() -> Image.Image:
    picture: Image.Image = photograph("astronaut").crop((80, 20, 380, 260))
    return picture


def test_a_tilted_face_is_cut_out_as_the_upright_one(finder: FaceFinder) -> None:
    upright, tilted = _astronaut(), _astronaut().rotate(25, Image.Resampling.BICUBIC)
    cuts = [cut(photo, crop_around(finder.find(photo)[0].landmarks), 128) for photo in (upright, tilted)]
    center = [np.asarray(picture, float)[32:96, 32:96] for picture in cuts]
    assert np.corrcoef(center[0].ravel(), center[1].ravel())[0, 1] > 0.95
    assert all(finder.frontal_score(picture) > 1 for picture in cuts)


def test_faces_are_given_from_left_to_right(finder: FaceFinder) -> None:
    pair = Image.new("RGB", (600, 240))
    pair.paste(_astronaut(), (300, 0))
    pair.paste(_astronaut().transpose(Image.Transpose.FLIP_LEFT_RIGHT), (0, 0))
    faces = finder.find(pair)
    assert len(faces) == 2
    assert faces[0].landmarks[:, 0].max() < 300 < faces[1].landmarks[:, 0].min()


def test_a_profile_is_found_and_known_for_one(finder: FaceFinder) -> None:
    photo = photograph("camera").crop((100, 60, 340, 260))
    (face,) = finder.find(photo)
    assert finder.frontal_score(cut(photo, crop_around(face.landmarks), 256)) < 0.3


def test_no_face_in_a_cup_of_coffee(finder: FaceFinder) -> None:
    assert finder.find(photograph("coffee").resize((300, 200))) == []


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (9, 40), (8, 1280), (5000, 1), (3, 9000)])
def test_nothing_smaller_than_dlib_can_take_is_given_to_it(finder: FaceFinder, size: tuple[int, int]) -> None:
    assert min(_searched(Image.new("RGB", size), min(1.0, 1280 / max(size))).shape[:2]) >= 64
    assert finder.find(Image.new("RGB", size)) == []
