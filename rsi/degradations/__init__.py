"""Kinds of degradation, each as it truly happens to files and as a differentiable approximation."""

from rsi.degradations.base import Composition, Degradation, quantise
from rsi.degradations.blur import Blur
from rsi.degradations.cast import Cast
from rsi.degradations.denoising import Denoising
from rsi.degradations.downsampling import AveragePooling, Downsampling, NearestNeighbour
from rsi.degradations.fade import Fade
from rsi.degradations.gaussian_noise import GaussianNoise
from rsi.degradations.gray import Gray
from rsi.degradations.inpainting import Inpainting, draw_strokes
from rsi.degradations.jpeg import JPEG
from rsi.degradations.jpeg_tables import quality_of, standard_tables
from rsi.degradations.levels import LEVEL_SETTINGS, LEVELS, STROKES
from rsi.degradations.resized import Resized
from rsi.degradations.sepia import Sepia
from rsi.degradations.spec import parse_degradation
from rsi.degradations.surrogates import soft_clamp, soft_round

__all__ = [
    "JPEG",
    "LEVELS",
    "LEVEL_SETTINGS",
    "STROKES",
    "AveragePooling",
    "Blur",
    "Cast",
    "Composition",
    "Degradation",
    "Denoising",
    "Downsampling",
    "Fade",
    "GaussianNoise",
    "Gray",
    "Inpainting",
    "NearestNeighbour",
    "Resized",
    "Sepia",
    "draw_strokes",
    "parse_degradation",
    "quality_of",
    "quantise",
    "soft_clamp",
    "soft_round",
    "standard_tables",
]
