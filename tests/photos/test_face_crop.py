from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from rsi.photos.face import Face
from rsi.photos.face_crop import FaceCrop, crop_around, cut

PHOTO = Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8))


def _face(left_eye: tuple[float, float], right_eye: tuple[float, float], mouth: tuple[float, float]) -> Face:
    return Face(np.array([left_eye, right_eye]), np.array(mouth), np.zeros((0, 2)), 1.0)


def test_an_upright_crop_without_scaling_is_the_photograph_itself() -> None:
    crop = FaceCrop(center=(60, 40), right=(16, 0))
    expected = np.asarray(PHOTO)[24:56, 44:76]
    np.testing.assert_array_equal(np.asarray(cut(PHOTO, crop, 32)), expected)


def test_a_crop_turned_by_a_right_angle_is_the_turned_photograph() -> None:
    crop = FaceCrop(center=(60, 40), right=(0, 16))
    expected = np.rot90(np.asarray(PHOTO)[24:56, 44:76])
    np.testing.assert_allclose(np.asarray(cut(PHOTO, crop, 32), float), expected, atol=1)


def test_what_lies_beyond_the_photograph_is_mirrored() -> None:
    crop = FaceCrop(center=(0, 40), right=(16, 0))
    picture = np.asarray(cut(PHOTO, crop, 32))
    np.testing.assert_array_equal(picture[:, 16:], np.asarray(PHOTO)[24:56, :16])
    np.testing.assert_array_equal(picture[:, 15::-1], np.asarray(PHOTO)[24:56, 1:17])
    assert crop.share_outside(PHOTO) == pytest.approx(0.5)


def test_the_square_of_a_known_face() -> None:
    crop = crop_around(_face((40, 40), (60, 40), (50, 62)))
    assert crop.center == pytest.approx((50, 42.2))
    assert crop.right == pytest.approx((40, 0), abs=1e-9)
    assert crop.side == pytest.approx(80)
    long_face = crop_around(_face((40, 40), (60, 40), (50, 70)))
    assert long_face.side == pytest.approx(2 * 1.8 * 30)


def test_a_turned_face_gives_the_same_square_turned() -> None:
    angle = np.deg2rad(30)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    face = _face((40, 40), (60, 40), (50, 62))
    turned = replace(face, eyes=face.eyes @ turn.T, mouth=turn @ face.mouth)
    np.testing.assert_allclose(crop_around(turned).corners, crop_around(face).corners @ turn.T)


def test_reducing_averages_instead_of_picking_pixels() -> None:
    checks = Image.fromarray(np.kron(np.indices((64, 64)).sum(0) % 2, np.ones((1, 1))).astype(np.uint8) * 255).convert(
        "RGB"
    )
    picture = np.asarray(cut(checks, FaceCrop(center=(32, 32), right=(24, 0)), 12), float)
    assert np.abs(picture - 127.5).max() < 12
