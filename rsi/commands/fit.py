"""``rsi fit``: restore a folder of degraded images."""

import sys
import time
from collections.abc import Sequence
from typing import Any

from rsi.callbacks import ResultWriter
from rsi.commands.closing import closing_lines
from rsi.commands.plan import plan
from rsi.errors import InputError
from rsi.log import is_quiet, printable, tell
from rsi.methods.registry import DEFAULT_METHOD, find_method
from rsi.options.chosen_method import chosen_method
from rsi.options.fit import FitCLI, NotRun, SavedConfig, quieten
from rsi.options.light import CommandLine, read_command_line
from rsi.report import write_report
from rsi.results.folder import ResultFolder
from rsi.results.outcome import Outcome, review
from rsi.storage.location import is_url
from rsi.training.independent import watched_ranks
from rsi.training.trainer import TRAINER_DEFAULTS

USAGE = "rsi fit IMAGE... [--degradation NAME] [--generator NAME|PATH] [--output_dir PATH] [OPTIONS]"
DESCRIPTION = "Restores degraded images with a pretrained StyleGAN2."
IMAGES_TEXT = "files, folders, a zip file, a URL, or a pattern in quotes such as 'faces/*.jpg'"


def main(argv: Sequence[str], *, closes: bool = True) -> int:
    """Restore images; returns 1 if some could not be restored.

    Args:
        argv: Images and options.
        closes: Say at the end what has become of the images, and where everything is.

    Raises:
        InputError: Images are named in two ways, or an option cannot be used.
    """
    quieten()
    line = read_command_line("fit", argv)
    if line.images and any(word.partition("=")[0] == "--target_dir" for word in line.options):
        raise InputError(f"{line.images[0]} and --target_dir: name the images in one way")
    try:
        return _fit(line, closes=closes)
    except NotRun as made:
        print(*plan(made.cli.trainer, made.cli.model, made.cli.datamodule), sep="\n")
        return 0


def _fit(line: CommandLine, *, closes: bool) -> int:
    cli = FitCLI(
        find_method(chosen_method(line.options, DEFAULT_METHOD)),
        line.options,
        line.images,
        trainer_defaults=TRAINER_DEFAULTS,
        save_config_callback=SavedConfig,
        parser_kwargs={"prog": "rsi", "fit": {"usage": USAGE, "description": DESCRIPTION}},
    )
    ranks, is_first, folder = watched_ranks(cli.trainer), cli.trainer.is_global_zero, _folder(cli)
    outcome = _review(cli, folder, ranks or range(1)) if ranks or is_first else Outcome()
    if outcome.missing:
        print(f"rsi: {printable(outcome.missing_line())}", file=sys.stderr)
    if is_first and cli.config["fit"]["report"]:
        _write_report(cli.config["fit"]["output_dir"], overwrite=cli.config["fit"]["overwrite"])
    if closes and is_first and not is_quiet():
        processes = cli.trainer.world_size if len(ranks) < cli.trainer.world_size else 1
        lines = closing_lines(folder, outcome, time.monotonic() - cli.started, processes)
        print(*map(printable, lines), sep="\n")
    if ranks:
        folder.publish()
    failed = not outcome.is_complete or bool(cli.datamodule.failures)
    return 1 if failed and ranks else 0


def _folder(cli: FitCLI) -> ResultFolder:
    """The output folder as the run has claimed it."""
    callbacks: Any = getattr(cli.trainer, "callbacks", ())  # an attribute that Lightning sets without naming it
    writer: ResultWriter = next(callback for callback in callbacks if isinstance(callback, ResultWriter))
    return writer.folder


def _review(cli: FitCLI, folder: ResultFolder, ranks: range) -> Outcome:
    outcome = review(cli.datamodule.names, folder, ranks, cli.trainer.world_size, anew=cli.config["fit"]["overwrite"])
    if outcome.missing:
        folder.save_table()
    return outcome


def _write_report(output_dir: str, *, overwrite: bool) -> None:
    """Write the report page; that it cannot be written is no reason for the run to fail."""
    if is_url(output_dir):
        tell("the report page is written where the results are local alone")
        return
    try:
        write_report(output_dir, overwrite=overwrite)
    except (InputError, OSError) as error:
        tell(f"there is no report page, give rsi report {output_dir} once this is mended: {error}")
