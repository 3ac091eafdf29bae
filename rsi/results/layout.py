"""Whether the results of an image have a place in the output folder."""

import os
from pathlib import PurePosixPath

from rsi.data.listing import Listed
from rsi.errors import InputError

RESERVED = ("comparisons", "disagreement", "fidelity", "latents", "logs", "records", "samples", "timelapses")
LONGEST_NAME = 255 - len(".safetensors")  # bytes; 255 is what common file systems allow


def check_output(image: Listed) -> None:
    """Make sure that no result of an image takes the place of another file.

    Raises:
        InputError: Its folder is named as one of the output folder, a part of the path is too long, or the result would
            be named as a folder beside it.
    """
    name = image.file
    folder, *rest = parts = PurePosixPath(name).parts
    if rest and folder.casefold() in RESERVED:
        raise InputError(f"the output folder has a folder {folder!r} of its own: rename that of {name!r}")
    if max(len(os.fsencode(part)) for part in parts) > LONGEST_NAME:
        raise InputError(f"a name in {name!r} is longer than {LONGEST_NAME} bytes: shorten it")
    if image.hides_folder:
        result = f"{image.output}.png"
        raise InputError(f"the result of {name!r} would take the place of a folder: rename the folder {result!r}")
