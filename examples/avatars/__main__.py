"""Remake the embedded domain: ``python -m examples.avatars all --output_dir avatars``."""

import logging
import sys
import warnings

from jsonargparse import ArgumentParser

from examples.avatars.settings import Settings
from examples.avatars.stages import STAGES
from rsi.errors import InputError
from rsi.log import tell


def main(arguments: list[str] | None = None) -> None:
    """Run one stage or all of them, saying which."""
    parser = ArgumentParser(
        prog="python -m examples.avatars", description="Remake the embedded generator and its perceptual network."
    )
    parser.add_argument("stage", choices=["all", *STAGES], help="what to do; a stage that is done is skipped")
    parser.add_class_arguments(Settings)
    options = vars(parser.parse_args(arguments))
    stage, settings = options.pop("stage"), Settings(**options)
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="pytorch_lightning")
    settings.output_dir.mkdir(parents=True, exist_ok=True)
    for name in STAGES if stage == "all" else [stage]:
        tell(f"stage {name}")
        STAGES[name](settings)


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        tell(f"error: {error}")
        sys.exit(2)
