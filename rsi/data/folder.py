"""A folder of degraded images as a LightningDataModule."""

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, cast

import torch
from pytorch_lightning import LightningDataModule

from rsi.data.batches import Failure, Step, TargetBatches
from rsi.data.fitting import Fit, fit_to_square
from rsi.data.listing import Listed, Listing
from rsi.data.masks import find_mask, known_pixels, parse_color
from rsi.data.reading import read_picture
from rsi.data.target import Target
from rsi.errors import InputError
from rsi.numerics.randomness import image_seed
from rsi.results.layout import check_output
from rsi.storage.location import absolute, locate

if TYPE_CHECKING:
    from rsi.degradations.base import Degradation


AUTO: Literal["auto"] = "auto"
BatchSize = int | Literal["auto"]


class _Restorer(Protocol):
    """What the data have to know of the LightningModule that restores them."""

    degradation: "Degradation"

    @property
    def resolution(self) -> int: ...

    @property
    def steps_per_batch(self) -> int: ...


class TargetFolder(LightningDataModule):
    """Degraded images from a folder: PNG, JPEG, WebP, TIFF and BMP files, in folders inside it too.

    Args:
        target_dir: Folder of degraded images, a path or a URL that fsspec knows, such as ``s3://bucket/faces``.
        batch_size: Images restored at once; ``auto``, with :class:`rsi.callbacks.BatchSize`, for as many as fit in
            memory. Random numbers do not depend on it; on GPUs the rounding of floating-point numbers does.
        mask_dir: Folder of masks, named as the images; white is known, black is a hole. Transparent pixels of
            an image are holes in any case.
        mask_color: Colour of holes painted into the images, as '#rrggbb' or a name such as 'magenta'.
        fit: What happens to images of another size than can be restored: 'crop' cuts the centre out of larger
            ones, 'pad' refuses them; both put unknown pixels around smaller ones.
        seed: Seed of everything random; an image's result depends on it and on the image's name.
        samples: How many restorations of every image are wanted; the first is the same whatever their number.

    Attributes:
        names: All images of the folder; listed when they are iterated over, never all in memory.
        finished: Images that need no restoring any more.
        first_step: The step at which a batch goes on that was started in an earlier run; 0 for others.

    Raises:
        InputError: ``target_dir`` is empty, ``batch_size`` or ``samples`` is no number above 0 or ``mask_color`` is no
            colour.
    """

    def __init__(
        self,
        target_dir: str,
        batch_size: BatchSize = 8,
        mask_dir: str | None = None,
        mask_color: str | None = None,
        fit: Fit = "crop",
        seed: int = 0,
        samples: int = 1,
    ) -> None:
        super().__init__()
        if not target_dir:
            raise InputError("there is no target folder: give --target_dir and the folder of degraded images")
        if batch_size != AUTO and batch_size < 1:
            raise InputError(f"batch_size is {batch_size}: it must be at least 1")
        if samples < 1:
            raise InputError(f"samples is {samples}: it must be at least 1")
        if mask_color is not None:
            parse_color(mask_color)
        self.target_dir = locate(target_dir)
        self.batch_size: BatchSize = batch_size
        self.mask_dir = None if mask_dir is None else locate(mask_dir)
        self.mask_color = mask_color
        self.fit: Fit = fit
        self.seed = seed
        self.samples = samples
        self.names = Listing(self.target_dir, leave_out=[self.mask_dir] if self.mask_dir else [], samples=samples)
        self.finished: Container[str] = frozenset()
        self.first_step: Callable[[Sequence[Target]], int] = lambda _: 0
        self._batches: TargetBatches | None = None

    @property
    def settings(self) -> dict[str, str]:
        """What the results depend on besides the images themselves."""
        return {
            "target_dir": absolute(self.target_dir),
            "mask_dir": str(self.mask_dir and absolute(self.mask_dir)),
            "mask_color": str(self.mask_color),
            "fit": self.fit,
            "seed": str(self.seed),
        }

    @property
    def batches(self) -> TargetBatches:
        """The batches of this process, once the training loader exists."""
        if self._batches is None:
            raise RuntimeError("TargetFolder has batches once it has been asked for its training loader")
        return self._batches

    @property
    def failures(self) -> list[Failure]:
        """The images so far that this process could not use."""
        return self._batches.failures if self._batches else []

    @property
    def skipped(self) -> int:
        """How many images this process has so far left out as finished."""
        return self._batches.skipped if self._batches else 0

    def share(self, rank: int, world_size: int) -> Iterator[Listed]:
        """The images of one process: every ``world_size``-th, so that nothing has to be agreed upon."""
        return islice(self.names.listed(), rank, None, world_size)

    def share_size(self, rank: int, world_size: int) -> int:
        """How many images one process has, finished ones among them."""
        return len(range(rank, len(self.names), world_size))

    def setup(self, stage: str) -> None:  # noqa: ARG002 - Lightning's signature
        """Make sure that there are images.

        Raises:
            InputError: The folder of images or of masks does not exist, or there is no image.
        """
        self.names.check()
        if self.mask_dir is None:
            return
        if not self.mask_dir.is_dir():
            raise InputError(f"mask_dir {str(self.mask_dir)!r} is not a folder")
        if absolute(self.mask_dir) == absolute(self.target_dir):
            raise InputError(
                f"mask_dir and target_dir are both {str(self.mask_dir)!r}: put the masks in another folder"
            )

    def train_dataloader(self) -> TargetBatches:
        """The batches of this process's share, without the images that are finished."""
        trainer = self.trainer
        if trainer is None:
            raise RuntimeError("TargetFolder gives batches to a Trainer only")
        module = cast(_Restorer, trainer.lightning_module)
        self._batches = TargetBatches(
            self.share(trainer.global_rank, trainer.world_size),
            partial(self.read, resolution=module.resolution, factor=module.degradation.factor),
            lambda target: module.degradation.bind([target], module.resolution),
            batch_size=1 if self.batch_size == AUTO else self.batch_size,
            steps=module.steps_per_batch,
            skip=lambda name: name in self.finished,
            first_step=self.first_step,
        )
        return self._batches

    def transfer_batch_to_device(self, batch: Step, device: torch.device, dataloader_idx: int) -> Step:  # noqa: ARG002
        """The batch as it is: the module that restores it moves it once, not at every step."""
        return batch

    def read(self, image: Listed, *, resolution: int, factor: int | None) -> Target:
        """Reads one image of the folder, see :func:`rsi.data.folder.read_target`."""
        check_output(image)
        target = read_target(
            self.target_dir,
            image.file,
            resolution=resolution,
            factor=factor,
            seed=self.seed,
            fit=self.fit,
            mask_dir=self.mask_dir,
            mask_color=self.mask_color,
        )
        seed = image_seed(image.name, self.seed)
        return replace(target, name=image.name, output=image.output, seed=seed, sample=image.sample)


