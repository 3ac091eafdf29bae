"""Lossy compression: the degradation that deartifacting undoes."""

import io
from collections.abc import Sequence
from dataclasses import replace

import torch
from PIL import Image
from torch import Tensor

from rsi.data.orientation import as_stored, upright
from rsi.data.target import NOT_MODELLED, JpegHeader, Target
from rsi.degradations.base import Degradation
from rsi.degradations.jpeg_codec import JpegCodec
from rsi.degradations.jpeg_tables import quality_of, sampling_name, standard_tables
from rsi.degradations.pillow import through_pillow
from rsi.errors import InputError
from rsi.numerics.randomness import ImageRandom
from rsi.numerics.size import Size

SUBSAMPLINGS = {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0"}
TRANSPOSED = (1, 2)
PILLOW_SAMPLING = (2, 2)  # what Pillow and libjpeg use unless told otherwise


class JPEG(Degradation):
    """JPEG compression (RSI, Poirier-Ginter & Lalonde 2023, eq. 14 and 15).

    The true operator is libjpeg's. The approximation does as libjpeg's encoder and decoder do, but of all
    roundings it makes only those of the colours before the transform and of the coefficients.

    Args:
        quality: libjpeg's quality, 1 to 100, with 4:2:0 chroma sampling; left out, each target's tables,
            sampling and orientation come from its own header.

    Raises:
        InputError: ``quality`` is out of range.
    """

    def __init__(self, quality: int | None = None) -> None:
        super().__init__()
        if quality is not None and not 1 <= quality <= 100:
            raise InputError(f"jpeg:quality={quality}: give a whole number from 1 to 100")
        self.quality = quality
        self._headers: list[JpegHeader] = []
        self.codec: JpegCodec | None = None
        if quality is not None:
            self._code_as([JpegHeader(standard_tables(quality), PILLOW_SAMPLING)])

    def forward(self, x: Tensor, random: ImageRandom) -> Tensor:  # noqa: ARG002 - not random
        """The differentiable codec, ``[B, 3, H, W]``.

        Raises:
            InputError: There are no quantisation tables.
        """
        if self.codec is None:
            raise _no_tables()
        decoded: Tensor = self.codec(x)
        return decoded

    @torch.no_grad()
    def degrade(self, x: Tensor, random: ImageRandom) -> Tensor:
        """What libjpeg reads from the file it wrote, ``[B, 3, H, W]``, 8 bits in [0, 1].

        Chroma samplings that Pillow does not write, such as 4:1:1, go through the approximation.

        Raises:
            InputError: There are no quantisation tables.
        """
        header = self._header(0)
        if not can_write(header):
            return super().degrade(x, random)
        stored = as_stored(x, header.orientation)
        coded = through_pillow(stored, lambda index, picture: save_and_reload(picture, self._header(index)))
        return upright(coded, header.orientation)

    def bind(self, targets: Sequence[Target], resolution: Size) -> "JPEG":  # noqa: ARG002 - fits any
        """The operator with the headers of the targets, or this one if it has a quality.

        Raises:
            InputError: A target has no JPEG header.
            ValueError: The headers differ in sampling, number of channels or orientation.
        """
        if self.quality is not None:
            return self
        bound = JPEG()
        bound._code_as([_header_of(target) for target in targets])
        return bound

    def read_parameters(self, index: int) -> dict[str, float | str]:
        """The libjpeg quality nearest to the tables and the chroma sampling."""
        header = self._header(index)
        if header.grayscale:
            return {"quality": quality_of(header.tables[:1]), "sampling": "4:0:0"}
        return {"quality": quality_of(header.tables), "sampling": sampling_name(header.sampling)}

    def _header(self, index: int) -> JpegHeader:
        if not self._headers:
            raise _no_tables()
        return self._headers[index % len(self._headers)]

    def _code_as(self, headers: list[JpegHeader]) -> None:
        self._headers = headers
        self.codec = JpegCodec(headers)


def check_not_saved(name: str, earlier: Sequence[Degradation]) -> None:
    """Make sure that what comes next does not happen to a file whose header is that of the target.

    Args:
        name: What comes next.
        earlier: What happened before.

    Raises:
        InputError: One of the earlier ones is a JPEG compression without a quality.
    """
    if any(isinstance(stage, JPEG) and stage.quality is None for stage in earlier):
        raise InputError(
            f"{name} after jpeg: a file's header tells how it was saved last, so give the quality that it had before, "
            f"as in jpeg:quality=30+{name}, or put jpeg last"
        )


def _header_of(target: Target) -> JpegHeader:
    if target.jpeg is None:
        reason = next((note for note in target.notes if note.startswith(NOT_MODELLED)), "it is not a JPEG file")
        raise InputError(
            f"{target.name!r} has no JPEG header to use, {reason}: give the quality it was once saved with, "
            "--degradation jpeg:quality=12, or leave jpeg out of the degradation"
        )
    return target.jpeg


def _no_tables() -> InputError:
    return InputError("jpeg has no tables yet: give a quality, jpeg:quality=12, or bind it to JPEG targets")


def can_write(header: JpegHeader) -> bool:
    """Whether Pillow can write files with such chroma sampling."""
    return header.grayscale or header.sampling in (*SUBSAMPLINGS, TRANSPOSED)


def save_and_reload(picture: Image.Image, header: JpegHeader) -> Image.Image:
    """A picture after it was saved as a JPEG file and read again.

    Pillow does not write 4:4:0: such a picture is coded on its side as 4:2:2, which is the same but for the
    filling of partial blocks.

    Args:
        picture: 8-bit RGB, in the orientation of the file.
        header: How the file is coded.

    Returns:
        The decoded picture, grey or RGB.
    """
    if header.grayscale:
        return _reload(picture.convert("L"), qtables=_table_lists(header)[:1])
    if header.sampling == TRANSPOSED:
        on_its_side = replace(header, sampling=TRANSPOSED[::-1], tables=header.tables.mT)
        turned = save_and_reload(picture.transpose(Image.Transpose.TRANSPOSE), on_its_side)
        return turned.transpose(Image.Transpose.TRANSPOSE)
    return _reload(picture, qtables=_table_lists(header), subsampling=SUBSAMPLINGS[header.sampling])


def _reload(picture: Image.Image, **settings: object) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", **settings)
    reloaded = Image.open(file)
    reloaded.load()
    return reloaded


def _table_lists(header: JpegHeader) -> list[list[int]]:
    return [[int(step) for step in table.flatten()] for table in header.tables]
