"""``rsi fit``: restore a folder of degraded images."""

import logging
import sys
import time
import warnings
from collections.abc import Sequence
from typing import Literal

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
from rsi.commands.chosen_method import chosen_method
from rsi.commands.closing import closing_lines
from rsi.commands.model_flags import add_model_flags
from rsi.commands.network_flags import add_network_flags, apply_network_flags
from rsi.commands.saved_config import SavedConfig
from rsi.commands.views import add_film_flags, add_view_flags
from rsi.data import TargetFolder
from rsi.errors import InputError
from rsi.location import is_url
from rsi.log import is_quiet, printable, set_verbosity, tell
from rsi.methods import find_method
from rsi.outcome import Outcome, review
from rsi.report import write_report
from rsi.results import ResultFolder
from rsi.storage import local_name
from rsi.strategy import answers_for
from rsi.trainer import TRAINER_DEFAULTS

USAGE = "rsi fit --target_dir DIR [--degradation NAME] [--generator FILE] [--method NAME] [--output_dir DIR] [OPTIONS]"
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
        add_model_flags(parser, self._model_class)
        add_network_flags(parser)
        _add_output_flags(parser)

    def before_instantiate_classes(self) -> None:
        """Choose how much is told and what may be downloaded."""
        if self.subcommand:
            chosen = self.config[self.subcommand]
            set_verbosity(quiet=chosen.quiet, verbose=chosen.verbose)
            apply_network_flags(chosen)

    def before_fit(self) -> None:
        """Start the clock."""
        self.started = time.time()


def main(argv: Sequence[str]) -> int:
    """Restore a folder; returns 1 if some image could not be restored."""
    quieten()
    cli = FitCLI(
        find_method(chosen_method(argv)),
        TargetFolder,
        args=["fit", *argv],
        trainer_defaults=TRAINER_DEFAULTS,
        seed_everything_default=False,
        auto_configure_optimizers=False,
        save_config_callback=SavedConfig,
        parser_kwargs={"prog": "rsi", "fit": {"usage": USAGE, "description": DESCRIPTION}},
    )
    ranks, is_first = answers_for(cli.trainer), cli.trainer.is_global_zero
    outcome = _review(cli, ranks or range(1)) if ranks or is_first else Outcome()
    if outcome.missing:
        print(f"rsi: {printable(outcome.missing_line())}", file=sys.stderr)
    if is_first and cli.config["fit"]["report"]:
        _write_report(cli.config["fit"]["output_dir"])
    if is_first and not is_quiet():
        lines = closing_lines(ResultFolder(cli.config["fit"]["output_dir"]), outcome, time.time() - cli.started)
        print(*map(printable, lines), sep="\n")
    if ranks:
        ResultFolder(cli.config["fit"]["output_dir"]).publish()
    failed = not outcome.is_complete or bool(cli.datamodule.failures)
    return 1 if failed and ranks else 0


def _review(cli: FitCLI, ranks: range) -> Outcome:
    chosen = cli.config["fit"]
    folder = ResultFolder(chosen.output_dir)
    outcome = review(cli.datamodule, folder, ranks, cli.trainer.world_size, since=cli.started, anew=chosen.overwrite)
    if outcome.missing:
        folder.save_table()
    return outcome


def _write_report(output_dir: str) -> None:
    """Write the report page; that it cannot be written is no reason for the run to fail."""
    if is_url(output_dir):
        tell("the report page is written where the results are local alone")
        return
    try:
        write_report(output_dir)
    except (InputError, OSError) as error:
        tell(f"there is no report page, give rsi report {output_dir} once this is mended: {error}")


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
