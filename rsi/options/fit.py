"""The options of ``rsi fit``, which recipes are made of, too."""

import logging
import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.cli import (  # type: ignore[attr-defined]
    ActionConfigFile,
    LightningArgumentParser,
    LightningCLI,
    SaveConfigCallback,
)

from rsi.callbacks import (
    BatchCheckpoint,
    BatchSize,
    EventFiles,
    FaceAlignment,
    Interruption,
    PhaseScheduler,
    RestorationCallback,
    RestorationProgress,
    ResultWriter,
    Run,
    SampleSpread,
    TensorBoardImages,
    TensorBoardScalars,
    TensorBoardSummary,
    Timelapse,
)
from rsi.data import TargetFolder
from rsi.errors import InputError
from rsi.log import set_verbosity, tell
from rsi.methods.base import RestorationMethod
from rsi.numerics.precision import full_name
from rsi.options.generator_flags import add_generator_flags, apply_generator_flags
from rsi.options.model_flags import add_model_flags
from rsi.options.network_flags import add_network_flags, apply_network_flags
from rsi.options.own_degradation import FitParser, raise_if_own
from rsi.options.precision import PRECISION_TEXT, precision
from rsi.options.purposes import BY_WHAT, HOW_DEGRADED, HOW_FAST, PURPOSES, WHAT, WHERE
from rsi.options.recipes import find_recipe, lines_about
from rsi.options.text import check_home, optional_path, path, paths
from rsi.photos.framing import Align, FaceFraming
from rsi.results import layout
from rsi.results.foreign import check_page
from rsi.storage.atomic import atomic_path
from rsi.storage.folder import local_name
from rsi.storage.location import is_url
from rsi.training.trainer import check_settings, find_strategy, one_line_errors

PATHS = ("mask_dir", "output_dir", "generator", "perceptual", "prior")
UNUSED = ("ckpt_path", "weights_only")  # of Trainer.fit: a batch in progress goes on from the output folder


