"""Robust StyleGAN Inversion: restores degraded images with a pretrained StyleGAN2, without supervision."""

from os import environ as _environ
from typing import TYPE_CHECKING

from rsi.imports.lazy import lazy_names

_environ.setdefault("PYTORCH_ENABLE_MPS_FALLBACK", "1")  # torch reads it when it is imported

if TYPE_CHECKING:
    from rsi import callbacks as callbacks
    from rsi import degradations as degradations
    from rsi.data import Target, TargetFolder
    from rsi.degradations import Degradation, parse_degradation
    from rsi.errors import InputError
    from rsi.generators import load_generator
    from rsi.methods.base import RestorationMethod
    from rsi.methods.restoration import PAPER_SCHEDULE, Restoration
    from rsi.methods.schedule import Phase
    from rsi.python import Restored, estimate, restore
    from rsi.training.independent import IndependentStrategy
    from rsi.training.trainer import make_trainer
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "PAPER_SCHEDULE": "rsi.methods.restoration",
            "Degradation": "rsi.degradations",
            "IndependentStrategy": "rsi.training.independent",
            "InputError": "rsi.errors",
            "Phase": "rsi.methods.schedule",
            "Restoration": "rsi.methods.restoration",
            "RestorationMethod": "rsi.methods.base",
            "Restored": "rsi.python",
            "Target": "rsi.data",
            "TargetFolder": "rsi.data",
            "callbacks": "rsi.callbacks",
            "degradations": "rsi.degradations",
            "estimate": "rsi.python",
            "load_generator": "rsi.generators",
            "make_trainer": "rsi.training.trainer",
            "parse_degradation": "rsi.degradations",
            "restore": "rsi.python",
        },
    )

__all__ = [
    "PAPER_SCHEDULE",
    "Degradation",
    "IndependentStrategy",
    "InputError",
    "Phase",
    "Restoration",
    "RestorationMethod",
    "Restored",
    "Target",
    "TargetFolder",
    "estimate",
    "load_generator",
    "make_trainer",
    "parse_degradation",
    "restore",
]