def read_target(
    folder: Path,
    name: str,
    *,
    resolution: int,
    factor: int | None,
    seed: int,
    fit: Fit = "crop",
    mask_dir: Path | None = None,
    mask_color: str | None = None,
) -> Target:
    """Reads one degraded image and makes it fit.

    Args:
        folder: The target folder.
        name: The image's path in it, with forward slashes.
        resolution: Side in pixels of the generator's images.
        factor: How many times smaller targets are; ``None`` where each target decides.
        seed: The seed of the run.
        fit: What happens to other sizes, see :func:`rsi.data.fitting.fit_to_square`.
        mask_dir: Folder of mask pictures, white where a pixel is known.
        mask_color: Colour of unknown pixels.

    Raises:
        InputError: The file or its mask cannot be used.
    """
    _check_unicode(name)
    path = folder / name
    picture = read_picture(path)
    mask = find_mask(mask_dir, name) if mask_dir else None
    known = known_pixels(picture, path, mask=mask, mask_color=mask_color)
    square = fit_to_square(picture, known, path, resolution=resolution, factor=factor, fit=fit)
    return Target(
        name=name,
        image=square.image,
        known=square.known,
        seed=image_seed(name, seed),
        jpeg=picture.jpeg,
        frame=square.frame,
        notes=(*picture.notes, *square.notes),
    )


def _check_unicode(name: str) -> None:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise InputError(f"the file name {name!r} is not valid Unicode: rename the file") from None
