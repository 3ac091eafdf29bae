"""The options of ``rsi fit``, which recipes are made of, too."""

import logging
import time
import warnings
from typing import Any, Literal

from pytorch_lightning.cli import LightningArgumentParser, LightningCLI

from rsi.callbacks import (
    BatchCheckpoint,
    BatchSize,
    FaceAlignment,
    Interruption,
    PhaseScheduler,
    ResultWriter,
    SampleSpread,
)
from rsi.log import set_verbosity
from rsi.options.model_flags import add_model_flags
from rsi.options.network_flags import add_network_flags, apply_network_flags
from rsi.options.own_degradation import FitParser, raise_if_own
from rsi.options.views import add_film_flags, add_view_flags
from rsi.storage.folder import local_name


class FitCLI(LightningCLI):
    """LightningCLI with the everyday flags at the top level."""

    @staticmethod
    def subcommands() -> dict[str, set[str]]:
        """``fit`` alone."""
        return {"fit": LightningCLI.subcommands()["fit"]}

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add the everyday flags and the callbacks that every run has."""
        _add_data_flags(parser)
        add_model_flags(parser, self._model_class)
        add_network_flags(parser)
        _add_output_flags(parser)

    def init_parser(self, **kwargs: Any) -> LightningArgumentParser:  # noqa: ANN401 - as LightningCLI has it
        """Lightning's parser with our word on degradations."""
        self.parser_class = FitParser
        return super().init_parser(**kwargs)

    def instantiate_classes(self) -> None:
        """Make all parts.

        Raises:
            InputError: A degradation of the user's own cannot be made.
        """
        try:
            super().instantiate_classes()
        except ValueError as error:
            raise_if_own(str(error), error)
            raise

    def before_instantiate_classes(self) -> None:
        """Choose how much is told and what may be downloaded."""
        if self.subcommand:
            chosen = self.config[self.subcommand]
            set_verbosity(quiet=chosen.quiet, verbose=chosen.verbose)
            apply_network_flags(chosen)

    def before_fit(self) -> None:
        """Start the clock."""
        self.started = time.time()


def _add_data_flags(parser: LightningArgumentParser) -> None:
    def add(flag: str, kind: object, default: object, text: str) -> None:
        parser.add_argument(f"--{flag}", type=kind, default=default, help=text)
        parser.link_arguments(flag, f"data.{flag}")

    parser.add_argument(
        "--target_dir", type=str, default="", help="Folder or fsspec URL of degraded images; has to be given."
    )
    parser.link_arguments("target_dir", "data.target_dir")
    add("batch_size", int | Literal["auto"], 8, "How many images are restored at once; auto for as many as fit.")
    add("fit", Literal["crop", "pad"], "crop", "What to do with images of another shape than the generator's.")
    add("mask_dir", str | None, None, "Folder of masks for inpainting, named as the images: white is known.")
    add("mask_color", str | None, None, "Pixels of this colour, such as #ff00ff, are unknown.")
    add("seed", int, 0, "Seed of all random numbers.")
    add("samples", int, 1, "How many restorations of every image are wanted; they show what is not determined.")


def _add_output_flags(parser: LightningArgumentParser) -> None:
    parser.add_argument("--output_dir", type=str, default="restored", help="Folder or URL for the results.")
    parser.add_argument(
        "--overwrite", action="store_true", help="Replace what an earlier run left in the output folder."
    )
    parser.add_argument("--report", type=bool, default=True, help="Write the report page index.html at the end.")
    parser.add_lightning_class_args(BatchSize, "memory")
    parser.add_lightning_class_args(FaceAlignment, "alignment")
    parser.add_lightning_class_args(PhaseScheduler, "phases")
    add_film_flags(parser)
    parser.add_lightning_class_args(ResultWriter, "writer")
    parser.add_lightning_class_args(SampleSpread, "spread")
    parser.add_lightning_class_args(BatchCheckpoint, "checkpoint")
    add_view_flags(parser)
    parser.add_lightning_class_args(Interruption, "interruption")
    parser.link_arguments("output_dir", "writer.output_dir")
    parser.link_arguments("overwrite", "writer.overwrite")
    parser.link_arguments("output_dir", "spread.output_dir")
    parser.link_arguments("output_dir", "checkpoint.output_dir")
    parser.link_arguments("output_dir", "trainer.default_root_dir", compute_fn=local_name)


def quieten() -> None:
    """Keep Lightning's notes on devices and training, which do not apply, off the screen."""
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    for message in (
        "LightningCLI's args parameter",
        r"Found \d+ module\(s\) in eval mode",
        "`isinstance\\(treespec",
    ):
        warnings.filterwarnings("ignore", message)
