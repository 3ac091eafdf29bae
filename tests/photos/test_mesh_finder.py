import numpy as np
import pytest
from photographs import photograph, scikit_image
from PIL import Image

from rsi.photos.face import ASIDE
from rsi.photos.face_crop import FaceCrop, crop_around
from rsi.photos.mesh_finder import MeshFinder

DLIB = FaceCrop((225.5, 106.95), (86.67, 3.92))  # the astronaut's crop as FFHQ's own tools make it
PERSON, SCENE = photograph("astronaut"), photograph("coffee").resize((1200, 800))


@pytest.fixture(scope="module")
def finder() -> MeshFinder:
    return MeshFinder()


def _turned(degrees: float, side: int) -> tuple[Image.Image, FaceCrop]:
    """The astronaut, turned and scaled so that the crop has ``side`` pixels, in a larger photograph; and that crop."""
    pixels = round(side * 1.5)
    per_pixel = DLIB.side / side * np.exp(-1j * np.deg2rad(degrees))
    across, down = per_pixel, per_pixel * 1j
    corner = complex(*DLIB.center) - (across + down) * pixels / 2
    matrix = (across.real, down.real, corner.real, across.imag, down.imag, corner.imag)
    scene = SCENE.copy()
    scene.paste(PERSON.transform((pixels, pixels), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC), (400, 60))
    right = complex(*DLIB.right) / per_pixel
    return scene, FaceCrop((400 + pixels / 2, 60 + pixels / 2), (right.real, right.imag))


def _check_close(crop: FaceCrop, expected: FaceCrop, shift: float, zoom: float, degrees: float) -> None:
    assert np.hypot(*np.subtract(crop.center, expected.center)) < shift * expected.side
    assert 1 / (1 + zoom) < crop.side / expected.side < 1 + zoom
    turn = np.angle(complex(*crop.right) / complex(*expected.right), deg=True)
    assert abs(turn) < degrees


def test_crops_are_nearly_those_of_ffhqs_own_tools(finder: MeshFinder) -> None:
    (face,) = finder.find(PERSON)
    _check_close(crop_around(face), DLIB, 0.01, 0.05, 2)
    assert face.confidence > 0.99
    assert face.doubts == ()


@pytest.mark.parametrize("degrees", [60, 90, 180, 245, 330])
def test_turned_faces_are_cut_out_as_upright_ones(finder: MeshFinder, degrees: float) -> None:
    photo, expected = _turned(degrees, 150)
    (face,) = finder.find(photo)
    _check_close(crop_around(face), expected, 0.02, 0.06, 3)


@pytest.mark.parametrize("box", [(200, 0, 400, 300), (0, 0, 250, 300), (80, 90, 380, 390), (80, 0, 380, 140)])
def test_faces_that_reach_beyond_the_photograph_are_cut_out_as_whole_ones(
    finder: MeshFinder, box: tuple[int, int, int, int]
) -> None:
    (face,) = finder.find(PERSON.crop(box))
    crop = crop_around(face)
    moved = FaceCrop((crop.center[0] + box[0], crop.center[1] + box[1]), crop.right)
    _check_close(moved, DLIB, 0.02, 0.06, 4)


def test_faces_of_a_thirtieth_of_a_photograph_are_found(finder: MeshFinder) -> None:
    photo, expected = _turned(10, 80)
    (face,) = finder.find(photo)
    assert np.ptp(face.oval[:, 0]) < 45
    _check_close(crop_around(face), expected, 0.03, 0.08, 4)


def test_the_oval_goes_around_the_face(finder: MeshFinder) -> None:
    (face,) = finder.find(PERSON)
    low, high = face.oval.min(0), face.oval.max(0)
    for point in (*face.eyes, face.mouth):
        assert (low < point).all()
        assert (point < high).all()
    assert low[1] > 40  # below the top of the hair
    assert high[1] < 180  # above the collar


def test_faces_are_given_from_left_to_right_and_none_twice(finder: MeshFinder) -> None:
    head = PERSON.crop((80, 20, 380, 260))
    pair = Image.new("RGB", (600, 240))
    pair.paste(head, (300, 0))
    pair.paste(head.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (0, 0))
    left, right = finder.find(pair)
    assert left.oval[:, 0].max() < 300 < right.oval[:, 0].min()


def test_a_profile_is_found_and_known_for_one(finder: MeshFinder) -> None:
    (face,) = finder.find(photograph("camera"))
    assert face.doubts == (ASIDE,)


@pytest.mark.parametrize("name", ["chelsea", "coins", "text", "rocket"])
def test_no_face_where_there_is_none(finder: MeshFinder, name: str) -> None:
    assert finder.find(photograph(name)) == []


def test_faces_of_25_pixels_are_told_from_other_patches(finder: MeshFinder) -> None:
    patches = (scikit_image.data.lfw_subset() * 255).astype(np.uint8)

    def is_face(index: int) -> bool:
        return bool(finder.find(Image.fromarray(patches[index]).convert("RGB").resize((100, 100), 3)))

    assert sum(is_face(index) for index in range(0, 100, 5)) >= 18
    assert sum(is_face(index) for index in range(100, 200, 5)) == 0


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (9, 40), (8, 1280), (5000, 1), (3, 9000)])
def test_tiny_and_narrow_pictures_have_no_face(finder: MeshFinder, size: tuple[int, int]) -> None:
    assert finder.find(Image.new("RGB", size)) == []
