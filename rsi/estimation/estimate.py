"""All that happened to an image, found from the last damage to the first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from rsi.data.decoded import Picture
from rsi.data.orientation import upright
from rsi.data.target import JpegHeader, Target
from rsi.degradations.jpeg_tables import quality_of
from rsi.estimation.blur import find_blur
from rsi.estimation.enlargement import find_enlargement
from rsi.estimation.evidence import Array, Evidence, Finding
from rsi.estimation.frame import find_frame
from rsi.estimation.hidden import find_hidden
from rsi.estimation.holes import find_holes
from rsi.estimation.jpeg_history import find_jpeg
from rsi.estimation.learned import DamageNetwork
from rsi.estimation.noise import find_noise
from rsi.estimation.tone import find_tone

NEARLY_LOSSLESS = 90  # a header's quality from which noise is still seen as it was

STAGES = ("blur", "gray", "sepia", "upsample", "resized", "noise", "gaussian", "jpeg", "inpaint")
"""The stages in the order in which they happen to a picture."""


@dataclass(frozen=True)
class Estimate:
    """What was found.

    Attributes:
        findings: The damages, the last one first.
        known: ``[h, w]`` bool, false in holes.
    """

    findings: tuple[Finding, ...]
    known: Array

    @property
    def in_order(self) -> tuple[Finding, ...]:
        """The damages in the order in which they happened."""
        first_to_last = self.findings[::-1]
        return tuple(sorted(first_to_last, key=lambda finding: STAGES.index(finding.stage)))

    @property
    def sure(self) -> tuple[Finding, ...]:
        """Those that are read, exact or measured."""
        return tuple(finding for finding in self.in_order if finding.how != "guessed")

    @property
    def guesses(self) -> tuple[Finding, ...]:
        """Those that a person should confirm."""
        return tuple(finding for finding in self.in_order if finding.how == "guessed")

    @property
    def text(self) -> str:
        """What is sure, as ``--degradation`` takes it; empty where nothing is."""
        return "+".join(finding.text for finding in one_of_each(self.sure))

    @property
    def text_with_guesses(self) -> str:
        """What is sure or guessed, as ``--degradation`` takes it."""
        return "+".join(finding.text for finding in one_of_each(self.in_order))


def one_of_each(findings: Sequence[Finding]) -> list[Finding]:
    """The first of each stage: of two JPEGs the earlier one, which is found where it is the coarser."""
    stages: dict[str, Finding] = {}
    for finding in findings:
        stages.setdefault(finding.stage, finding)
    return list(stages.values())


def estimate_evidence(evidence: Evidence, network: Callable[[], DamageNetwork | None]) -> Estimate:
    """What happened to an image.

    Args:
        evidence: The image.
        network: Gives what has learned the damages of a generator's images, if there is such; asked when needed.
    """
    evidence = find_frame(find_holes(evidence))
    known = evidence.known
    hidden = partial(find_hidden, network=network)
    for find in (find_header, find_jpeg, find_enlargement, find_noise, hidden, find_blur, find_tone):
        evidence = find(evidence)
    return Estimate(evidence.findings, known)


def find_header(evidence: Evidence) -> Evidence:
    """The JPEG that the file is."""
    if evidence.jpeg is None:
        return evidence
    tables = evidence.jpeg.tables
    quality = quality_of(tables[:1] if evidence.jpeg.grayscale else tables)
    finding = Finding("jpeg", {}, "read", "the tables of its header", shown={"quality": quality})
    return evidence.found(finding, lossless=quality >= NEARLY_LOSSLESS)


def evidence_of_picture(picture: Picture) -> Evidence:
    """A decoded file as it came, upright."""
    alpha = torch.ones_like(picture.rgb[:1]) if picture.alpha is None else picture.alpha
    rgb, known = upright(picture.rgb, picture.orientation), upright(alpha, picture.orientation)[0] >= 0.5
    return _evidence(rgb, known, picture.jpeg)


def estimate_target(target: Target, network: Callable[[], DamageNetwork | None]) -> Estimate:
    """What happened to a target, as far as it and what it was cut out of show it.

    Args:
        target: The target.
        network: As of :func:`estimate_evidence`.

    Returns:
        The estimate, with ``known`` of the part of the target that the file's picture fills.
    """
    left, top, width, height = target.frame
    seen = target.surroundings
    if seen is None:
        rows, columns = slice(top, top + height), slice(left, left + width)
        evidence = _evidence(target.image[:, rows, columns], target.known[0, rows, columns] > 0, target.jpeg)
        return estimate_evidence(evidence, network)
    estimate = estimate_evidence(_evidence(seen.image, seen.known[0] > 0, target.jpeg), network)
    left, top = seen.corner
    known = estimate.known[top : top + height, left : left + width]
    here = (finding for finding in estimate.findings if not (known.all() and _is_hole(finding)))
    return Estimate(tuple(here), known)


def _is_hole(finding: Finding) -> bool:
    return finding.stage == "inpaint" and finding.how != "guessed"


def _evidence(rgb: torch.Tensor, known: torch.Tensor, jpeg: JpegHeader | None) -> Evidence:
    pixels = np.round(rgb.double().numpy() * 255)
    findings: tuple[Finding, ...] = ()
    if not known.all():
        share = 1 - float(known.float().mean())
        findings = (Finding("inpaint", {}, "read", f"{share:.1%} of it is transparent or masked"),)
    return Evidence(pixels, known.numpy(), jpeg=jpeg, findings=findings)
