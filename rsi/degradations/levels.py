"""Levels of difficulty: of upsampling, noise, JPEG and holes the paper's (RSI, Poirier-Ginter & Lalonde 2023)."""

LEVELS = ("XS", "S", "M", "L", "XL")

LEVEL_SETTINGS: dict[str, dict[str, dict[str, float]]] = {
    "upsample": {
        "XS": {"factor": 2},
        "S": {"factor": 4},
        "M": {"factor": 8},
        "L": {"factor": 16},
        "XL": {"factor": 32},
    },
    "noise": {
        "XS": {"k_p": 96, "k_b": 0.04},
        "S": {"k_p": 48, "k_b": 0.08},
        "M": {"k_p": 24, "k_b": 0.16},
        "L": {"k_p": 12, "k_b": 0.32},
        "XL": {"k_p": 6, "k_b": 0.64},
    },
    "jpeg": {
        "XS": {"quality": 18},
        "S": {"quality": 15},
        "M": {"quality": 12},
        "L": {"quality": 9},
        "XL": {"quality": 6},
    },
    "blur": {
        "XS": {"sigma": 1},
        "S": {"sigma": 1.5},
        "M": {"sigma": 2},
        "L": {"sigma": 3},
        "XL": {"sigma": 4},
    },
    "sepia": {
        "XS": {"strength": 0.2},
        "S": {"strength": 0.4},
        "M": {"strength": 0.6},
        "L": {"strength": 0.8},
        "XL": {"strength": 1},
    },
    "fade": {
        "XS": {"contrast": 0.9, "black": 0.05},
        "S": {"contrast": 0.75, "black": 0.12},
        "M": {"contrast": 0.6, "black": 0.2},
        "L": {"contrast": 0.45, "black": 0.28},
        "XL": {"contrast": 0.3, "black": 0.35},
    },
    "resized": {
        "XS": {"factor": 2},
        "S": {"factor": 4},
        "M": {"factor": 8},
        "L": {"factor": 16},
        "XL": {"factor": 32},
    },
}
"""Arguments of the operators by their names in :mod:`rsi.degradations.spec`."""

STROKES: dict[str, int] = {"XS": 1, "S": 5, "M": 9, "L": 13, "XL": 17}
"""Strokes of an inpainting mask, for :func:`rsi.degradations.inpainting.draw_strokes`."""
