"""The everyday options of methods, at the top level of a command line."""

import inspect
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Literal

from pytorch_lightning.cli import LightningArgumentParser

from rsi.degradations import Degradation
from rsi.generators import LrScale
from rsi.methods.registry import DEFAULT_METHOD, METHODS
from rsi.methods.restoration import PAPER_SCHEDULE
from rsi.options.purposes import BY_WHAT, HOW_DEGRADED
from rsi.options.text import optional_path, path

FLAGS: dict[str, tuple[str, object, str]] = {
    "degradation": (
        HOW_DEGRADED,
        Degradation | str,
        "upsample, noise:LEVEL, jpeg, inpaint, blur:LEVEL, resized:LEVEL, gray, sepia, cast, fade, several joined with "
        "+ in the order they happened, or a class such as my_module.MyBlur with its arguments as --degradation.sigma 3",
    ),
    "generator": (
        BY_WHAT,
        path,
        "avatars128, the embedded one that draws cartoons, another name that rsi generators lists, or a .safetensors, "
        ".pkl, .pt or .pth file of a StyleGAN2",
    ),
    "prior": (BY_WHAT, path, "the folder of a diffusers UNet2DModel; has to be given"),
    "perceptual": (
        BY_WHAT,
        optional_path,
        "what likeness is measured with: lpips-vgg, the path of its VGG16 file, or embedded; left out, what was made "
        "for the generator",
    ),
    "lr_scale": (
        BY_WHAT,
        LrScale,
        "multiplies the step sizes; auto measures the generator; left out, what its file or the zoo recommends, or "
        "else auto",
    ),
    "class_label": (
        BY_WHAT,
        int | str | None,
        "the class of a conditional generator, from 0, or its name in ImageNet; has to be given for one",
    ),
}


def add_model_flags(
    parser: LightningArgumentParser,
    groups: Mapping[str, Any],
    module: Any,  # noqa: ANN401 - as LightningCLI has it
) -> None:
    """Add ``--method`` and those of the flags that the method's module has an argument for.

    Args:
        parser: The parser of the command.
        groups: Its groups, by purpose.
        module: The method's LightningModule.
    """
    arguments = inspect.signature(module).parameters
    for flag, (purpose, kind, help_text) in FLAGS.items():
        if flag in arguments:
            groups[purpose].add_argument(f"--{flag}", type=kind, default=arguments[flag].default, help=help_text)
            parser.link_arguments(flag, f"model.{flag}")
    method = getattr(module, "method", DEFAULT_METHOD)
    text = "how the images are restored; --help all has what can be set of each"
    groups[BY_WHAT].add_argument("--method", type=Literal[tuple(METHODS)], default=method, help=text)
    if "schedule" in arguments:
        parser.set_defaults({"model.schedule": [asdict(phase) for phase in PAPER_SCHEDULE]})
