import unicodedata
from pathlib import Path
from typing import Any, Literal

import imagecodecs
import numpy as np
import pytest
import tifffile
import torch
from PIL import Image, ImageColor
from torch import Tensor

from rsi.data.decoded import Picture
from rsi.data.masks import find_mask, known_by_color, known_in_file, known_pixels, parse_color
from rsi.data.orientation import upright
from rsi.data.reading import read_picture
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
    assert known_in_file(mask).tolist() == [[[0, 0, 1, 1]]]


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_mask_of_any_mode(tmp_path: Path, mode: str) -> None:
    Image.fromarray(np.array([[0, 255]], dtype=np.uint8)).convert(mode).save(tmp_path / "m.png")
    assert known_in_file(tmp_path / "m.png").tolist() == [[[0, 1]]]


HOLE = np.zeros((16, 16), dtype=bool)
HOLE[4:9, 5:12] = True
EXPECTED = (~HOLE).astype(int).tolist()


def layer(colour: Any, opaque: Any) -> Image.Image:
    """A mask of one colour, or of one a pixel, opaque in places."""
    pixels = np.zeros((16, 16, 4), np.uint8)
    pixels[..., :3] = colour
    pixels[..., 3] = np.asarray(opaque) * 255
    return Image.fromarray(pixels)


def known_of(mask: Image.Image, path: Path, **options: Any) -> Any:
    mask.save(path, **options)
    return known_in_file(path)[0].int().tolist()


WHITE_WITH_A_HOLE = layer(255, ~HOLE)
BLACK_STROKES = layer(0, HOLE)
BLACK_STROKES_ON_WHITE = layer(np.where(HOLE, 0, 255)[..., None], HOLE)
DRAWN = layer(np.where(HOLE, 0, 255)[..., None], np.ones_like(HOLE))


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        *[(f"a.{suffix}", mode) for suffix in ("png", "tif", "webp") for mode in ("RGBA", "LA")],
        ("a.png", "P"),
        ("a.tif", "PA"),
    ],
)
@pytest.mark.parametrize(
    "mask", [WHITE_WITH_A_HOLE, BLACK_STROKES, BLACK_STROKES_ON_WHITE, DRAWN], ids=["hole", "strokes", "white", "drawn"]
)
def test_mask_with_transparency(tmp_path: Path, mask: Image.Image, name: str, mode: str) -> None:
    options = {"lossless": True} if name.endswith("webp") else {}
    assert known_of(mask.convert(mode), tmp_path / name, **options) == EXPECTED


@pytest.mark.parametrize("colour", ["red", "yellow", "cyan", "#808000", "#404040"])
@pytest.mark.parametrize("opacity", [1, 0.5, 0.3])
def test_strokes_of_any_brush_are_holes(tmp_path: Path, colour: str, opacity: float) -> None:
    mask = layer(ImageColor.getrgb(colour), HOLE * opacity)
    assert known_of(mask, tmp_path / "m.png") == EXPECTED


@pytest.mark.parametrize("colour", ["red", "yellow", "magenta", "black", "#606060"])
def test_strokes_on_white_are_holes(tmp_path: Path, colour: str) -> None:
    mask = Image.new("RGB", (16, 16), "white")
    mask.paste(colour, mask=Image.fromarray(HOLE))
    assert known_of(mask, tmp_path / "m.png") == EXPECTED


def test_soft_strokes_have_their_edge_at_half_opacity(tmp_path: Path) -> None:
    opacity = np.tile(np.linspace(0, 1, 16), (16, 1))
    assert known_of(layer(0, opacity), tmp_path / "m.png")[0] == [1] * 8 + [0] * 8
    assert known_of(layer(255, opacity), tmp_path / "n.png")[0] == [0] * 8 + [1] * 8


def test_white_paint_beside_black_and_nothing_is_known(tmp_path: Path) -> None:
    colours = np.full((16, 16, 1), 255)
    colours[:, 8:] = 0
    opaque = np.ones((16, 16))
    opaque[:8] = 0
    assert known_of(layer(colours, opaque), tmp_path / "m.png") == [[0] * 16] * 8 + [[1] * 8 + [0] * 8] * 8


@pytest.mark.parametrize("gray", [True, False])
def test_photograph_that_was_cut_out_is_known_where_it_is_opaque(tmp_path: Path, gray: bool) -> None:
    photograph = np.random.default_rng(0).integers(0, 256, (16, 16, 1 if gray else 3))
    assert known_of(layer(photograph, ~HOLE), tmp_path / "m.png") == EXPECTED


