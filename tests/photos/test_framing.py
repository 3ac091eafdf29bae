import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from literal_stylegan3 import random_generator
from PIL import Image
from torch import Tensor

from rsi.data.decoded import Picture
from rsi.data.orientation import as_stored
from rsi.data.target import JpegHeader
from rsi.errors import InputError
from rsi.generators.stylegan3.settings import StyleGAN3Settings
from rsi.photos.face import Face
from rsi.photos.face_crop import crop_around
from rsi.photos.framing import FaceFraming

PATH = Path("photo.jpg")
R = StyleGAN3Settings(
    8, 0, 8, 32, channel_base=256, channel_max=8, num_layers=5, output_scale=4.0, conv_kernel=1, use_radial_filters=True
)


def upright_landmarks() -> np.ndarray:
    """Of a face that fills the square from -0.5 to 0.5."""
    points = np.array([(-1, -1), (1, -1), (0, 1.4)])
    crop = crop_around(_face(points))
    return np.asarray((points - crop.center) / crop.side)


def _face(points: np.ndarray) -> Face:
    """A face of two eyes and a mouth."""
    return Face(points[:2], points[2], points, 1.0)


@dataclass
class Known:
    """Finds a face where it is known to be."""

    landmarks: np.ndarray

    def find(self, photo: Image.Image) -> list[Face]:
        return [_face(self.landmarks)] if len(self.landmarks) else []


def framing(center: tuple[float, float], side: float, degrees: float = 0.0, align: str = "transform") -> FaceFraming:
    """For a face with this centre, size and turn, clockwise."""
    angle = math.radians(degrees)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    found = FaceFraming(align)  # type: ignore[arg-type]
    found.finder = Known(upright_landmarks() @ turn.T * side + center)
    return found


def pattern(width: int, height: int) -> Tensor:
    return torch.rand(3, height, width, generator=torch.Generator().manual_seed(0))


@torch.no_grad()
def test_the_motion_puts_the_generators_picture_where_the_face_is() -> None:
    generator, codes = random_generator(R), torch.randn(1, 8, generator=torch.Generator().manual_seed(1))
    angle = math.radians(20)
    turn = torch.tensor([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    motion = torch.eye(3)
    motion[:2, :2], motion[:2, 2] = turn, -turn @ torch.tensor([0.125, -0.25])
    drawn = generator.synthesis(codes, None, motion[None])[0]
    photo = torch.zeros(3, 64, 64)
    photo[:, 12:44, 10:42] = drawn
    at = framing((10 + 16 + 32 * 0.125, 12 + 16 - 32 * 0.25), 32, degrees=20)
    _, square = at(Picture(photo), torch.ones(1, 64, 64), PATH, [32])
    assert square.motion is not None
    again = generator.synthesis(codes, None, square.motion[None])[0]
    inside = (slice(None), slice(8, 32), slice(0, 28))
    torch.testing.assert_close(square.image[inside], photo[:, 12:36, 14:42])
    assert (again - square.image)[inside].abs().mean() < 0.02 * drawn.std()


def test_pixels_are_kept_where_the_size_is_nearly_right() -> None:
    photo = pattern(100, 80)
    picture, square = framing((50.3, 40.2), 34, degrees=10)(Picture(photo), torch.ones(1, 80, 100), PATH, [16, 32])
    assert picture.rgb is photo
    assert torch.equal(square.image, photo[:, 24:56, 34:66])
    assert square.notes == ("cropped from 100x80 to 32x32 around its largest face",)
    expected = torch.tensor(framing_motion(-0.3 / 32, -0.2 / 32, 10))
    assert square.motion is not None
    torch.testing.assert_close(square.motion, expected, atol=1e-6, rtol=0)


def framing_motion(x: float, y: float, degrees: float) -> list[list[float]]:
    """By hand: first to the middle of the face, then its turn back."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return [[cos, sin, cos * x + sin * y], [-sin, cos, -sin * x + cos * y], [0, 0, 1]]


def test_other_sizes_are_resized_and_not_turned() -> None:
    photo = torch.full((3, 160, 200), 0.25)
    jpeg = JpegHeader(torch.ones(3, 8, 8), (2, 2))
    picture, square = framing((100, 80), 64, degrees=30)(Picture(photo, jpeg=jpeg), torch.ones(1, 160, 200), PATH, [32])
    assert picture.rgb.shape == (3, 80, 100)
    assert picture.jpeg is None
    assert picture.notes == ("resized from 200x160 to 100x80 for the size of its face",)
    torch.testing.assert_close(square.image, torch.full((3, 32, 32), 0.25))
    assert square.motion is not None
    torch.testing.assert_close(square.motion, torch.tensor(framing_motion(0, 0, 30)), atol=1e-6, rtol=0)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_blocks_of_a_jpeg_stay_where_they_are(orientation: int) -> None:
    upright = pattern(112, 96)
    stored = as_stored(upright, orientation)
    picture = Picture(stored, jpeg=JpegHeader(torch.ones(3, 8, 8), (2, 1)), orientation=orientation)
    _, square = framing((50, 45), 32)(picture, torch.ones(1, *stored.shape[1:]), PATH, [32])
    inside = stored.unfold(1, 32, 8).unfold(2, 32, 16)  # every corner of an MCU
    wanted = as_stored(square.image, orientation)
    assert any(torch.equal(wanted, part) for row in inside.permute(1, 2, 0, 3, 4) for part in row)
    assert square.motion is not None
    left, top = (
        round(place - 16 + 32 * float(shift)) for place, shift in zip((50, 45), square.motion[:2, 2], strict=True)
    )
    assert torch.equal(square.image, upright[:, top : top + 32, left : left + 32])


def test_what_lies_beyond_the_photograph_is_unknown() -> None:
    _, square = framing((10, 50), 32)(Picture(pattern(60, 60)), torch.ones(1, 60, 60), PATH, [32])
    assert square.frame == (6, 0, 26, 26)
    assert square.known.sum() == 26 * 26
    assert not square.image[:, :, :6].any()


def test_a_crop_is_turned() -> None:
    photo = torch.zeros(3, 100, 100)
    photo[:, :, 50:] = 1
    _, square = framing((50, 50), 32, 90, "crop")(Picture(photo), torch.ones(1, 100, 100), PATH, [32])
    assert square.motion is None
    assert square.image[:, 20:].min() < 0.01 < 0.99 < square.image[:, :12].max()


def test_what_cannot_be_framed() -> None:
    nobody = FaceFraming("transform")
    nobody.finder = Known(np.zeros((0, 2)))
    with pytest.raises(InputError, match=r"no face is found in 'photo.jpg': give --align none"):
        nobody(Picture(pattern(60, 60)), torch.ones(1, 60, 60), PATH, [32])
    with pytest.raises(InputError, match="has unknown pixels, which --align crop cannot turn: use --align transform"):
        framing((30, 30), 32, align="crop")(Picture(pattern(60, 60)), torch.zeros(1, 60, 60), PATH, [32])
    with pytest.raises(InputError, match=r"nothing is known of the face in 'photo.jpg'"):
        framing((30, 30), 32)(Picture(pattern(60, 60)), torch.zeros(1, 60, 60), PATH, [32])
