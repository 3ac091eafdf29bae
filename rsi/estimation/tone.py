"""Colours that an image has lost: grey and toned pictures."""

import numpy as np
from scipy import ndimage

from rsi.estimation.evidence import Evidence, Finding

GRAY = 2.0  # grey levels between the channels
ALMOST_ALL = 0.99
TONED = 3.0  # rms in grey levels of a colour that is a function of brightness
DEGREE = 3
WINDOW = 5
SMALLEST = 48  # side of a picture whose colours tell
FEWEST, ENOUGH = 64, 2**20  # pixels
FEWEST_PHOTONS, MOST_LOST = 12.0, 0.3  # noise that hides a tone


def find_tone(evidence: Evidence) -> Evidence:
    """A picture without colour, or in the shades of one colour."""
    pixels = evidence.pixels[:, evidence.known]
    if pixels.shape[1] < FEWEST:
        return evidence
    if (np.ptp(pixels, axis=0) <= GRAY).mean() >= ALMOST_ALL:
        return evidence.found(Finding("gray", {}, "measured", "its three channels are equal"))
    if not _is_hidden(evidence) and _is_toned(evidence):
        return evidence.found(Finding("sepia", {}, "guessed", "each channel is a function of the brightness"))
    return evidence


def _is_hidden(evidence: Evidence) -> bool:
    noise = evidence.of("noise")
    if min(evidence.known.shape) < SMALLEST:
        return True
    return noise is not None and (
        float(noise.settings["k_p"]) < FEWEST_PHOTONS or float(noise.settings["k_b"]) > MOST_LOST
    )


def _is_toned(evidence: Evidence) -> bool:
    kept = evidence.known.astype(float)
    weight = np.maximum(ndimage.uniform_filter(kept, WINDOW), 1e-6)
    smooth = np.stack([ndimage.uniform_filter(plane * kept, WINDOW) / weight for plane in evidence.pixels])
    channels = smooth[:, evidence.known]
    channels = channels[:, :: max(1, channels.shape[1] // ENOUGH)]
    brightness = channels.mean(0) / 255
    for channel in channels:
        curve = np.polyfit(brightness, channel, DEGREE)
        if np.sqrt(((np.polyval(curve, brightness) - channel) ** 2).mean()) > TONED:
            return False
    return bool(channels.std(1).max() > TONED)