@pytest.mark.parametrize("white", [255, 65535])
def test_mask_of_16_bits(tmp_path: Path, white: int) -> None:
    mask = Image.fromarray(np.where(HOLE, white // 3, white).astype(np.uint16))
    for name in ("m.png", "m.tif"):
        assert known_of(mask, tmp_path / name) == EXPECTED


def test_mask_of_16_bits_with_alpha(tmp_path: Path) -> None:
    samples = np.zeros((16, 16, 4), np.uint16)
    samples[..., 3] = HOLE * 65535
    tifffile.imwrite(tmp_path / "m.tif", samples, photometric="rgb", extrasamples=["unassalpha"])
    assert known_in_file(tmp_path / "m.tif")[0].int().tolist() == EXPECTED
    (tmp_path / "m.png").write_bytes(imagecodecs.png_encode(samples))
    assert known_in_file(tmp_path / "m.png")[0].int().tolist() == EXPECTED


def test_bilevel_mask_with_a_transparent_level(tmp_path: Path) -> None:
    mask = Image.fromarray(~HOLE)
    assert known_of(mask, tmp_path / "m.png", transparency=0) == EXPECTED


def test_transparent_mask_is_an_error(tmp_path: Path) -> None:
    layer(255, np.zeros((16, 16))).save(tmp_path / "m.png")
    with pytest.raises(InputError, match=r"mask '.*m.png' is transparent all over: paint what is known white"):
        known_in_file(tmp_path / "m.png")


def test_mask_that_is_equally_opaque_all_over_is_what_it_is_painted(tmp_path: Path) -> None:
    mask = layer(np.where(HOLE, 0, 255)[..., None], np.full((16, 16), 0.4))
    assert known_of(mask, tmp_path / "m.png") == EXPECTED


def test_black_mask_is_an_error(tmp_path: Path) -> None:
    mask = save_mask(tmp_path / "m.png", [[0, 100]])
    with pytest.raises(InputError, match=r"mask '.*m.png' is black all over: paint what is known white"):
        known_in_file(mask)


def test_mask_of_labels_is_said_to_be_one(tmp_path: Path) -> None:
    mask = save_mask(tmp_path / "m.png", [[0, 1]])
    with pytest.raises(InputError, match=r"is black all over: .*; it holds 0 and 1 alone, white is 255"):
        known_in_file(mask)


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
    assert known_by_color(read_picture(tmp_path / "a.png").rgb, "#ff00ff").tolist() == [[[0, 1, 1]]]


def test_every_gray_level_is_found() -> None:
    for value in range(256):
        rgb = torch.full((3, 1, 1), value, dtype=torch.uint8).float().div(255)
        assert known_by_color(rgb, f"#{value:02x}{value:02x}{value:02x}").item() == 0


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


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("name", ["Zoé.png", "Zoé.jpg", "Ünal/Zoé.jpg", "ガ/à.b.webp"])
def test_accents_may_be_composed_or_not(tmp_path: Path, name: str, form: Literal["NFC", "NFD"]) -> None:
    mask = tmp_path / unicodedata.normalize(form, name.replace(".jpg", ".png").replace(".webp", ".tif"))
    mask.parent.mkdir(exist_ok=True)
    mask.touch()
    for other in ("NFC", "NFD"):
        assert find_mask(tmp_path, unicodedata.normalize(other, name)) == mask


def test_exact_name_comes_before_one_composed_otherwise(tmp_path: Path) -> None:
    for form in ("NFC", "NFD"):
        (tmp_path / unicodedata.normalize(form, "é.png")).touch()
        assert find_mask(tmp_path, unicodedata.normalize(form, "é.png")).name == unicodedata.normalize(form, "é.png")
    with pytest.raises(InputError, match=r"has several masks"):
        find_mask(tmp_path, "é.jpg")


@pytest.mark.parametrize("suffix", [".jfif", ".jpg_large", ".unheard-of", ""])
def test_mask_is_known_by_its_content(tmp_path: Path, suffix: str) -> None:
    Image.new("L", (3, 2), "white").save(tmp_path / f"a{suffix}", "JPEG")
    (tmp_path / "a.txt").write_text("about the mask")
    (tmp_path / "a.doc").write_text("about the mask")
    assert find_mask(tmp_path, "a.png") == tmp_path / f"a{suffix}"


def test_broken_mask_names_the_mask(tmp_path: Path) -> None:
    (tmp_path / "m.png").write_text("no picture")
    with pytest.raises(InputError, match=r"m.png' cannot be read"):
        known_pixels(picture(), PATH, mask=tmp_path / "m.png")
