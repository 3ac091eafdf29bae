"""The everyday options of methods, at the top level of a command line."""

import inspect
from dataclasses import asdict
from typing import Any, Literal

from pytorch_lightning.cli import LightningArgumentParser

from rsi.degradations import Degradation
from rsi.generators import LrScale
from rsi.methods.registry import DEFAULT_METHOD, METHODS
from rsi.methods.restoration import PAPER_SCHEDULE
from rsi.options.text import optional_path, path

FLAGS: dict[str, tuple[object, str]] = {
    "degradation": (
        Degradation | str,
        "How the images were degraded: upsample, noise:LEVEL, jpeg, inpaint, several joined with + in the order they "
        "happened, or a class such as my_module.MyBlur with its arguments as --degradation.sigma 3.",
    ),
    "generator": (
        path,
        "avatars128, the embedded demonstration prior; another name that rsi generators lists; or a .safetensors, "
        "NVIDIA .pkl or rosinality .pt file.",
    ),
    "prior": (path, "The folder of a diffusers UNet2DModel; has to be given."),
    "perceptual": (
        optional_path,
        "lpips-vgg, the path of its VGG16 file, or embedded; by default the generator's.",
    ),
    "lr_scale": (
        LrScale,
        "Multiplies the step sizes; auto measures the scale of the generator's W, as is done by default where neither "
        "its file nor the zoo recommends one.",
    ),
    "class_label": (int | None, "The class of a conditional generator, from 0; it has to be given for one."),
}


def add_model_flags(parser: LightningArgumentParser, module: Any) -> None:  # noqa: ANN401 - as LightningCLI has it
    """Add ``--method`` and those of the flags that the method's module has an argument for."""
    method = getattr(module, "method", DEFAULT_METHOD)
    text = "How the images are restored; the options below and --model are those of this method."
    parser.add_argument("--method", type=Literal[tuple(METHODS)], default=method, help=text)
    arguments = inspect.signature(module).parameters
    for flag, (kind, help_text) in FLAGS.items():
        if flag in arguments:
            parser.add_argument(f"--{flag}", type=kind, default=arguments[flag].default, help=help_text)
            parser.link_arguments(flag, f"model.{flag}")
    if "schedule" in arguments:
        parser.set_defaults({"model.schedule": [asdict(phase) for phase in PAPER_SCHEDULE]})
