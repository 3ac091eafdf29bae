"""Frozen StyleGAN2 generators."""

from rsi.generators.architecture import Architecture
from rsi.generators.checkpoint import load_generator, save_generator
from rsi.generators.classes import select_class
from rsi.generators.info import GeneratorInfo
from rsi.generators.lr_scale import LrScale, step_scale
from rsi.generators.statistics import mean_code, w_rms
from rsi.generators.stylegan2 import Generator

__all__ = [
    "Architecture",
    "Generator",
    "GeneratorInfo",
    "LrScale",
    "load_generator",
    "mean_code",
    "save_generator",
    "select_class",
    "step_scale",
    "w_rms",
]
