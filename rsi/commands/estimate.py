"""``rsi estimate``: say what is wrong with pictures."""

import argparse
import csv
import io
import json
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from rsi.data.listing import Listing
from rsi.data.reading import read_picture
from rsi.data.selection import select
from rsi.errors import InputError
from rsi.estimation.estimate import Estimate, estimate_evidence, evidence_of_picture
from rsi.estimation.evidence import Finding
from rsi.estimation.networks import network_of
from rsi.imports.extras import check_extra
from rsi.log import printable
from rsi.options.local_path import generator_name, local_path
from rsi.options.network_flags import add_network_flags, apply_network_flags
from rsi.options.parser import CommandParser
from rsi.storage.atomic import atomic_path

COLUMNS = ("file", "stage", "value", "interval", "known", "why")
NOTHING = "nothing was found"


def make_parser() -> CommandParser:
    """The parser of the command's options."""
    parser = CommandParser(
        "rsi estimate",
        description="Says what happened to pictures: what is read in their headers, exact by the values that they "
        "have, measured, or guessed. Nothing is changed.",
    )
    parser.add_argument("images", nargs="+", type=str, help="pictures, folders or patterns such as faces/*.jpg")
    parser.add_argument(
        "--generator",
        type=generator_name,
        default="avatars128",
        help="whose images the pictures are like: what JPEG hides is learned from it",
    )
    parser.add_argument(
        "--class_label", metavar="N", help="its class, by number or ImageNet's name, for a conditional generator"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--csv", action="store_true", help="print CSV instead of a table")
    parser.add_argument(
        "--pictures", type=local_path, metavar="PATH", help="a folder for a picture a file that shows why"
    )
    add_network_flags(parser)
    return parser


def main(argv: Sequence[str]) -> int:
    """Print what was found; returns 1 if some picture could not be read.

    Raises:
        InputError: An option cannot be used.
    """
    arguments = make_parser().parse_args(argv)
    apply_network_flags(arguments)
    if arguments.json and arguments.csv:
        raise InputError("--json and --csv: give one of them")
    if arguments.pictures is not None:
        check_extra("benchmark", "--pictures")
    pictures = dict(_pictures(arguments.images))
    estimates = {name: _try(name, path, arguments) for name, path in pictures.items()}
    found = {name: estimate for name, estimate in estimates.items() if estimate is not None}
    show = _as_json if arguments.json else _as_csv if arguments.csv else _as_table
    print(show(found))
    return int(len(found) < len(pictures))


def _pictures(images: Sequence[str]) -> Iterator[tuple[str, Path]]:
    selection = select(images)
    listing = Listing(selection.folder, chosen=selection.names)
    listing.check()
    for listed in listing.listed():
        yield listed.file, selection.folder / listed.file


def _try(name: str, path: Path, arguments: argparse.Namespace) -> Estimate | None:
    try:
        return _estimate(name, path, arguments)
    except InputError as error:
        print(f"rsi: {error}", file=sys.stderr)
        return None


def _estimate(name: str, path: Path, arguments: argparse.Namespace) -> Estimate:
    evidence = evidence_of_picture(read_picture(path))
    estimate = estimate_evidence(evidence, partial(network_of, arguments.generator, arguments.class_label))
    if arguments.pictures is not None:
        from rsi.estimation.figure import draw_evidence

        with atomic_path(arguments.pictures / f"{name}.png") as temporary:
            draw_evidence(temporary, name, evidence, estimate)
    return estimate


def _rows(found: dict[str, Estimate]) -> Iterator[tuple[str, ...]]:
    for name, estimate in found.items():
        for finding in estimate.in_order:
            yield name, finding.stage, _values(finding), _intervals(finding), finding.how, finding.why


def _values(finding: Finding) -> str:
    return " ".join(
        f"{key}={value:.4g}" if isinstance(value, float) else f"{key}={value}" for key, value in finding.told
    )


def _intervals(finding: Finding) -> str:
    return " ".join(f"{key}={low:.3g}..{high:.3g}" for key, (low, high) in finding.intervals.items())


def _as_table(found: dict[str, Estimate]) -> str:
    lines: list[str] = []
    for name, estimate in found.items():
        lines += [printable(name), *(f"  {line}" for line in _aligned(estimate))]
        lines += [f"  --degradation {text}" for text in [estimate.text] if text]
        lines += [f"  if that is so: --degradation {text}" for text in [estimate.text_with_guesses] if estimate.guesses]
    return "\n".join(lines)


def _aligned(estimate: Estimate) -> list[str]:
    rows = [row[1:] for row in _rows({"": estimate})]
    if not rows:
        return [NOTHING]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _as_csv(found: dict[str, Estimate]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([COLUMNS, *_rows(found)])
    return text.getvalue().rstrip("\n")


def _as_json(found: dict[str, Estimate]) -> str:
    return json.dumps({name: _facts(estimate) for name, estimate in found.items()}, indent=1)


def _facts(estimate: Estimate) -> dict[str, object]:
    return {"degradation": estimate.text, "findings": list(map(_fact, estimate.in_order))}


def _fact(finding: Finding) -> dict[str, object]:
    return {
        "stage": finding.stage,
        "values": dict(finding.told),
        "intervals": dict(finding.intervals),
        "known": finding.how,
        "why": finding.why,
    }
