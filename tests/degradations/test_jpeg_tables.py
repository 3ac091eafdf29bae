import io
from typing import cast

import pytest
import torch
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from rsi.degradations import quality_of, standard_tables
from rsi.degradations.jpeg_tables import QUALITIES, sampling_name


def pillows_tables(quality: int) -> torch.Tensor:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG", quality=quality)
    tables = cast(JpegImageFile, Image.open(file)).quantization
    return torch.tensor([tables[0], tables[1], tables[1]]).reshape(3, 8, 8).float()


@pytest.mark.parametrize("quality", [1, 6, 12, 18, 49, 50, 51, 75, 99, 100])
def test_tables_are_those_that_libjpeg_writes(quality: int) -> None:
    assert torch.equal(standard_tables(quality), pillows_tables(quality))


def test_every_quality_is_recognised() -> None:
    assert [quality_of(pillows_tables(quality)) for quality in QUALITIES] == list(QUALITIES)


def test_luma_alone_is_enough() -> None:
    assert [quality_of(standard_tables(quality)[:1]) for quality in QUALITIES] == list(QUALITIES)


def test_other_tables_get_the_nearest_quality() -> None:
    assert quality_of(standard_tables(80) + 0.1) == 80
    assert quality_of(torch.full((3, 8, 8), 255.0)) == 1


@pytest.mark.parametrize(
    ("sampling", "name"),
    [
        ((1, 1), "4:4:4"),
        ((2, 1), "4:2:2"),
        ((2, 2), "4:2:0"),
        ((1, 2), "4:4:0"),
        ((4, 1), "4:1:1"),
        ((3, 1), "3x1"),
    ],
)
def test_samplings_have_their_usual_names(sampling: tuple[int, int], name: str) -> None:
    assert sampling_name(sampling) == name
