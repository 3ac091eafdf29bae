"""``rsi restore``: restore the faces in photographs and leave everything else as it is."""

import hashlib
import json
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

from rsi.commands import fit
from rsi.commands.restore_faces import FaceWork
from rsi.commands.restore_output import COMPARISONS, RESTORED, RUNS, Output
from rsi.commands.unknown import COPIED, is_unknown, other_size
from rsi.data.listing import Listed, Listing
from rsi.data.selection import ARCHIVE, select
from rsi.errors import InputError
from rsi.generators import Generator, load_generator
from rsi.log import is_quiet, set_verbosity, tell
from rsi.options import restore as options
from rsi.options.network_flags import apply_network_flags
from rsi.photos.own_pictures import own_pictures
from rsi.results.folder import ResultFolder
from rsi.results.layout import PAGE, PROGRESS
from rsi.storage.location import is_url
from rsi.storage.lock import FolderLock

make_parser = options.make_parser
CARTOONS = (
    "avatars128 draws cartoon faces: such pictures are taken whole, others are copied. For photographs of people give "
    "--generator ffhq1024, which is downloaded once and is for non-commercial use; rsi generators says more"
)
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
    folder, photographs = _photographs(named)
    if chosen.draw_box and len(photographs) > 1:
        raise InputError(f"--draw_box says where a face is in one photograph, and {len(photographs)} are given")
    generator = load_generator(chosen.generator)
    cuts = chosen.cut_faces or generator.info.draws_aligned_faces
    with FolderLock(chosen.output_dir / PROGRESS / "lock").held():
        output = Output(chosen, folder, photographs, _settings(chosen, generator))
        missing = [image for image in photographs if not output.is_finished(image)]
        if finished := len(photographs) - len(missing):
            tell(f"finished before: {finished} of {len(photographs)}")
        if missing and cuts and not chosen.has_aligned:
            tell(BACKGROUND)
            FaceWork(chosen, generator, folder, output).restore(missing)
        elif missing:
            _restore_whole(chosen, generator, photographs, missing, output)
    failed = len(missing) - output.restored - output.copied
    if not is_quiet():
        print(*_closing(output, failed), sep="\n")
    return int(bool(missing) and (failed > 0 or not output.restored))


def _closing(output: Output, failed: int) -> Iterator[str]:
    """How many photographs were restored, and where everything is."""
    counts = {"failed": failed, "restored": output.restored, "copied": output.copied}
    yield ", ".join(f"{count} {what}" for what, count in counts.items() if count) or "nothing new"
    yield f"  {'photographs':<12} {output.folder}"
    for page in sorted(output.folder.glob(f"{RUNS}/*/{PAGE}")):
        yield f"  {'report':<12} {page}"


def _photographs(named: Sequence[str]) -> tuple[Path, list[Listed]]:
    """The pictures that are named, without what rsi has written among them, and the folder that all are in.

    Raises:
        InputError: There is none, or they are not on this machine.
    """
    if elsewhere := [one for one in named if is_url(one) or one.lower().endswith(ARCHIVE)]:
        raise InputError(f"{elsewhere[0]} is a URL or an archive: give photographs of this machine")
    selection = select(named)
    listing = Listing(selection.folder, chosen=selection.names)
    listing.check()
    is_own = own_pictures(selection.folder)
    files = [str(selection.folder / image.name) for image in listing.listed() if not is_own(image.name)]
    if not files:
        raise InputError(f"rsi has written all pictures in {selection.folder}: give the photographs")
    alone = select(files)
    return alone.folder, [*Listing(alone.folder, chosen=alone.names).listed()]


def _settings(chosen: Namespace, generator: Generator) -> str:
    """A checksum of what results depend on besides the photographs."""
    values = {name: str(value) for name, value in vars(chosen).items() if name not in NOT_RESULTS}
    return hashlib.sha256(json.dumps({**values, "sha256": generator.info.sha256}, sort_keys=True).encode()).hexdigest()


def _restore_whole(
    chosen: Namespace,
    generator: Generator,
    photographs: Sequence[Listed],
    missing: Sequence[Listed],
    output: Output,
) -> None:
    """Restore pictures as ``rsi fit`` does, apart from those that it would crop."""
    if generator.info.embedded:
        tell(CARTOONS)
    sizes = {image.name: other_size(output.photos / image.name, generator.resolution) for image in photographs}
    for image in missing:
        if size := sizes[image.name]:
            parts = ", ".join((generator.resolution // factor).label for factor in generator.resolution.factors[:4])
            tell(f"{image.name}: {size} pixels, and this generator takes {parts} and smaller parts: it is copied")
            output.keep(image)
    files = [str(output.photos / image.name) for image in photographs if not sizes[image.name]]
    if not files:
        return
    run = chosen.output_dir / RUNS / "whole"
    flags = [f"--degradation={chosen.degradation}", f"--output_dir={run}", *options.fit_options(chosen)]
    fit.main([*files, *flags], closes=False)
    results = ResultFolder(run)
    for image in missing:
        row = results.row(image.name)
        if sizes[image.name] or row is None or not row.is_done:
            continue
        if is_unknown(row, generator):
            tell(f"{image.name}: {COPIED}")
            output.keep(image)
            continue
        output.copy(run / row.output, f"{RESTORED}/{image.output}.png")
        output.copy(run / COMPARISONS / f"{image.output}.png", f"{COMPARISONS}/{image.output}.png")
        picture = output.at_strength(run, image.output, Image.open(run / row.output), generator)
        output.write(image, picture)
