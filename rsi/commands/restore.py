"""``rsi restore``: restore the faces in photographs and leave everything else as it is."""

import hashlib
import json
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from rsi.commands.restore_faces import FaceWork
from rsi.commands.restore_output import OWN_FOLDERS, Output
from rsi.commands.restore_run import RUNS
from rsi.commands.restore_whole import restore_whole
from rsi.data.listing import Listed, Listing
from rsi.data.selection import ARCHIVE, select
from rsi.errors import InputError
from rsi.generators import Generator, load_generator
from rsi.log import is_quiet, printable, set_verbosity, tell
from rsi.options import restore as options
from rsi.options.network_flags import apply_network_flags
from rsi.photos.own_pictures import own_pictures
from rsi.photos.restored_list import read_restored
from rsi.results.layout import PAGE, PROGRESS, check_length
from rsi.storage.folding import folded
from rsi.storage.location import is_url
from rsi.storage.lock import FolderLock

make_parser = options.make_parser
BACKGROUND = "the rest of every photograph stays as it is: rsi restores faces alone"
NOT_RESULTS = ("output_dir", "overwrite", "quiet", "images", "input", "batch_size", "offline", "allow_unverified")


def main(argv: Sequence[str]) -> int:
    """Restore photographs; returns 1 if some could not be, or none was since none has a face that is drawn.

    Raises:
        InputError: An option cannot be used.
    """
    chosen = make_parser().parse_args(argv)
    set_verbosity(quiet=chosen.quiet)
    apply_network_flags(chosen)
    named = [*chosen.images, *(chosen.input or ())]
    if not named:
        raise InputError("nothing is given to restore: name photographs, folders or a pattern such as 'old/*.jpg'")
    folder, photographs = _photographs(named, chosen.output_dir)
    if chosen.draw_box and len(photographs) > 1:
        raise InputError(f"--draw_box says where a face is in one photograph, and {len(photographs)} are given")
    generator = load_generator(chosen.generator)
    with FolderLock(chosen.output_dir / PROGRESS / "lock").held():
        placed = [image for image in photographs if _has_place(image, chosen.suffix)]
        output = Output(chosen, folder, placed, _settings(chosen, generator))
        missing = [image for image in placed if not output.is_finished(image)]
        if finished := len(placed) - len(missing):
            tell(f"finished before: {finished} of {len(photographs)}")
        if missing:
            _restore(chosen, generator, placed, missing, output)
    failed = len(photographs) - finished - output.restored - output.copied
    if not is_quiet():
        print(*_closing(output, failed), sep="\n")
    return int(failed > 0 or (bool(missing) and not output.restored))


def _has_place(image: Listed, suffix: str) -> bool:
    """Whether a photograph's results have a place in the output folder; says if not."""
    try:
        _check_place(image, suffix)
    except InputError as error:
        print(f"failed {printable(image.name)}: {error}", file=sys.stderr)
        return False
    return True


def _check_place(image: Listed, suffix: str) -> None:
    """Make sure that a photograph's results have possible names, in no folder that the output folder has of its own.

    Raises:
        InputError: They do not.
    """
    folder, *rest = PurePosixPath(image.name).parts
    if rest and folded(folder) in OWN_FOLDERS:
        raise InputError(f"the output folder has a folder {folder!r} of its own: rename that of the photograph")
    check_length(image.name)
    check_length(f"{image.output}{suffix}")


def _restore(
    chosen: Namespace, generator: Generator, photographs: Sequence[Listed], missing: Sequence[Listed], output: Output
) -> None:
    """Restore what is missing: the faces in photographs where the generator draws such faces, else the pictures."""
    if chosen.has_aligned or not (chosen.cut_faces or generator.info.draws_aligned_faces):
        if chosen.draw_box:
            raise InputError("--draw_box says where a face is, and these pictures are taken whole: give --cut_faces")
        restore_whole(chosen, generator, photographs, missing, output)
    else:
        tell(BACKGROUND)
        FaceWork(chosen, generator, output).restore(missing)


def _closing(output: Output, failed: int) -> Iterator[str]:
    """How many photographs were restored, and where everything is."""
    counts = {"failed": failed, "restored": output.restored, "copied": output.copied}
    yield ", ".join(f"{count} {what}" for what, count in counts.items() if count) or "nothing new"
    yield f"  {'photographs':<12} {output.folder}"
    for page in sorted(output.folder.glob(f"{RUNS}/*/{PAGE}")):
        yield f"  {'report':<12} {page}"


def _photographs(named: Sequence[str], output_dir: Path) -> tuple[Path, list[Listed]]:
    """The pictures that are named, without what rsi has written among them, and the folder that all are in.

    Results in the output folder are passed over unless they are named themselves.

    Raises:
        InputError: There is none, or they are not on this machine.
    """
    if elsewhere := [one for one in named if is_url(one) or one.lower().endswith(ARCHIVE)]:
        raise InputError(f"{elsewhere[0]} is a URL or an archive: give photographs of this machine")
    selection = select(named)
    listing = Listing(selection.folder, chosen=selection.names)
    listing.check()
    is_own, chosen = own_pictures(selection.folder), selection.names or ()
    earlier, place = _earlier_results(output_dir), selection.folder.resolve()
    files = [
        str(selection.folder / image.name)
        for image in listing.listed()
        if not is_own(image.name) and (image.name in chosen or place / image.name not in earlier)
    ]
    if not files:
        raise InputError(f"rsi has written all pictures in {selection.folder}: give the photographs")
    alone = select(files)
    return alone.folder, [*Listing(alone.folder, chosen=alone.names).listed()]


def _earlier_results(output_dir: Path) -> set[Path]:
    """The pictures that the output folder's list names; a list that cannot be read is refused where it is needed."""
    try:
        return {output_dir.resolve() / name for name in read_restored(output_dir).written}
    except InputError:
        return set()


def _settings(chosen: Namespace, generator: Generator) -> str:
    """A checksum of what results depend on besides the photographs."""
    values = {name: str(value) for name, value in vars(chosen).items() if name not in NOT_RESULTS}
    return hashlib.sha256(json.dumps({**values, "sha256": generator.info.sha256}, sort_keys=True).encode()).hexdigest()
