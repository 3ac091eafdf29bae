"""Pictures that are restored whole, as ``rsi fit`` does it."""

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from rsi.commands.restore_output import Output
from rsi.commands.restore_run import COPIED, RestoringRun
from rsi.data.listing import Listed
from rsi.errors import InputError
from rsi.generators import Generator
from rsi.log import tell
from rsi.numerics.size import Size
from rsi.photos.photograph import read_photograph

CARTOONS = (
    "avatars128 draws cartoon faces: such pictures are taken whole, others are copied. For photographs of people give "
    "--generator ffhq1024, which is downloaded once and is for non-commercial use; rsi generators says more"
)


def restore_whole(
    chosen: Namespace, generator: Generator, photographs: Sequence[Listed], missing: Sequence[Listed], output: Output
) -> None:
    """Restore pictures; those that ``rsi fit`` would crop are copied.

    Args:
        chosen: The options.
        generator: Draws the pictures.
        photographs: All that are named, which the report page shows.
        missing: Those of them that are not finished.
        output: Where results go.
    """
    if generator.info.embedded:
        tell(CARTOONS)
    cropped = {image.name: _would_be_cropped(output.photos / image.name, generator.resolution) for image in photographs}
    for image in missing:
        if size := cropped[image.name]:
            parts = ", ".join((generator.resolution // factor).label for factor in generator.resolution.factors[:4])
            tell(f"{image.name}: {size} pixels, and this generator takes {parts} and smaller parts: it is copied")
            output.keep(image)
        else:
            output.reserve(image.output)
    if fitting := [output.photos / image.name for image in photographs if not cropped[image.name]]:
        run = RestoringRun(chosen, generator, "whole", chosen.degradation)
        run.restore(fitting)
        for image in missing:
            if not cropped[image.name]:
                _take_over(image, run, output)


def _take_over(image: Listed, run: RestoringRun, output: Output) -> None:
    restored = run.restored(image.name)
    if restored is None:
        return
    if restored.is_drawn:
        output.keep_restored(image.output, restored)
        output.write(image, restored.picture)
    else:
        tell(f"{image.name}: {COPIED}")
        output.keep(image)


def _would_be_cropped(path: Path, resolution: Size) -> Size | None:
    """The size of a picture if the generator could draw a part of it alone.

    That is if it is neither the generator's nor a whole number of times smaller; of a file that cannot be read nothing
    is known.
    """
    try:
        width, height = read_photograph(path).picture.size
    except InputError:
        return None
    own = Size(height, width)
    return None if own.is_part_of(resolution) else own
