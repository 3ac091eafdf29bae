"""``rsi inspect``: say what is in a generator file and whether it can be used."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rsi.errors import InputError
from rsi.generators import GeneratorInfo, load_generator
from rsi.generators.description import describe_generator
from rsi.generators.files.obtain import obtain
from rsi.generators.files.reading import container_of
from rsi.generators.files.zoo import EMBEDDED, find_by_checksum, zoo
from rsi.log import printable
from rsi.options.generator_flags import add_generator_flags, apply_generator_flags
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
    add_generator_flags(parser)
    add_network_flags(parser)
    return parser


def main(argv: Sequence[str]) -> int:
    """Print what is known of a generator; returns 1 if it cannot be used.

    Raises:
        InputError: An option cannot be used.
    """
    arguments = make_parser().parse_args(argv)
    apply_generator_flags(arguments)
    apply_network_flags(arguments)
    name = arguments.generator
    path = None
    if name not in EMBEDDED:
        path = obtain(zoo()[name]) if name in zoo() else Path(name)
        _print(_describe_file(path))
    try:
        generator = load_generator(name)
        _print(_describe_origin(generator.info) | describe_generator(generator))
    except InputError as error:
        if path is not None:
            _print({"format": _container(path)})
        _print({"can be used": f"no: {error}"})
        return 1
    _print({"can be used": f"yes: rsi fit --generator {name}"})
    return 0


def _describe_file(path: Path) -> dict[str, str]:
    if not path.is_file():
        raise InputError(f"{path} is not a file: give a generator file, or a name that rsi generators lists")
    digest = file_sha256(path)
    known = find_by_checksum(digest)
    return {
        "file": f"{path}, {path.stat().st_size} bytes",
        "SHA-256": f"{digest}, {f'that of {known.name}' if known else 'not one of the zoo'}",
    }


def _describe_origin(info: GeneratorInfo) -> dict[str, str]:
    """What was read, and what was assumed or said of it."""
    facts = {"format": info.format, "network": info.place, "assumed": "; ".join(info.assumed), "said": info.said}
    return {name: fact for name, fact in facts.items() if fact}


def _container(path: Path) -> str:
    """The kind of a file that cannot be used."""
    try:
        return container_of(path).value
    except InputError:
        return "unknown"


def _print(facts: Mapping[str, str]) -> None:
    for name, fact in facts.items():
        print(f"{name:<13} {printable(fact)}")
