"""``rsi app``: a page to restore pictures with."""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rsi.errors import InputError
from rsi.generators.files.zoo import EMBEDDED, zoo
from rsi.options.local_path import generator_name
from rsi.options.network_flags import FLAGS, apply_network_flags
from rsi.options.parser import CommandParser

UNVERIFIED = "allow_unverified"
LOCAL = ("127.0.0.1", "localhost")


def make_parser() -> CommandParser:
    """The parser of the command's options."""
    parser = CommandParser(
        "rsi app",
        description="Opens a page in the browser to restore pictures with: drop them, see what is found wrong, watch, "
        "take the results away. It is for this machine alone and sends nothing anywhere.",
    )
    add = parser.add_argument
    add("--generator", type=generator_name, default="avatars128", help="the generator that is chosen first")
    add("--quick", metavar="NAME|PATH", default="fast", help="the recipe that Quick on the page stands for")
    add("--no_browser", action="store_true", help="open no browser; the address is printed in any case")
    add("--port", type=int, metavar="N", help="the port; left out, the first free one from 7860")
    add("--host", default=LOCAL[0], help="the address to listen at; one beyond this machine needs --auth")
    add("--auth", type=_auth, metavar="USER:PASSWORD", help="what a browser has to say to be let in")
    add(f"--{UNVERIFIED}", action="store_true", help=FLAGS[UNVERIFIED][1])
    return parser


def main(argv: Sequence[str]) -> int:
    """Serve the page until it is interrupted.

    Raises:
        InputError: An option cannot be used.
    """
    arguments = make_parser().parse_args(argv)
    if arguments.host not in LOCAL and arguments.auth is None:
        raise InputError(
            f"--host {arguments.host} can be reached from other machines: say with --auth USER:PASSWORD who may enter"
        )
    apply_network_flags(argparse.Namespace(offline=True, **{UNVERIFIED: getattr(arguments, UNVERIFIED)}))
    from rsi.app.networks import domain_of, schedule_of
    from rsi.app.page import Settings
    from rsi.app.server import Address, serve

    schedule_of(arguments.quick)
    domain_of(arguments.generator)
    settings = Settings(_generators(arguments.generator), arguments.quick)
    with tempfile.TemporaryDirectory(prefix="rsi-app-") as folder:
        address = Address(arguments.host, arguments.port, arguments.auth)
        page, url = serve(settings, address, Path(folder), browser=not arguments.no_browser)
        print(f"{url} (Ctrl-C ends it)", flush=True)
        page.block_thread()
    return 0


def _generators(first: str) -> list[tuple[str, str]]:
    """What each generator is called on the page, and its name or file."""
    known = {name: f"{name}: {domain}" for name, domain in EMBEDDED.items()}
    known |= {entry.name: f"{entry.name}: {entry.domain}" for entry in zoo().values() if entry.path.is_file()}
    named = {first: known.get(first, Path(first).name), **known}
    return [(label, name) for name, label in named.items()]


def _auth(text: str) -> tuple[str, str]:
    user, _, password = text.partition(":")
    if not user or not password:
        raise argparse.ArgumentTypeError(f"{text!r} is not USER:PASSWORD")
    return user, password
