"""Which method a command line asks for, before its other options can be known.

jsonargparse's sub-commands do not spare this: each needs its whole parser, so the parsers of all methods would have to
be made, and a configuration file could not name the method.
"""

import argparse
from collections.abc import Sequence

import yaml

from rsi.methods.registry import DEFAULT_METHOD
from rsi.options.text import path
from rsi.storage.location import locate


def chosen_method(argv: Sequence[str]) -> str:
    """The method of the last ``--method``, or of the last ``--config`` file that names one, whichever comes later."""
    scanner = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    scanner.add_argument("--method", action="append", dest="named", type=str)
    scanner.add_argument("-c", "--config", action="append", dest="named", type=_method_of_config)
    named = scanner.parse_known_args(argv)[0].named or []
    return next(filter(None, reversed(named)), DEFAULT_METHOD)


def _method_of_config(file: str) -> str:
    """The method that a YAML file names; nothing where it cannot be read, of which the real parser complains."""
    try:
        config = yaml.safe_load(locate(path(file)).read_text())
    except (OSError, ValueError, yaml.YAMLError):
        return ""
    return str(config.get("method") or "") if isinstance(config, dict) else ""
