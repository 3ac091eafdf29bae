"""The option that says what of a restored face is put back."""

from argparse import ArgumentParser


def add_shape(parser: ArgumentParser) -> None:
    """Add ``--shape`` to the parser of a command."""
    parser.add_argument(
        "--shape",
        choices=["auto", "oval", "square"],
        default="auto",
        help="what of a restored face is put back: its oval, in the photograph's colours, or the square that was cut "
        "out; auto takes the square where holes are filled",
    )
