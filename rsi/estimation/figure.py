"""A picture that shows why damages were found in an image."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.lib.stride_tricks import sliding_window_view

from rsi.estimation.blur import EDGES, LEVEL, SLOPE, filled, spectrum
from rsi.estimation.estimate import Estimate
from rsi.estimation.evidence import Evidence
from rsi.estimation.jpeg_history import blocks_of
from rsi.estimation.noise import BLOCK
from rsi.estimation.squares import crossed_differences

COEFFICIENT = 2  # the third of the first row
TICKS = (0.03, 0.1, 0.3)  # cycles a pixel


def draw_evidence(path: Path, name: str, evidence: Evidence, estimate: Estimate) -> None:
    """Draw the image, its JPEG coefficients, its spectrum and its noise against brightness, as a PNG.

    Args:
        path: The PNG file.
        name: The title.
        evidence: The image as it came.
        estimate: What was found.
    """
    figure = Figure(figsize=(12, 3.4), layout="constrained")
    picture, coefficients, falling, noise = figure.subplots(1, 4)
    figure.suptitle(f"{name}: {estimate.text or 'nothing was found'}", parse_math=False)
    shown = np.where(evidence.known, evidence.pixels, 255).astype(np.uint8)
    picture.imshow(shown.transpose(1, 2, 0))
    picture.set_axis_off()
    _draw_coefficients(coefficients, evidence)
    _draw_spectrum(falling, evidence)
    _draw_noise(noise, evidence)
    figure.savefig(path, dpi=100, format="png")


def _draw_coefficients(panel: Axes, evidence: Evidence) -> None:
    values = blocks_of(evidence)[:, COEFFICIENT]
    panel.hist(values, list(np.arange(-80.5, 81.5)), color="C0")
    panel.set_title("JPEG: a cosine coefficient", fontsize=9)
    panel.set_xlabel("combs are steps of a quantisation table", fontsize=8)
    panel.set_yscale("symlog")


def _draw_spectrum(panel: Axes, evidence: Evidence) -> None:
    frequencies = (EDGES[1:] + EDGES[:-1]) / 2
    panel.loglog(frequencies, spectrum(filled(evidence)), "C0", label="this picture")
    panel.loglog(frequencies, np.exp(LEVEL) * frequencies**SLOPE, "k--", label="sharp ones")
    panel.set_xticks(TICKS, map(str, TICKS))
    panel.set_xticks([], minor=True)
    panel.legend(fontsize=8, frameon=False)
    panel.set_title("blur: power by frequency", fontsize=9)
    panel.set_xlabel("cycles a pixel", fontsize=8)


def _draw_noise(panel: Axes, evidence: Evidence) -> None:
    luma = evidence.luma
    differences = crossed_differences(luma) / 2
    if min(differences.shape) >= BLOCK:
        means, squares = (
            sliding_window_view(plane, (BLOCK, BLOCK))[::BLOCK, ::BLOCK].mean((2, 3)).ravel()
            for plane in (luma[1:, 1:], differences**2)
        )
        panel.plot(means, np.sqrt(squares), ".", markersize=2)
    panel.set_title("noise: deviation by brightness", fontsize=9)
    panel.set_xlabel("grey levels; the lowest points are noise alone", fontsize=8)
    panel.set_ylim(bottom=0)
