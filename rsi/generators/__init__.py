"""Frozen StyleGAN2 and StyleGAN3 generators."""

from typing import TYPE_CHECKING

from rsi.imports.lazy import lazy_names

if TYPE_CHECKING:
    from rsi.generators.class_label import select_class
    from rsi.generators.files.checkpoint import load_generator, save_generator
    from rsi.generators.generator import Generator
    from rsi.generators.info import GeneratorInfo
    from rsi.generators.lr_scale import LrScale, step_scale
    from rsi.generators.statistics import mean_code, w_rms
    from rsi.generators.stylegan2.architecture import StyleGAN2Architecture
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "StyleGAN2Architecture": "rsi.generators.stylegan2.architecture",
            "Generator": "rsi.generators.generator",
            "GeneratorInfo": "rsi.generators.info",
            "LrScale": "rsi.generators.lr_scale",
            "load_generator": "rsi.generators.files.checkpoint",
            "mean_code": "rsi.generators.statistics",
            "save_generator": "rsi.generators.files.checkpoint",
            "select_class": "rsi.generators.class_label",
            "step_scale": "rsi.generators.lr_scale",
            "w_rms": "rsi.generators.statistics",
        },
    )

__all__ = [
    "Generator",
    "GeneratorInfo",
    "LrScale",
    "StyleGAN2Architecture",
    "load_generator",
    "mean_code",
    "save_generator",
    "select_class",
    "step_scale",
    "w_rms",
]
