"""A folder of degraded images as a LightningDataModule."""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import torch
from pytorch_lightning import LightningDataModule

from rsi.data.batches import Failure, Step, TargetBatches
from rsi.data.fitting import Fit
from rsi.data.masks import parse_color
from rsi.data.output_paths import check_output
from rsi.data.target import Target
from rsi.data.targets import list_images, read_target
from rsi.errors import InputError

if TYPE_CHECKING:
    from rsi.degradations.base import Degradation


class _Generator(Protocol):
    resolution: int


class _Restorer(Protocol):
    """What the data have to know of the LightningModule that restores them."""

    generator: _Generator
    degradation: "Degradation"
    steps_per_batch: int


class TargetFolder(LightningDataModule):
    """Degraded images from a folder: PNG, JPEG, WebP, TIFF and BMP files, in folders inside it too.

    Args:
        target_dir: Folder of degraded images.
        batch_size: Images restored at once; lower it when memory runs out. Random numbers do not depend on
            it, rounding of floating-point numbers does.
        mask_dir: Folder of masks, named as the images; white is known, black is a hole. Transparent pixels of
            an image are holes in any case.
        mask_color: Colour of holes painted into the images, as '#rrggbb' or a name such as 'magenta'.
        fit: What happens to images of another size than can be restored: 'crop' cuts the centre out of larger
            ones, 'pad' refuses them; both put unknown pixels around smaller ones.
        seed: Seed of everything random; an image's result depends on it and on the image's name.

    Attributes:
        names: All images of the folder, once ``setup`` has been called.
        finished: Images that need no restoring any more.
        first_step: The step at which a batch goes on that was started in an earlier run; 0 for others.

    Raises:
        InputError: ``target_dir`` is empty, ``batch_size`` is less than 1 or ``mask_color`` is no colour.
    """

    def __init__(
        self,
        target_dir: str,
        batch_size: int = 8,
        mask_dir: str | None = None,
        mask_color: str | None = None,
        fit: Fit = "crop",
        seed: int = 0,
    ) -> None:
        super().__init__()
        if not target_dir:
            raise InputError("there is no target folder: give --target_dir and the folder of degraded images")
        if batch_size < 1:
            raise InputError(f"batch_size is {batch_size}: it must be at least 1")
        if mask_color is not None:
            parse_color(mask_color)
        self.target_dir = Path(target_dir)
        self.batch_size = batch_size
        self.mask_dir = None if mask_dir is None else Path(mask_dir)
        self.mask_color = mask_color
        self.fit: Fit = fit
        self.seed = seed
        self.names: list[str] = []
        self.finished: Collection[str] = frozenset()
        self.first_step: Callable[[Sequence[Target]], int] = lambda _: 0
        self._batches: TargetBatches | None = None

    @property
    def settings(self) -> dict[str, str]:
        """What the results depend on besides the images themselves."""
        return {
            "target_dir": str(self.target_dir.resolve()),
            "mask_dir": str(self.mask_dir and self.mask_dir.resolve()),
            "mask_color": str(self.mask_color),
            "fit": self.fit,
            "seed": str(self.seed),
        }

    @property
    def pending(self) -> list[str]:
        """The images that this process restores, once the training loader exists."""
        return self._batches.names if self._batches else []

    @property
    def failures(self) -> list[Failure]:
        """The images so far that this process could not use."""
        return self._batches.failures if self._batches else []

    def setup(self, stage: str) -> None:  # noqa: ARG002 - Lightning's signature
        """List the images.

        Raises:
            InputError: The folder of images or of masks does not exist, or there is no image.
        """
        self.names = list_images(self.target_dir, leave_out=[self.mask_dir] if self.mask_dir else [])
        if self.mask_dir is None:
            return
        if not self.mask_dir.is_dir():
            raise InputError(f"mask_dir {str(self.mask_dir)!r} is not a folder")
        if self.mask_dir.resolve() == self.target_dir.resolve():
            raise InputError(
                f"mask_dir and target_dir are both {str(self.mask_dir)!r}: put the masks in another folder"
            )

    def train_dataloader(self) -> TargetBatches:
        """The batches of this process: every ``world_size``-th image, without those that are finished."""
        trainer = self.trainer
        if trainer is None:
            raise RuntimeError("TargetFolder gives batches to a Trainer only")
        module = cast(_Restorer, trainer.lightning_module)
        self._batches = TargetBatches(
            self.names[trainer.global_rank :: trainer.world_size],
            partial(self.read, resolution=module.generator.resolution, factor=module.degradation.factor),
            lambda target: module.degradation.bind([target], module.generator.resolution),
            batch_size=self.batch_size,
            steps=module.steps_per_batch,
            skip=lambda name: name in self.finished,
            first_step=self.first_step,
        )
        return self._batches

    def transfer_batch_to_device(self, batch: Step, device: torch.device, dataloader_idx: int) -> Step:  # noqa: ARG002
        """The batch as it is: the module that restores it moves it once, not at every step."""
        return batch

    def read(self, name: str, *, resolution: int, factor: int | None) -> Target:
        """Reads one image of the folder, see :func:`rsi.data.targets.read_target`."""
        check_output(name, self.names)
        return read_target(
            self.target_dir,
            name,
            resolution=resolution,
            factor=factor,
            seed=self.seed,
            fit=self.fit,
            mask_dir=self.mask_dir,
            mask_color=self.mask_color,
        )
