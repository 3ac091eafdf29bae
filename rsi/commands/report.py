"""``rsi report``: write the report page of a run."""

import argparse
from collections.abc import Sequence
from pathlib import PurePath

from rsi.options.local_path import local_path
from rsi.options.parser import CommandParser
from rsi.report import write_report
from rsi.results.layout import PAGE


def make_parser() -> CommandParser:
    """The parser of the command's options."""
    parser = CommandParser("rsi report", description="Writes all results of a run in one page that needs no network.")
    parser.add_argument("output_dir", type=local_path, help="the output folder of rsi fit, such as restored/")
    parser.add_argument("--page", type=_page, metavar="NAME", default=PAGE, help="name of the page in that folder")
    parser.add_argument("--overwrite", action="store_true", help="replace a file of that name that rsi did not write")
    return parser


def main(argv: Sequence[str]) -> int:
    """Write the page and tell where it is."""
    arguments = make_parser().parse_args(argv)
    print(write_report(arguments.output_dir, arguments.page, overwrite=arguments.overwrite))
    return 0


def _page(name: str) -> str:
    if PurePath(name).name != name or not name.endswith(".html"):
        raise argparse.ArgumentTypeError(f"{name!r} is not a name that ends in .html, such as report.html")
    return name
