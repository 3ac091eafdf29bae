"""A folder of degraded images as a LightningDataModule."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import Any, Literal, Protocol, cast

import torch
from pytorch_lightning import LightningDataModule, Trainer

from rsi.data.batches import Failure, Step, TargetBatches
from rsi.data.fitting import Fit
from rsi.data.listing import Listed, Listing
from rsi.data.selection import select
from rsi.data.target import Target
from rsi.data.target_reader import TargetReader
from rsi.errors import InputError
from rsi.log import tell
from rsi.numerics.size import Size
from rsi.results.finished import REMEMBERED, Finished
from rsi.results.folder import ResultFolder
from rsi.results.saved_batch import SavedBatch
from rsi.storage.fingerprint import Fingerprint, fingerprint
from rsi.storage.location import locate

AUTO: Literal["auto"] = "auto"
BatchSize = int | Literal["auto"]


class _Restorer(Protocol):
    """What the data have to know of the LightningModule that restores them."""

    @property
    def resolution(self) -> Size: ...

    @property
    def steps_per_batch(self) -> int: ...

    @property
    def target_factor(self) -> int | None: ...

    @property
    def finds_damage(self) -> bool: ...

    @property
    def sources(self) -> Mapping[str, Fingerprint]: ...

    def check_target(self, target: Target) -> None: ...


class TargetFolder(LightningDataModule):
    """Degraded images from a folder: PNG, JPEG, WebP, TIFF and BMP files, in folders inside it too.

    Args:
        target_dir: Folder of degraded images, a path or a URL that fsspec knows, such as ``s3://bucket/faces``; or a
            zip file, a picture, a pattern such as ``faces/*.jpg``, or a list of pictures, folders and patterns.
        batch_size: Images restored at once; ``auto``, with :class:`rsi.callbacks.BatchSize`, for as many as fit in
            memory. Random numbers do not depend on it; on GPUs the rounding of floating-point numbers does.
        mask_dir: Folder of masks, named as the images; white is known, black is a hole. Transparent pixels of
            an image are holes in any case.
        mask_color: Colour of holes painted into the images, as '#rrggbb' or a name such as 'magenta'.
        fit: What happens to images of another size than can be restored: 'crop' cuts the centre out of larger
            ones, 'pad' refuses them; both put unknown pixels around smaller ones.
        seed: Seed of everything random; an image's result depends on it and on the image's name.
        samples: How many restorations of every image are wanted; the first is the same whatever their number.
        output_dir: Where the results go, a path or a URL: images that an earlier run has finished there are left out,
            and the batch that it was in the middle of goes on; left out, all images are restored.
        overwrite: Restore all images anew.
        color: Restore colour also where a target has none; left out, such targets are compared without colour and
            their results are grey.

    Attributes:
        reader: What reads an image of the folder; its ``framing`` makes images square in place of ``fit``.
        output_dir: Where the results go.
        names: All images of the folder; listed when they are iterated over, never all in memory.

    Raises:
        InputError: ``target_dir`` is empty or names what does not exist, ``batch_size`` or ``samples`` is no number
            above 0 or ``mask_color`` is no colour.
    """

    def __init__(
        self,
        target_dir: str | Sequence[str],
        batch_size: BatchSize = 8,
        mask_dir: str | None = None,
        mask_color: str | None = None,
        fit: Fit = "crop",
        seed: int = 0,
        samples: int = 1,
        output_dir: str | None = None,
        overwrite: bool = False,
        color: bool = False,
    ) -> None:
        super().__init__()
        if not target_dir:
            raise InputError("there is nothing to restore: give images or a folder of them")
        if batch_size != AUTO and batch_size < 1:
            raise InputError(f"batch_size is {batch_size}: it must be at least 1")
        if samples < 1:
            raise InputError(f"samples is {samples}: it must be at least 1")
        selection, masks = select(target_dir), None if mask_dir is None else locate(mask_dir)
        self.target_dir = selection.folder
        self.batch_size: BatchSize = batch_size
        self.reader = TargetReader(selection.folder, masks, mask_color, fit, seed, color)
        self.samples = samples
        self.output_dir = output_dir
        self.results = None if output_dir is None else ResultFolder(output_dir)
        self.overwrite = overwrite
        leave_out = [path for path in (masks, self.results and self.results.path) if path]
        self.names = Listing(self.target_dir, leave_out, chosen=selection.names, samples=samples)
        self._batches: TargetBatches | None = None
        self._finished_count: int | None = None

    @property
    def settings(self) -> dict[str, str]:
        """What the results depend on besides the images themselves."""
        return self.reader.settings

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """What loggers are told."""
        more = {"batch_size": self.batch_size, "seed": self.reader.seed, "samples_per_image": self.samples}
        values: dict[str, Any] = {**self.settings, **more}
        return {name: value for name, value in values.items() if value not in ("None", AUTO)}

    @property
    def batches(self) -> TargetBatches:
        """The batches of this process, once the training loader exists."""
        if self._batches is None:
            raise RuntimeError("TargetFolder has batches once it has been asked for its training loader")
        return self._batches

    @property
    def is_done(self) -> bool:
        """All images of this process are restored or have failed."""
        return self._batches is not None and self._batches.is_done

    @property
    def failures(self) -> list[Failure]:
        """The images so far that this process could not use."""
        return self._batches.failures if self._batches else []

    @property
    def skipped(self) -> int:
        """How many images this process has so far left out as finished."""
        return self._batches.skipped if self._batches else 0

    @cached_property
    def finished(self) -> Finished | None:
        """The images that an earlier run has finished."""
        if self.results is None or self.overwrite:
            return None
        return Finished(self.results, self.sources, self._restorer.sources)

    def share(self, rank: int, world_size: int) -> Iterator[Listed]:
        """The images of one process: every ``world_size``-th, so that nothing has to be agreed upon."""
        return islice(self.names.listed(), rank, None, world_size)

    def share_size(self, rank: int, world_size: int) -> int:
        """How many images one process has, finished ones among them."""
        return len(range(rank, len(self.names), world_size))

    def count_finished(self, rank: int, world_size: int) -> int:
        """How many images one process leaves out as finished; of very many, those that it has come to so far."""
        if self._finished_count is None and self.finished is not None and len(self.names) <= REMEMBERED:
            share = self.share(rank, world_size)
            self._finished_count = sum(self.finished.settles(image.name) for image in share)
        return self.skipped if self._finished_count is None else self._finished_count

    def setup(self, stage: str) -> None:  # noqa: ARG002 - Lightning's signature
        """Make sure that there are images.

        Raises:
            InputError: The folder of images or of masks does not exist, both are one, or there is no image.
        """
        self.names.check()
        self.reader.check_masks()

    def train_dataloader(self) -> TargetBatches:
        """The batches of this process's share, without the images that are finished, each for all of its steps."""
        return self._make_batches(
            self._restorer.steps_per_batch,
            skip=lambda name: self.finished is not None and self.finished.settles(name),
            saved=self._saved(self._trainer.global_rank),
        )

    def predict_dataloader(self) -> TargetBatches:
        """The batches of this process's share with all images, each once.

        Raises:
            InputError: The batch size is ``auto``.
        """
        if self.batch_size == AUTO:
            raise InputError("batch_size is auto, which Trainer.predict cannot measure: pass a number")
        return self._make_batches(1, skip=lambda _: False)

    def teardown(self, stage: str) -> None:
        """Tell which images could not be used for predictions."""
        if stage == "predict":
            self.tell_failures()

    def tell_failures(self) -> None:
        """Tell which images could not be used."""
        for failure in self.failures:
            tell(f"failed {failure.name}: {failure.reason}")

    @property
    def _trainer(self) -> Trainer:
        if self.trainer is None:
            raise RuntimeError("TargetFolder gives batches to a Trainer only")
        return self.trainer

    @property
    def _restorer(self) -> _Restorer:
        return cast(_Restorer, self._trainer.lightning_module)

    def _make_batches(
        self, steps: int, *, skip: Callable[[str], bool], saved: SavedBatch | None = None
    ) -> TargetBatches:
        trainer, module = self._trainer, self._restorer
        self._batches = TargetBatches(
            self.share(trainer.global_rank, trainer.world_size),
            torch.inference_mode(False)(partial(self._read, module)),  # predictions have no gradients, these have
            module.check_target,
            batch_size=1 if self.batch_size == AUTO else self.batch_size,
            steps=steps,
            skip=skip,
            saved=saved,
        )
        return self._batches

    def _read(self, module: _Restorer, image: Listed) -> Target:
        """A target that says, for a later run, what it was made from."""
        files = self.reader.sources(image.file).items() if self.results else ()
        made_from = {name: _fingerprint(path) for name, path in files}
        target = self.reader.read(
            image, resolution=module.resolution, factor=module.target_factor, finds_damage=module.finds_damage
        )
        return replace(target, made_from={**made_from, **module.sources})

    def _saved(self, rank: int) -> SavedBatch | None:
        return None if self.results is None or self.overwrite else SavedBatch.read(self.results.state_path(rank))

    def transfer_batch_to_device(self, batch: Step, device: torch.device, dataloader_idx: int) -> Step:  # noqa: ARG002
        """The batch as it is: the module that restores it moves it once, not at every step."""
        return batch

    def sources(self, name: str) -> dict[str, Path]:
        """The files that an image, or another restoration of it, is made from today; see :class:`TargetReader`.

        Raises:
            InputError: It has no mask, or several.
        """
        return self.reader.sources(re.sub(r"~\d+$", "", name) if self.samples > 1 else name)


def _fingerprint(path: Path) -> Fingerprint:
    try:
        return fingerprint(path)
    except Exception as error:  # file systems of URLs raise nearly anything
        reason = getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{str(path)!r} cannot be read: {reason}") from error
