"""Kinds of degradation, each as it truly happens to files and as a differentiable approximation."""

from rsi.degradations.base import Composition, Degradation, quantise
from rsi.degradations.blur import Blur
from rsi.degradations.denoising import Denoising
from rsi.degradations.downsampling import Downsampling
from rsi.degradations.gaussian_noise import GaussianNoise
from rsi.degradations.inpainting import Inpainting, draw_strokes
from rsi.degradations.jpeg import JPEG
from rsi.degradations.jpeg_tables import quality_of, standard_tables
from rsi.degradations.levels import LEVEL_SETTINGS, LEVELS, STROKES
from rsi.degradations.resized import Resized
from rsi.degradations.spec import parse_degradation
from rsi.degradations.subsampling import AveragePooling, NearestNeighbour
from rsi.degradations.surrogates import soft_clamp, soft_round

__all__ = [
    "JPEG",
    "LEVELS",
    "LEVEL_SETTINGS",
    "STROKES",
    "AveragePooling",
    "Blur",
    "Composition",
    "Degradation",
    "Denoising",
    "Downsampling",
    "GaussianNoise",
    "Inpainting",
    "NearestNeighbour",
    "Resized",
    "draw_strokes",
    "parse_degradation",
    "quality_of",
    "quantise",
    "soft_clamp",
    "soft_round",
    "standard_tables",
]
