"""The options of ``rsi fit`` for what a person sees of a run."""

from pytorch_lightning.cli import LightningArgumentParser

from rsi.callbacks import (
    EventFiles,
    RestorationProgress,
    TensorBoardImages,
    TensorBoardScalars,
    TensorBoardSummary,
    Timelapse,
)
from rsi.storage.folder import local_name


def add_film_flags(parser: LightningArgumentParser) -> None:
    """Add films of the paths; the callback has to come before the one that says that an image is finished."""
    parser.add_argument(
        "--timelapse", action="store_true", help="Write an animated WebP of the path of every image, too."
    )
    parser.add_lightning_class_args(Timelapse, "timelapses")
    parser.link_arguments("timelapse", "timelapses.enabled")
    parser.link_arguments("output_dir", "timelapses.output_dir", compute_fn=local_name)


def add_view_flags(parser: LightningArgumentParser) -> None:
    """Add TensorBoard and the terminal; their callbacks come after those that write results."""
    parser.add_argument("-v", "--verbose", action="store_true", help="Tell settings, losses by phase and files, too.")
    parser.add_argument("--quiet", action="store_true", help="Tell errors alone.")
    parser.add_lightning_class_args(TensorBoardScalars, "tensorboard_scalars")
    parser.add_lightning_class_args(TensorBoardImages, "tensorboard_images")
    parser.add_lightning_class_args(TensorBoardSummary, "tensorboard_summary")
    parser.add_lightning_class_args(EventFiles, "tensorboard")
    parser.add_lightning_class_args(RestorationProgress, "progress")
    parser.link_arguments("output_dir", "tensorboard_summary.output_dir")
    parser.link_arguments("output_dir", "progress.output_dir", compute_fn=local_name)
    parser.link_arguments("output_dir", "tensorboard.log_dir", compute_fn=_log_dir)
    parser.link_arguments("overwrite", "tensorboard.overwrite")


def _log_dir(output_dir: str) -> str:
    return f"{local_name(output_dir)}/logs"
