"""The output folder of the benchmark: which files there are its own."""

import json
from collections.abc import Collection, Iterable
from pathlib import Path

from rsi.errors import InputError
from rsi.log import tell

RECORD = "clean.json"
REPORT = ("table.md", "table.tex", "table.csv", "per_image.csv", "differences.md", "phases.md")
FOLDERS = ("plots", "targets")  # beside those of the methods


def check_output(output: Path, clean: Path, methods: Iterable[str]) -> None:
    """Make sure that the benchmark replaces no file but those that it wrote.

    Args:
        output: Where it will write.
        clean: The folder of clean images.
        methods: The folders of the methods' results in it.

    Raises:
        InputError: The clean images are where results go, or something else is.
    """
    own = [*REPORT, *FOLDERS, *methods]
    if clean.resolve() in (output.resolve(), *((output / name).resolve() for name in own)):
        raise InputError(f"{output} is for results and {clean} holds the clean images: choose another --output_dir")
    found = [name for name in own if (output / name).exists()]
    if found and not (output / RECORD).exists():
        raise InputError(
            f"{output} holds {', '.join(found)}, which no benchmark wrote (there is no {RECORD}): choose another "
            "--output_dir"
        )


def outputs_in(folder: Path) -> list[Path]:
    """The output folders of benchmarks in a folder and those inside it."""
    return [path.parent for path in folder.rglob(RECORD) if path.parent != folder]


def read_checksums(record: Path) -> dict[str, str]:
    """The checksums of the clean images by name; none where the record is missing or damaged, which is said.

    Raises:
        InputError: The file is whole but no such record.
    """
    if not record.is_file():
        return {}
    text = record.read_bytes()
    try:
        known = json.loads(text)
    except ValueError:
        if text.strip(b"\0")[:1] not in (b"", b"{"):
            raise _no_record(record) from None
        tell(f"{record} is damaged: whether the clean images have changed cannot be known, they are noted anew")
        return {}
    if not isinstance(known, dict) or not _are_checksums(known.values()):
        raise _no_record(record)
    return known


def _are_checksums(values: Collection[object]) -> bool:
    return all(isinstance(value, str) and len(value) == 64 for value in values)


def _no_record(record: Path) -> InputError:
    return InputError(f"{record} was not written by rsi benchmark: choose another --output_dir")
