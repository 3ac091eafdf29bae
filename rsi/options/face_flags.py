"""The flags of commands that find faces in photographs, or put restored ones back."""

from argparse import ArgumentParser

from rsi.photos.face_finder import DEFAULT, DETECTORS


def add_detector(parser: ArgumentParser) -> None:
    """Add ``--detector``, which says what finds faces, to the parser of a command."""
    parser.add_argument(
        "--detector",
        choices=[*DETECTORS],
        default=DEFAULT,
        help="what finds faces: blazeface, which comes with rsi, or dlib, which cuts exactly as FFHQ was cut; "
        "pip install 'rsi[faces]', not for commercial use",
    )


def add_shape(parser: ArgumentParser) -> None:
    """Add ``--shape``, which says what of a restored face is put back, to the parser of a command."""
    parser.add_argument(
        "--shape",
        choices=["auto", "oval", "square"],
        default="auto",
        help="what of a restored face is put back: its oval, in the photograph's colours, or the square that was cut "
        "out; auto takes the square where holes are filled",
    )
