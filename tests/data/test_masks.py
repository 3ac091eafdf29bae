from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from rsi.data.masks import find_mask, from_color, from_file, known_pixels, parse_color
from rsi.data.orientation import upright
from rsi.data.reading import Picture, read_picture
from rsi.errors import InputError

PATH = Path("faces/a.png")


def picture(alpha: Tensor | None = None, height: int = 2, width: int = 3, orientation: int = 1) -> Picture:
    return Picture(torch.rand(3, height, width), alpha, orientation=orientation)


def save_mask(path: Path, values: list[list[int]]) -> Path:
    Image.fromarray(np.array(values, dtype=np.uint8)).save(path)
    return path


def test_everything_is_known_without_a_mask() -> None:
    known = known_pixels(picture(), PATH)
    assert torch.equal(known, torch.ones(1, 2, 3))


def test_less_than_half_opaque_is_unknown() -> None:
    alpha = torch.tensor([[[0, 0.25, 0.499], [0.5, 0.75, 1]]])
    assert known_pixels(picture(alpha), PATH).tolist() == [[[0, 0, 0], [1, 1, 1]]]


def test_mask_threshold_is_one_half(tmp_path: Path) -> None:
    mask = save_mask(tmp_path / "m.png", [[0, 127, 128, 255]])
    assert from_file(mask).tolist() == [[[0, 0, 1, 1]]]


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_mask_of_any_mode(tmp_path: Path, mode: str) -> None:
    Image.fromarray(np.array([[0, 255]], dtype=np.uint8)).convert(mode).save(tmp_path / "m.png")
    assert from_file(tmp_path / "m.png").tolist() == [[[0, 1]]]


def test_black_mask_is_an_error(tmp_path: Path) -> None:
    mask = save_mask(tmp_path / "m.png", [[0, 100]])
    with pytest.raises(InputError, match=r"mask '.*m.png' is black all over: paint what is known white"):
        from_file(mask)


def test_mask_of_another_size_is_an_error(tmp_path: Path) -> None:
    mask = save_mask(tmp_path / "m.png", [[255, 255]])
    with pytest.raises(InputError, match=r"mask '.*m.png' is 2x1 but 'faces.a.png' is 3x2: make them equal"):
        known_pixels(picture(), PATH, mask=mask)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_mask_is_drawn_on_the_upright_picture(tmp_path: Path, orientation: int) -> None:
    stored = picture(orientation=orientation)
    height, width = upright(stored.rgb, orientation).shape[-2:]
    values = np.random.default_rng(0).integers(0, 2, (height, width)) * 255
    mask = save_mask(tmp_path / "m.png", values.tolist())
    known = known_pixels(stored, PATH, mask=mask)
    assert known.shape == (1, 2, 3)
    assert torch.equal(upright(known, orientation)[0], torch.from_numpy(values).float() / 255)


def test_colour_must_match_exactly(tmp_path: Path) -> None:
    pixels = np.array([[[255, 0, 255], [254, 0, 255], [255, 1, 255]]], dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert from_color(read_picture(tmp_path / "a.png").rgb, "#ff00ff").tolist() == [[[0, 1, 1]]]


def test_every_gray_level_is_found() -> None:
    for value in range(256):
        rgb = torch.full((3, 1, 1), value, dtype=torch.uint8).float().div(255)
        assert from_color(rgb, f"#{value:02x}{value:02x}{value:02x}").item() == 0


@pytest.mark.parametrize("colour", ["#ff8000", "#FF8000", "rgb(255,128,0)"])
def test_colours_can_be_written_in_several_ways(colour: str) -> None:
    assert parse_color(colour).mul(255).tolist() == [255, 128, 0]
    assert parse_color("magenta").tolist() == [1, 0, 1]


@pytest.mark.parametrize("colour", ["", "pinkish", "#ff", "#ff000080", "255,0,0"])
def test_no_colour(colour: str) -> None:
    with pytest.raises(InputError, match=rf"mask_color '{colour}' is not a colour"):
        parse_color(colour)


def test_sources_are_multiplied(tmp_path: Path) -> None:
    rgb = torch.full((3, 1, 4), 0.5)
    rgb[:, 0, 0] = 0
    alpha = torch.tensor([[[1, 0, 1, 1.0]]])
    mask = save_mask(tmp_path / "m.png", [[255, 255, 0, 255]])
    assert known_pixels(Picture(rgb, alpha), PATH, mask=mask, mask_color="black").tolist() == [[[0, 0, 0, 1]]]


def test_nothing_known_is_an_error() -> None:
    with pytest.raises(InputError, match=r"nothing of 'faces.a.png' is known"):
        known_pixels(picture(torch.zeros(1, 2, 3)), PATH)


def test_mask_of_the_same_name_comes_first(tmp_path: Path) -> None:
    for name in ("a.png", "a.jpg"):
        save_mask(tmp_path / name, [[255]])
    assert find_mask(tmp_path, "a.jpg") == tmp_path / "a.jpg"


@pytest.mark.parametrize("mask", ["a.png", "a.PNG", "a.tif", "a.webp"])
def test_mask_may_have_another_image_suffix(tmp_path: Path, mask: str) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / mask).touch()
    (tmp_path / "sub" / "a.txt").touch()
    (tmp_path / "sub" / "ab.png").touch()
    assert find_mask(tmp_path, "sub/a.jpg") == tmp_path / "sub" / mask


@pytest.mark.parametrize("name", ["a.jpg", "sub/[x] *.jpg"])
def test_missing_mask_names_the_expected_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError) as raised:
        find_mask(tmp_path, name)
    assert repr(name) in str(raised.value)
    assert repr(str(tmp_path / name.replace(".jpg", ".png"))) in str(raised.value)


def test_several_masks_are_an_error(tmp_path: Path) -> None:
    for name in ("a.png", "a.tif"):
        (tmp_path / name).touch()
    with pytest.raises(InputError, match=r"'a.jpg' has several masks in .*, keep one of 'a.png', 'a.tif'"):
        find_mask(tmp_path, "a.jpg")


def test_broken_mask_names_the_mask(tmp_path: Path) -> None:
    (tmp_path / "m.png").write_text("no picture")
    with pytest.raises(InputError, match=r"m.png' cannot be read"):
        known_pixels(picture(), PATH, mask=tmp_path / "m.png")
