"""Blur, by how fast the spectrum falls."""

import numpy as np

from rsi.estimation.evidence import Array, Evidence, Finding

SLOPE, LEVEL = -2.64, 2.23  # of the logarithm of a sharp picture's power against that of the frequency
CONTRASTS = np.linspace(-2, 2, 17)  # added to the level
PENALTY = 2.0  # for a contrast far from the usual one
BANDS = 24
LOWEST, HIGHEST = 0.02, 0.5  # cycles a pixel
EDGES = np.linspace(LOWEST, HIGHEST, BANDS + 1)  # of the bands
POINTS = 5  # of a band, over which the falling power is averaged
SIGMAS = np.r_[0.0, np.geomspace(0.3, 10, 72)]
NOISES = np.r_[0.0, np.geomspace(0.05, 300, 20)]  # squared grey levels
ROUNDING = 1 / 48  # of the luma of three rounded channels
LEAST = 0.7  # sigma in pixels; sharp pictures reach it
LEAST_POWER = 1e-6
SMALLEST = 32  # side of an image whose spectrum tells
INTERVAL = 0.85, 1.15  # times sigma
STRONGEST_NOISE = 40.0  # photons, below which noise hides the spectrum
AROUND = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)]


def find_blur(evidence: Evidence) -> Evidence:
    """A Gaussian blur; not under JPEG or strong noise, which hide it, and not of an enlarged image, which is soft."""
    noise = evidence.of("noise")
    is_hidden = noise is not None and float(noise.settings["k_p"]) < STRONGEST_NOISE
    if is_hidden or evidence.of("jpeg") or evidence.jpeg or evidence.of("resized"):
        return evidence
    if min(evidence.known.shape) < SMALLEST:
        return evidence
    sigma = blur_of(evidence)
    if sigma < LEAST:
        return evidence
    why = f"fine detail is as weak as after a Gaussian of {sigma:.2g} pixels"
    interval = {"sigma": (INTERVAL[0] * sigma, INTERVAL[1] * sigma)}
    return evidence.found(Finding("blur", {"sigma": sigma}, "measured", why, interval))


def blur_of(evidence: Evidence) -> float:
    """The sigma in pixels that, with some contrast and noise, brings a sharp picture's spectrum nearest to this one."""
    power = np.log(spectrum(filled(evidence)))
    frequencies = EDGES[:-1, None] + np.diff(EDGES)[:, None] * (np.arange(POINTS) + 0.5) / POINTS
    weights = frequencies / frequencies.sum(1, keepdims=True)
    sharp = np.exp(LEVEL) * frequencies**SLOPE
    fall = np.exp(-4 * np.pi**2 * SIGMAS[:, None, None] ** 2 * frequencies**2)
    expected = (sharp * fall * weights).sum(-1)
    contrast = np.exp(CONTRASTS)[None, :, None, None]
    model = expected[:, None, None] * contrast + NOISES[None, None, :, None] + ROUNDING
    misfit = np.abs(power - np.log(model)).sum(-1) + PENALTY * np.abs(CONTRASTS)[None, :, None]
    best = misfit.min((1, 2))
    return _between(SIGMAS, best)


def spectrum(luma: Array) -> Array:
    """The mean power of rings of frequencies, ``[h, w]`` to ``[BANDS]``, in squared grey levels."""
    height, width = luma.shape
    window = np.hanning(height)[:, None] * np.hanning(width)
    power = np.abs(np.fft.fft2((luma - luma.mean()) * window)) ** 2 / (window**2).sum()
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))
    ring = np.digitize(radius, EDGES) - 1
    inside = (ring >= 0) & (ring < BANDS)
    count = np.bincount(ring[inside], minlength=BANDS)
    total = np.bincount(ring[inside], power[inside], minlength=BANDS)
    return np.where(count > 0, total / np.maximum(count, 1), 0) + LEAST_POWER


def filled(evidence: Evidence) -> Array:
    """The luma ``[h, w]``, unknown pixels filled from known ones around them."""
    luma, known = evidence.luma.copy(), evidence.known.copy()
    while not known.all() and known.any():
        padded, weight = np.pad(luma * known, 1), np.pad(known.astype(float), 1)
        total, count = (
            sum(plane[1 + dy : plane.shape[0] - 1 + dy, 1 + dx : plane.shape[1] - 1 + dx] for dy, dx in AROUND)
            for plane in (padded, weight)
        )
        new = ~known & (count > 0)
        luma[new] = (total / np.maximum(count, 1))[new]
        known |= new
    return luma


def _between(values: Array, misfit: Array) -> float:
    """The value of least misfit, by a parabola through it and its neighbours."""
    place = int(np.argmin(misfit))
    if place in (0, len(values) - 1):
        return float(values[place])
    x, y = values[place - 1 : place + 2], misfit[place - 1 : place + 2]
    curve = np.polyfit(x, y, 2)
    return float(np.clip(-curve[1] / (2 * curve[0]), x[0], x[2])) if curve[0] > 0 else float(x[1])
