"""Frozen StyleGAN2 generators."""

from rsi.generators.architecture import Architecture
from rsi.generators.checkpoint import load_generator, save_generator
from rsi.generators.info import GeneratorInfo
from rsi.generators.statistics import w_rms
from rsi.generators.stylegan2 import Generator

__all__ = ["Architecture", "Generator", "GeneratorInfo", "load_generator", "save_generator", "w_rms"]
