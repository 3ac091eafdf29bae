"""What is known of one degraded image."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from rsi.storage.fingerprint import Fingerprint

WITHOUT_COLOUR = "it has no colour, so its restoration is grey; --color true restores colour"
NOT_MODELLED = "its JPEG coding cannot be modelled"  # how the note of a target begins that says why


@dataclass(frozen=True)
class JpegHeader:
    """How a JPEG file was coded, read from its own header.

    Attributes:
        tables: Quantisation tables of Y, Cb and Cr, ``[3, 8, 8]`` float32 in natural (row-major) order.
        sampling: Luma samples per chroma sample, across and down: (1, 1) is 4:4:4, (2, 1) 4:2:2 and (2, 2)
            4:2:0.
        grayscale: The file stores luma alone.
        orientation: EXIF orientation 1 to 8, how the decoded pixels were turned to stand upright.
    """

    tables: Tensor
    sampling: tuple[int, int]
    grayscale: bool = False
    orientation: int = 1


@dataclass(frozen=True)
class Surroundings:
    """The part of a picture in which the damages of a target are looked for that was cut out of it, upright.

    Attributes:
        image: RGB, ``[3, h, w]`` float32 in [0, 1]; unknown pixels are 0.
        known: ``[1, h, w]`` float32, 0 or 1.
        corner: Left and top of the target's picture in it, in pixels.
    """

    image: Tensor
    known: Tensor
    corner: tuple[int, int]


@dataclass(frozen=True)
class Target:
    """A degraded image and all that its file says about how it was degraded.

    Attributes:
        name: Its path below the target folder, with the suffix; unique in a run.
        image: RGB, ``[3, H, W]`` float32 in [0, 1]; of the generator's shape; unknown pixels are 0.
        known: ``[1, H, W]`` float32, 1 where the image carries information and 0 in holes and padding.
        seed: The seed of all its random numbers.
        frame: The part of the image that the file's picture fills: left, top, width, height in pixels.
        jpeg: The JPEG header, if the file is a JPEG that can be modelled.
        notes: What was done to make the file fit, in words.
        motion: How the generator's picture has to be moved to lie as this one does, ``[3, 3]``; ``None`` if not at all.
        surroundings: What it was cut out of, if its damages are looked for there.
        gray: It has no colour, and its restoration is to have none.
        sample: Which of several restorations of the file it is for, from 0.
        output: What its results are called, a path below the output folder without a suffix.
        stated_degradation: What happened to it, as its file says; empty if it does not.
        made_from: The files it was read from: ``target`` and, where there is one, ``mask``.
    """

    name: str
    image: Tensor
    known: Tensor
    seed: int
    frame: tuple[int, int, int, int]
    jpeg: JpegHeader | None = None
    notes: tuple[str, ...] = ()
    motion: Tensor | None = None
    surroundings: Surroundings | None = None
    gray: bool = False
    sample: int = 0
    output: str = ""
    stated_degradation: str = ""
    made_from: Mapping[str, Fingerprint] = field(default_factory=dict)


def in_colour(target: Target) -> Target:
    """The target, whose restoration is to be in colour even if it has none itself."""
    notes = tuple(note for note in target.notes if note != WITHOUT_COLOUR)
    return replace(target, gray=False, notes=notes) if target.gray else target


def checksum(targets: Sequence[Target]) -> str:
    """SHA-256 of the names, seeds, images, known pixels and sources of a batch, in order."""
    digest = hashlib.sha256()
    for target in targets:
        sources = sorted((name, source.sha256) for name, source in target.made_from.items())
        digest.update(repr((target.name, target.seed, tuple(target.image.shape), sources)).encode())
        digest.update(torch.cat([target.image, target.known]).numpy().tobytes())
    return digest.hexdigest()
