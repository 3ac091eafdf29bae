"""Every name in the output folder of a run."""

import hashlib
import os
from pathlib import Path, PurePosixPath

from rsi.errors import InputError
from rsi.storage.folding import folded, name_checksum

SETTINGS, CONFIG, TABLE, PAGE = "settings.json", "config.yaml", "results.csv", "index.html"
RECORDS, LOGS, PROGRESS = "records", "logs", ".progress"
COMPARISONS, FIDELITY, LATENTS, DISAGREEMENT, TIMELAPSES = (
    "comparisons",
    "fidelity",
    "latents",
    "disagreement",
    "timelapses",
)
SAMPLES, PAGE_FILES = "samples", "index_files"
RESERVED = (COMPARISONS, DISAGREEMENT, FIDELITY, LATENTS, LOGS, PAGE_FILES, RECORDS, SAMPLES, TIMELAPSES)
LONGEST_NAME = 255 - len(".safetensors")  # bytes; 255 is what common file systems allow
RECIPE = "# recipe "  # a line of CONFIG that begins so names a recipe and says what it is for
CAPTIONS = "captions"  # the text in the PNG files of rows of pictures

RESTORED_IMAGE = "{}.png"
COMPARISON = f"{COMPARISONS}/{{}}.png"
FIDELITY_MAP = f"{FIDELITY}/{{}}.png"
LATENT = f"{LATENTS}/{{}}.safetensors"
DISAGREEMENT_MAP = f"{DISAGREEMENT}/{{}}.png"
TIMELAPSE = f"{TIMELAPSES}/{{}}.webp"
FILES_OF_AN_IMAGE = (RESTORED_IMAGE, COMPARISON, FIDELITY_MAP, LATENT, TIMELAPSE, DISAGREEMENT_MAP)
RESULT_SUFFIXES = tuple(sorted({PurePosixPath(pattern).suffix for pattern in FILES_OF_AN_IMAGE}))


def files_of(output: str) -> tuple[str, ...]:
    """The files that an image can have, relative to the output folder.

    Args:
        output: What its results are called, without a suffix.
    """
    return tuple(pattern.format(output) for pattern in FILES_OF_AN_IMAGE)


def record_of(file: str) -> str:
    """Where the record of an input is: its own name, if no other name can be taken for it, else with a checksum.

    The dash keeps the records of several restorations of an input, ``NAME~2`` and so on, in their order.
    """
    return _record(file if file == folded(file) else f"{file}-{name_checksum(file)}", file)


def older_record_of(file: str) -> str:
    """Where earlier versions have put the record of an input, perhaps in the place of another's."""
    return _record(file, file)


def _record(name: str, file: str) -> str:
    """The record of an input under a name, if that can be a file's beside those of all others."""
    parts = PurePosixPath(name).parts
    fits = max(len(os.fsencode(part)) for part in parts) < LONGEST_NAME
    is_own = fits and not any(folded(part).endswith(".json") for part in parts[:-1])
    return f"{RECORDS}/{name if is_own else hashlib.sha256(os.fsencode(file)).hexdigest()}.json"


def holds_results(folder: Path) -> bool:
    """Whether a folder is the output folder of a run."""
    try:
        return (folder / SETTINGS).exists() and any((folder / name).is_dir() for name in (LATENTS, RECORDS))
    except OSError:  # a folder of another user
        return False


def check_length(name: str) -> None:
    """Make sure that the name of an input or of its results leaves room for suffixes.

    Raises:
        InputError: A part of the path is too long.
    """
    if max(len(os.fsencode(part)) for part in PurePosixPath(name).parts) > LONGEST_NAME:
        raise InputError(f"a name in {name!r} is longer than {LONGEST_NAME} bytes: shorten it")


def check_name(file: str, output: str, *, hides_folder: str = "") -> None:
    """Make sure that the results of an input have a place in the output folder.

    Args:
        file: The input's path in its folder.
        output: What its results are called, without a suffix.
        hides_folder: The folder beside the input that has the name of a file of its results, if there is one.

    Raises:
        InputError: Its folder is named as one of the output folder, a part of the path is too long, or the result would
            be named as a folder beside it.
    """
    folder, *rest = PurePosixPath(file).parts
    if rest and folded(folder) in RESERVED:
        raise InputError(f"the output folder has a folder {folder!r} of its own: rename that of {file!r}")
    check_length(file)
    check_length(output)
    if hides_folder:
        raise InputError(f"the result of {file!r} would take the place of a folder: rename the folder {hides_folder!r}")
