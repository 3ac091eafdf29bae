"""``rsi inspect``: say what is in a generator file and whether it can be used."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rsi.errors import InputError
from rsi.generators import load_generator
from rsi.generators.description import describe_generator
from rsi.generators.formats import detect_format
from rsi.generators.obtain import obtain
from rsi.generators.zoo import EMBEDDED, find_by_checksum, zoo
from rsi.log import printable
from rsi.options.local_path import generator_name
from rsi.options.network_flags import add_network_flags, apply_network_flags
from rsi.options.parser import CommandParser
from rsi.storage.fingerprint import file_sha256


def make_parser() -> CommandParser:
    """The parser of the command's options."""
    parser = CommandParser(
        "rsi inspect",
        description="Says what is in a generator file and whether it can be used. Nothing in it is executed.",
    )
    parser.add_argument("generator", type=generator_name, help="a file, or a name that rsi generators lists")
    add_network_flags(parser)
    return parser


def main(argv: Sequence[str]) -> int:
    """Print what is known of a generator; returns 1 if it cannot be used."""
    arguments = make_parser().parse_args(argv)
    apply_network_flags(arguments)
    name = arguments.generator
    if name not in EMBEDDED:
        path = obtain(zoo()[name]) if name in zoo() else Path(name)
        _print(_describe_file(path))
    try:
        _print(describe_generator(load_generator(name)))
    except InputError as error:
        _print({"can be used": f"no: {error}"})
        return 1
    _print({"can be used": f"yes: rsi fit --generator {name}"})
    return 0


def _describe_file(path: Path) -> dict[str, str]:
    if not path.is_file():
        raise InputError(f"{path} is not a file: give a generator file, or a name that rsi generators lists")
    digest = file_sha256(path)
    known = find_by_checksum(digest)
    with path.open("rb") as file:
        try:
            kind = detect_format(file.read(100)).value
        except InputError:
            kind = "unknown"
    return {
        "file": f"{path}, {path.stat().st_size} bytes",
        "SHA-256": f"{digest}, {f'that of {known.name}' if known else 'not one of the zoo'}",
        "format": kind,
    }


def _print(facts: Mapping[str, str]) -> None:
    for name, fact in facts.items():
        print(f"{name:<13} {printable(fact)}")
