"""``rsi fit``: restore a folder of degraded images."""

import logging
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from typing import Literal

from pytorch_lightning.cli import LightningArgumentParser, LightningCLI

from rsi.callbacks import (
    BatchCheckpoint,
    Interruption,
    PhaseScheduler,
    RestorationProgress,
    ResultWriter,
    TensorBoardImages,
)
from rsi.commands.saved_config import SavedConfig
from rsi.data import TargetFolder
from rsi.degradations import Degradation
from rsi.phases import PAPER_SCHEDULE
from rsi.restoration import Restoration
from rsi.results import RESTORED, ResultFolder
from rsi.trainer import TRAINER_DEFAULTS

USAGE = "rsi fit --target_dir DIR [--degradation NAME] [--generator FILE] [--output_dir DIR] [OPTIONS]"
DESCRIPTION = """
Restores every image of a folder with a pretrained StyleGAN2. The options that matter come first; the Trainer's and
those of single parts follow.
"""


class FitCLI(LightningCLI):
    """LightningCLI with the everyday flags at the top level."""

    @staticmethod
    def subcommands() -> dict[str, set[str]]:
        """``fit`` alone."""
        return {"fit": LightningCLI.subcommands()["fit"]}

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add the everyday flags and the callbacks that every run has."""
        _add_data_flags(parser)
        _add_model_flags(parser)
        _add_output_flags(parser)


def main(argv: Sequence[str]) -> int:
    """Restore a folder; returns 1 if some image could not be restored."""
    quieten()
    cli = FitCLI(
        Restoration,
        TargetFolder,
        args=["fit", *argv],
        trainer_defaults=TRAINER_DEFAULTS,
        seed_everything_default=False,
        auto_configure_optimizers=False,
        save_config_callback=SavedConfig,
        parser_kwargs={"prog": "rsi", "fit": {"usage": USAGE, "description": DESCRIPTION}},
    )
    return _status(cli)


def _status(cli: FitCLI) -> int:
    """Of the processes on several devices the first answers for all."""
    if not cli.trainer.is_global_zero:
        return 0
    folder = ResultFolder(cli.config["fit"]["output_dir"])
    failed = {row.file for row in folder.rows() if row.status != RESTORED}
    return 1 if failed & set(cli.datamodule.names) else 0


def _add_data_flags(parser: LightningArgumentParser) -> None:
    def add(flag: str, kind: object, default: object, text: str) -> None:
        parser.add_argument(f"--{flag}", type=kind, default=default, help=text)
        parser.link_arguments(flag, f"data.{flag}")

    parser.add_argument("--target_dir", type=str, default="", help="Folder of degraded images; has to be given.")
    parser.link_arguments("target_dir", "data.target_dir")
    add("batch_size", int, 8, "How many images are restored at once; lower it when memory runs out.")
    add("fit", Literal["crop", "pad"], "crop", "What to do with images of another shape than the generator's.")
    add("mask_dir", str | None, None, "Folder of masks for inpainting, named as the images: white is known.")
    add("mask_color", str | None, None, "Pixels of this colour, such as #ff00ff, are unknown.")
    add("seed", int, 0, "Seed of all random numbers.")


def _add_model_flags(parser: LightningArgumentParser) -> None:
    def add(flag: str, kind: object, default: object, text: str) -> None:
        parser.add_argument(f"--{flag}", type=kind, default=default, help=text)
        parser.link_arguments(flag, f"model.{flag}")

    add(
        "degradation",
        Degradation | str,
        "jpeg",
        "How the images were degraded: upsample, noise:LEVEL, jpeg, inpaint, several joined with + in the order they "
        "happened, or a class such as my_module.MyBlur with its arguments as --degradation.sigma 3.",
    )
    add(
        "generator",
        str,
        "avatars128",
        "avatars128, the embedded demonstration prior, or a .safetensors or .pkl file.",
    )
    add(
        "perceptual",
        str | None,
        None,
        "lpips-vgg, the path of its VGG16 file, or embedded; by default the generator's.",
    )
    add(
        "lr_scale",
        float | None,
        None,
        "Multiplies the step sizes; by default the scale of the generator's W.",
    )
    parser.set_defaults({"model.schedule": [asdict(phase) for phase in PAPER_SCHEDULE]})


def _add_output_flags(parser: LightningArgumentParser) -> None:
    parser.add_argument("--output_dir", type=str, default="restored", help="Folder for the results.")
    parser.add_argument(
        "--overwrite", action="store_true", help="Replace what an earlier run left in the output folder."
    )
    parser.add_lightning_class_args(PhaseScheduler, "phases")
    parser.add_lightning_class_args(ResultWriter, "writer")
    parser.add_lightning_class_args(BatchCheckpoint, "checkpoint")
    parser.add_lightning_class_args(TensorBoardImages, "tensorboard")
    parser.add_lightning_class_args(RestorationProgress, "progress")
    parser.add_lightning_class_args(Interruption, "interruption")
    parser.link_arguments("output_dir", "writer.output_dir")
    parser.link_arguments("overwrite", "writer.overwrite")
    parser.link_arguments("output_dir", "checkpoint.output_dir")
    parser.link_arguments("output_dir", "tensorboard.log_dir", compute_fn=_log_dir)
    parser.link_arguments("output_dir", "trainer.default_root_dir")


def _log_dir(output_dir: str) -> str:
    return f"{output_dir}/logs"


def quieten() -> None:
    """Keep Lightning's notes on devices and training, which do not apply, off the screen."""
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    for message in (
        "LightningCLI's args parameter",
        r"Found \d+ module\(s\) in eval mode",
        "`isinstance\\(treespec",
    ):
        warnings.filterwarnings("ignore", message)
