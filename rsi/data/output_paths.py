"""Whether the results of an image have a place in the output folder."""

import os
from collections.abc import Collection
from pathlib import PurePosixPath

from rsi.data.targets import output_name
from rsi.errors import InputError

RESERVED = ("comparisons", "latents", "logs", "records")
LONGEST_NAME = 255 - len(".safetensors")  # bytes; 255 is what common file systems allow


def check_output(name: str, names: Collection[str]) -> None:
    """Make sure that no result of an image takes the place of another file.

    Args:
        name: The image's path below the target folder.
        names: All inputs of the run.

    Raises:
        InputError: Its folder is named as one of the output folder, a part of the path is too long, or a result would
            be named as the folder of another input.
    """
    folder, *rest = parts = PurePosixPath(name).parts
    if rest and folder.casefold() in RESERVED:
        raise InputError(f"the output folder has a folder {folder!r} of its own: rename that of {name!r}")
    if max(len(os.fsencode(part)) for part in parts) > LONGEST_NAME:
        raise InputError(f"a name in {name!r} is longer than {LONGEST_NAME} bytes: shorten it")
    result = f"{output_name(name, names)}.png".casefold()
    if any(other.casefold().startswith(f"{result}/") for other in names):
        raise InputError(f"the result of {name!r} would take the place of a folder: rename the folder {result!r}")
