"""Robust StyleGAN Inversion: restores degraded images with a pretrained StyleGAN2, without supervision."""

from rsi.data import Target, TargetFolder
from rsi.degradations import Degradation, parse_degradation
from rsi.errors import InputError
from rsi.generators import load_generator
from rsi.methods.base import RestorationMethod
from rsi.methods.restoration import PAPER_SCHEDULE, Restoration
from rsi.methods.schedule import Phase
from rsi.training.independent import IndependentStrategy
from rsi.training.trainer import make_trainer

__all__ = [
    "PAPER_SCHEDULE",
    "Degradation",
    "IndependentStrategy",
    "InputError",
    "Phase",
    "Restoration",
    "RestorationMethod",
    "Target",
    "TargetFolder",
    "load_generator",
    "make_trainer",
    "parse_degradation",
]
