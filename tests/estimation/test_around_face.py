import io

import numpy as np
import pytest
from photographs import photograph
from PIL import Image, ImageDraw

from rsi.data.decoded import Picture
from rsi.data.reading import decode
from rsi.estimation.around_face import damage_of, estimate_around
from rsi.photos.face_crop import FaceCrop

PERSON = photograph("astronaut")
CROP = FaceCrop((224, 110), (86, 0))
TURNS = {1: None, 3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90}


def _decoded(photo: Image.Image, kind: str, orientation: int = 1, **settings: int) -> Picture:
    exif, turn = Image.Exif(), TURNS[orientation]
    exif[0x0112] = orientation
    file = io.BytesIO()
    (photo if turn is None else photo.transpose(turn)).save(file, kind, exif=exif, **settings)
    return decode(Image.open(file))


@pytest.mark.parametrize("orientation", TURNS)
def test_jpeg_that_was_saved_as_png_is_found_in_a_large_photograph_whichever_way_it_is_turned(orientation: int) -> None:
    large = Image.new("RGB", (1504, 1200), (90, 120, 90))
    large.paste(PERSON.resize((640, 640)), (800, 496))
    file = io.BytesIO()
    turn = TURNS[orientation]
    (large if turn is None else large.transpose(turn)).save(file, "JPEG", quality=25)
    stored = Image.open(file)
    exif = Image.Exif()
    exif[0x0112] = orientation
    again = io.BytesIO()
    stored.save(again, "PNG", exif=exif)
    estimate = estimate_around(decode(Image.open(again)), FaceCrop((1080, 633), (107, 0)))
    (jpeg,) = (finding for finding in estimate.findings if finding.stage == "jpeg")
    assert jpeg.settings["quality"] == pytest.approx(25, abs=2)
    assert estimate.known.shape == (1200, 1504)


def test_holes_are_known_where_they_are_in_the_upright_photograph() -> None:
    photo = PERSON.resize((256, 256))
    photo.putalpha(255)
    ImageDraw.Draw(photo).rectangle((100, 45, 109, 49), fill=(0, 0, 0, 0))
    damage = damage_of(_decoded(photo, "PNG", orientation=6), "auto", 256)(FaceCrop((112, 55), (43, 0)))
    assert damage.text.endswith("inpaint")
    assert damage.known is not None
    rows, columns = np.nonzero(~damage.known)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (45, 49, 100, 109)


def test_what_the_user_names_is_taken() -> None:
    damage = damage_of(_decoded(PERSON, "JPEG", quality=50), "noise:M", 128)(CROP)
    assert (damage.text, damage.size, damage.known) == ("noise:M", 128, None)
