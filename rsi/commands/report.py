"""``rsi report``: write the report page of a run."""

from collections.abc import Sequence

from rsi.options.local_path import local_path
from rsi.options.parser import CommandParser
from rsi.report import write_report


def main(argv: Sequence[str]) -> int:
    """Write the page and tell where it is."""
    parser = CommandParser(
        "rsi report", description="Write index.html, all results of a run in one page that needs no network."
    )
    parser.add_argument("output_dir", type=local_path, help="the output folder of rsi fit, such as restored/")
    arguments = parser.parse_args(argv)
    print(write_report(arguments.output_dir))
    return 0
