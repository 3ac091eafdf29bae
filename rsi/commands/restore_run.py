"""The run of ``rsi fit`` inside ``rsi restore``: it restores pictures together and is asked what has become of each."""

from argparse import Namespace
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image

from rsi.commands import fit
from rsi.commands.render import read_latent
from rsi.data.pictures import to_picture
from rsi.generators import Generator
from rsi.methods.explained import is_drawn
from rsi.methods.latents import draw_latent
from rsi.methods.strength import at_strength
from rsi.options.restore import fit_options
from rsi.results import layout
from rsi.results.folder import ResultFolder

RUNS = "runs"
COPIED = "this generator does not draw such pictures, it is copied"


@dataclass(frozen=True)
class RestoredPicture:
    """A picture that was restored.

    Attributes:
        picture: At the strength that was asked for.
        comparison: The file with the target and the end of each phase.
        is_drawn: It is one that the generator draws, as far as its restoration tells.
    """

    picture: Image.Image
    comparison: Path
    is_drawn: bool


class RestoringRun:
    """A run of ``rsi fit`` in a folder of its own, which goes on where an earlier one was stopped.

    Args:
        chosen: The options of ``rsi restore``.
        generator: Draws the pictures.
        name: What the folder of the run is called.
        degradation: What happened to the pictures.
    """

    def __init__(self, chosen: Namespace, generator: Generator, name: str, degradation: str) -> None:
        self._folder: Path = chosen.output_dir / RUNS / name
        self._flags = [f"--degradation={degradation}", f"--output_dir={self._folder}", *fit_options(chosen)]
        self._generator, self._strength = generator, chosen.strength
        self._results = ResultFolder(self._folder)

    def restore(self, pictures: Iterable[Path]) -> None:
        """Restore the pictures that are not finished; ``rsi fit`` names those that fail."""
        fit.main([*map(str, pictures), *self._flags], closes=False)

    def restored(self, file: str) -> RestoredPicture | None:
        """What has become of a picture, by its name; ``None`` if it could not be restored."""
        row = self._results.row(file)
        if row is None or not row.is_done:
            return None
        output = str(Path(row.output).with_suffix(""))  # with others in the run a.jpg is a or a.jpg
        picture = self._at_strength(Image.open(self._folder / row.output), layout.LATENT.format(output))
        comparison = self._folder / layout.COMPARISON.format(output)
        return RestoredPicture(picture, comparison, is_drawn(row.explained, self._generator.info))

    def _at_strength(self, full: Image.Image, latent: str) -> Image.Image:
        path = self._folder / latent
        if self._strength == 1 or not path.is_file():
            return full
        tensors = read_latent(path).tensors
        with torch.no_grad():
            drawn = draw_latent(self._generator, {**tensors, "codes": at_strength(tensors["codes"], self._strength)})
        return to_picture(drawn[0]).convert(full.mode)
