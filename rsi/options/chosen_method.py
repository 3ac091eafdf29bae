"""Which method a command line asks for, before its other options can be known.

jsonargparse's sub-commands do not spare this: each needs its whole parser, so the parsers of all methods would have to
be made, and a configuration file could not name the method.
"""

import argparse
from collections.abc import Sequence
from functools import partial

from rsi.options.recipes import find_recipe
from rsi.storage.location import locate


def chosen_method(argv: Sequence[str], default: str) -> str:
    """The method of the last ``--method``, or of the last ``--config`` file that names one, whichever comes later.

    Raises:
        InputError: There is no such recipe or file.
    """
    scanner = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    scanner.add_argument("--method", action="append", dest="said", type=lambda name: partial(str, name))
    scanner.add_argument("-c", "--config", action="append", dest="said", type=lambda file: partial(_named_in, file))
    try:
        said = scanner.parse_known_args(argv)[0].said or []
    except argparse.ArgumentError:  # of which the real parser complains
        said = []
    return next(filter(None, reversed([method() for method in said])), default)


def _named_in(given: str) -> str:
    """The method that a YAML file names; nothing where it cannot be read, of which the real parser complains."""
    file = find_recipe(given)
    import yaml  # most command lines have no file

    try:
        config = yaml.safe_load(locate(file).read_text())
    except (OSError, ValueError, yaml.YAMLError):
        return ""
    return str(config.get("method") or "") if isinstance(config, dict) else ""
