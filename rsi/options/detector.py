"""The option that says what finds faces."""

from argparse import ArgumentParser

from rsi.photos.face_finder import DEFAULT, DETECTORS


def add_detector(parser: ArgumentParser) -> None:
    """Add ``--detector`` to the parser of a command."""
    parser.add_argument(
        "--detector",
        choices=[*DETECTORS],
        default=DEFAULT,
        help="what finds faces: blazeface, which comes with rsi, or dlib, which cuts exactly as FFHQ was cut; "
        "pip install 'rsi[faces]', not for commercial use",
    )