class FitCLI(LightningCLI):
    """LightningCLI with the everyday flags at the top level; it runs as soon as it is made.

    Args:
        method: How the images are restored.
        argv: The options that the user gave to ``rsi fit``.
        images: The images that the user gave; left out, ``--target_dir`` names them.
        run: Whether to run; else what the options ask for is made alone.
        settings: Other arguments of LightningCLI.

    Attributes:
        started: When the run started, on the monotonic clock, in seconds.

    Raises:
        InputError: An option cannot be used.
    """

    def __init__(
        self,
        method: type[RestorationMethod[Any]],
        argv: Sequence[str],
        images: Sequence[str] = (),
        *,
        run: bool = True,
        **settings: Any,  # noqa: ANN401 - Lightning's own
    ) -> None:
        self._command = [sys.executable, "-m", "rsi", "fit", *images, *argv]
        self._images = [*map(path, images)]
        super().__init__(
            method,
            TargetFolder,
            args=["fit", *argv] if run else [*argv],
            run=run,
            auto_configure_optimizers=False,
            parser_class=FitParser,
            **settings,
        )

    @staticmethod
    def subcommands() -> dict[str, set[str]]:
        """``fit`` alone."""
        return {"fit": {*LightningCLI.subcommands()["fit"], *UNUSED}}

    def init_parser(self, **settings: Any) -> LightningArgumentParser:  # noqa: ANN401 - Lightning's own
        """Make a parser whose ``--config`` takes recipes by name, too."""
        parser = self.parser_class(**settings)
        parser.add_argument("-c", "--config", action=Recipe)
        return parser

    def add_default_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add none: Lightning's is a seed, and ``--seed`` is the one of everything random here."""

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add the everyday flags and the callbacks that every run has."""
        groups = {purpose: parser.add_argument_group(purpose) for purpose in PURPOSES}
        add_model_flags(parser, groups, self._model_class)
        _add_data_flags(parser, groups)
        add_generator_flags(groups[BY_WHAT])
        add_network_flags(groups[BY_WHAT])
        groups[HOW_FAST].add_argument("--precision", type=precision, default=None, help=PRECISION_TEXT)
        _add_output_flags(groups[WHERE])
        _add_parts(parser)

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
        if self._chosen.align != "none":
            self.datamodule.reader.framing = FaceFraming(self._chosen.align)

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:  # noqa: ANN401 - Lightning's own
        """Read the options, and keep Lightning from seeding everything with a number of its own."""
        super().parse_arguments(parser, args)
        self._chosen["seed_everything"] = False
        if self._images:
            named = self._images if len(self._images) > 1 else self._images[0]
            self._chosen.target_dir = self._chosen.data.target_dir = named

    @property
    def _chosen(self) -> Any:  # noqa: ANN401 - jsonargparse's namespace
        return self.config.fit if "subcommand" in self.config else self.config

    def before_instantiate_classes(self) -> None:
        """Choose how much is told and what may be downloaded, and refuse what cannot be met."""
        chosen = self._chosen
        chosen.pop("seed_everything")
        chosen.trainer.precision = full_name(chosen.precision or chosen.trainer.precision)
        if self.subcommand:
            set_verbosity(quiet=chosen.quiet, verbose=chosen.verbose)
            apply_generator_flags(chosen)
            apply_network_flags(chosen)
            for option in PATHS:
                check_home(f"--{option}", chosen.get(option))
            for image in [chosen.target_dir] if isinstance(chosen.target_dir, str) else chosen.target_dir:
                check_home("--target_dir", image)
            check_settings(chosen.trainer)

    def instantiate_trainer(self, **settings: Any) -> Trainer:  # noqa: ANN401 - the Trainer's own
        """Make the Trainer, whose other processes are started by the same command and looked after by it."""
        if self.subcommand:
            strategy, accelerator = self._chosen.trainer.strategy, self._chosen.trainer.accelerator
            settings["strategy"] = find_strategy(strategy, accelerator, command=self._command, raises=False)
        with one_line_errors():
            return super().instantiate_trainer(**settings)

    def before_fit(self) -> None:
        """Start the clock, and say so where there is not going to be a report page."""
        self.started = time.monotonic()
        chosen = self.config[str(self.subcommand)]
        if chosen.dry_run:
            raise NotRun(self)
        if chosen.report and not chosen.overwrite and not is_url(chosen.output_dir):
            try:
                check_page(Path(chosen.output_dir) / layout.PAGE)
            except InputError as error:
                tell(f"there is not going to be a report page: {error}")


class NotRun(Exception):  # noqa: N818 - no error
    """All parts are made, and a run was not asked for.

    Attributes:
        cli: What has made them.
    """

    def __init__(self, cli: FitCLI) -> None:
        super().__init__()
        self.cli = cli


class Recipe(ActionConfigFile):
    """``--config`` with the name of a recipe or the path of a file."""

    def __call__(self, parser: Any, cfg: Any, values: Any, option_string: Any = None) -> None:  # noqa: ANN401 - its own
        """Read it.

        Raises:
            InputError: It is neither a recipe nor a file.
        """
        super().__call__(parser, cfg, find_recipe(values), option_string)  # type: ignore[no-untyped-call]


class SavedConfig(SaveConfigCallback, RestorationCallback):
    """Writes ``config.yaml``, the resolved options, once the output folder is claimed; whole or not at all."""

    _folder = Path()

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:  # noqa: ARG002
        """Settle where the file goes."""
        self._folder = Path(trainer.default_root_dir)

    def run_begins(self, run: Run) -> None:
        """Write the file."""
        if run.rank == 0:
            recipes = lines_about(Path(str(file)) for file in self.config.get("config") or ())
            options = self.parser.dump(self.config, skip_none=False)
            with atomic_path(self._folder / layout.CONFIG) as file:
                file.write_text("\n".join([*recipes, options]), encoding="utf-8")


def _add_data_flags(parser: LightningArgumentParser, groups: Mapping[str, Any]) -> None:
    def add(purpose: str, flag: str, kind: object, default: object, text: str) -> None:
        groups[purpose].add_argument(f"--{flag}", type=kind, default=default, help=text)
        parser.link_arguments(flag, f"data.{flag}")

    add(WHAT, "target_dir", paths, "", "the same as an option, for files of options")
    add(WHAT, "samples", int, 1, "restorations of every image; they show what is not determined")
    add(WHAT, "fit", Literal["crop", "pad"], "crop", "what becomes of images of another shape than the generator's")
    text = "faces of photographs: crop cuts out the largest, transform moves a StyleGAN3's picture to it instead"
    groups[WHAT].add_argument("--align", type=Align, default="none", help=text)
    add(WHAT, "color", bool, False, "restore colour also where an image has none; else the results of such are grey")
    add(WHAT, "seed", int, 0, "seed of all random numbers")
    add(HOW_DEGRADED, "mask_dir", optional_path, None, "masks for inpainting, named as the images: white is known")
    add(HOW_DEGRADED, "mask_color", str | None, None, "pixels of this colour, such as #ff00ff, are unknown")
    add(HOW_FAST, "batch_size", int | Literal["auto"], 8, "images restored at once; auto for as many as fit")


def _add_output_flags(group: Any) -> None:  # noqa: ANN401 - jsonargparse's groups
    group.add_argument("--output_dir", type=path, default="restored", help="folder or URL for the results")
    group.add_argument("--overwrite", action="store_true", help="replace what an earlier run left in that folder")
    group.add_argument(
        "--dry_run", action="store_true", help="say what would be restored, how long and in how much memory"
    )
    group.add_argument("--report", type=bool, default=True, help="write the report page index.html at the end")
    group.add_argument("--timelapse", action="store_true", help="write a film of the path of every image, too")
    group.add_argument("-v", "--verbose", action="store_true", help="tell settings, losses by phase and files, too")
    group.add_argument("--quiet", action="store_true", help="tell errors alone")


def _add_parts(parser: LightningArgumentParser) -> None:
    """Add the callbacks in the order of their turns: films before what says that an image is finished, views last."""
    parser.add_lightning_class_args(BatchSize, "memory")
    parser.add_lightning_class_args(FaceAlignment, "alignment")
    parser.add_lightning_class_args(PhaseScheduler, "phases")
    parser.add_lightning_class_args(Timelapse, "timelapses")
    parser.add_lightning_class_args(ResultWriter, "writer")
    parser.add_lightning_class_args(SampleSpread, "spread")
    parser.add_lightning_class_args(BatchCheckpoint, "checkpoint")
    parser.add_lightning_class_args(TensorBoardScalars, "tensorboard_scalars")
    parser.add_lightning_class_args(TensorBoardImages, "tensorboard_images")
    parser.add_lightning_class_args(TensorBoardSummary, "tensorboard_summary")
    parser.add_lightning_class_args(EventFiles, "tensorboard")
    parser.add_lightning_class_args(RestorationProgress, "progress")
    parser.add_lightning_class_args(Interruption, "interruption")
    for part in ("data", "writer", "spread", "checkpoint", "tensorboard_summary"):
        parser.link_arguments("output_dir", f"{part}.output_dir")
    for part in ("data", "writer", "tensorboard"):
        parser.link_arguments("overwrite", f"{part}.overwrite")
    parser.link_arguments("timelapse", "timelapses.enabled")
    for local in ("timelapses.output_dir", "progress.output_dir", "trainer.default_root_dir"):
        parser.link_arguments("output_dir", local, compute_fn=local_name)
    parser.link_arguments("output_dir", "tensorboard.log_dir", compute_fn=_log_dir)


def _log_dir(output_dir: str) -> str:
    return f"{local_name(output_dir)}/{layout.LOGS}"


def quieten() -> None:
    """Keep Lightning's notes on devices and training, which do not apply, off the screen."""
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    for message in (
        "LightningCLI's args parameter",
        r"Found \d+ module\(s\) in eval mode",
        "`isinstance\\(treespec",
    ):
        warnings.filterwarnings("ignore", message)
