"""A folder of degraded images as a LightningDataModule."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import Any, Literal, Protocol, cast

import torch
from pytorch_lightning import LightningDataModule, Trainer
from torch import Tensor

from rsi.data.batches import Failure, Step, TargetBatches
from rsi.data.decoded import Picture, luminance
from rsi.data.fitting import Fit, Fitted, allowed_sides, fit_to_shape
from rsi.data.listing import Listed, Listing
from rsi.data.masks import find_mask, known_pixels, parse_color
from rsi.data.reading import read_picture
from rsi.data.selection import select
from rsi.data.target import WITHOUT_COLOUR, Target
from rsi.errors import InputError
from rsi.log import tell
from rsi.numerics.randomness import image_seed
from rsi.numerics.size import Size
from rsi.results.finished import REMEMBERED, Finished
from rsi.results.folder import ResultFolder
from rsi.results.layout import check_name
from rsi.results.state import SavedBatch
from rsi.storage.fingerprint import Fingerprint, fingerprint
from rsi.storage.location import absolute, locate

AUTO: Literal["auto"] = "auto"
BatchSize = int | Literal["auto"]


class Framing(Protocol):
    """Makes pictures square in the place of :func:`rsi.data.fitting.fit_to_shape`."""

    @property
    def align(self) -> str:
        """What it is called."""

    def __call__(self, picture: Picture, known: Tensor, path: Path, sides: Sequence[int]) -> tuple[Picture, Fitted]:
        """The picture that was cut from, and the square of one of the sides.

        Raises:
            InputError: The picture cannot be used.
        """


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
        framing: What makes images square in place of ``fit``, such as :class:`rsi.photos.framing.FaceFraming`.
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
        if mask_color is not None:
            parse_color(mask_color)
        selection = select(target_dir)
        self.target_dir = selection.folder
        self.batch_size: BatchSize = batch_size
        self.mask_dir = None if mask_dir is None else locate(mask_dir)
        self.mask_color = mask_color
        self.fit: Fit = fit
        self.seed = seed
        self.samples = samples
        self.color = color
        self.framing: Framing | None = None
        self.output_dir = output_dir
        self.results = None if output_dir is None else ResultFolder(output_dir)
        self.overwrite = overwrite
        other_folders = [self.mask_dir, self.results and self.results.path]
        leave_out = [path for path in other_folders if path]
        self.names = Listing(self.target_dir, leave_out, chosen=selection.names, samples=samples)
        self._batches: TargetBatches | None = None
        self._finished_count: int | None = None
        self._common_sources: Mapping[str, Fingerprint] = {}

    @property
    def settings(self) -> dict[str, str]:
        """What the results depend on besides the images themselves."""
        return {
            "target_dir": absolute(self.target_dir),
            "mask_dir": str(self.mask_dir and absolute(self.mask_dir)),
            "mask_color": str(self.mask_color),
            "fit": self.fit,
            "seed": str(self.seed),
            **({"color": "True"} if self.color else {}),
            **({"align": self.framing.align} if self.framing else {}),
        }

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """What loggers are told."""
        more = {"batch_size": self.batch_size, "seed": self.seed, "samples_per_image": self.samples}
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

    @property
    def read_folders(self) -> list[Path]:
        """The folders that hold images and masks."""
        return [self.target_dir, *([self.mask_dir] if self.mask_dir else [])]

    @cached_property
    def finished(self) -> Finished | None:
        """The images that an earlier run has finished; asked for once the training loader exists."""
        if self.results is None or self.overwrite:
            return None
        return Finished(self.results, self.sources, self._common_sources)

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
        """The batches of this process's share, without the images that are finished, each for all of its steps."""
        trainer = self._trainer
        steps = cast(_Restorer, trainer.lightning_module).steps_per_batch
        return self._make_batches(
            steps,
            skip=lambda name: self.finished is not None and self.finished.settles(name),
            saved=self._saved(trainer.global_rank),
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

    def _make_batches(
        self, steps: int, *, skip: Callable[[str], bool], saved: SavedBatch | None = None
    ) -> TargetBatches:
        trainer, module = self._trainer, cast(_Restorer, self._trainer.lightning_module)
        self._common_sources = module.sources
        read = partial(
            self.read, resolution=module.resolution, factor=module.target_factor, finds_damage=module.finds_damage
        )
        self._batches = TargetBatches(
            self.share(trainer.global_rank, trainer.world_size),
            torch.inference_mode(False)(read),  # predictions are made without gradients, these are not
            module.check_target,
            batch_size=1 if self.batch_size == AUTO else self.batch_size,
            steps=steps,
            skip=skip,
            saved=saved,
        )
        return self._batches

    def _saved(self, rank: int) -> SavedBatch | None:
        return None if self.results is None or self.overwrite else SavedBatch.read(self.results.state_path(rank))

    def transfer_batch_to_device(self, batch: Step, device: torch.device, dataloader_idx: int) -> Step:  # noqa: ARG002
        """The batch as it is: the module that restores it moves it once, not at every step."""
        return batch

    def sources(self, name: str) -> dict[str, Path]:
        """The files that an image, or another restoration of it, is made from today: ``target`` and ``mask``.

        Raises:
            InputError: It has no mask, or several.
        """
        file = re.sub(r"~\d+$", "", name) if self.samples > 1 else name
        target = self.target_dir / file
        if self.mask_dir is None or not target.exists():
            return {"target": target}
        return {"target": target, "mask": find_mask(self.mask_dir, file)}

    def read(self, image: Listed, *, resolution: Size, factor: int | None, finds_damage: bool = False) -> Target:
        """Reads one image of the folder and makes it fit.

        Args:
            image: The image, for one of its restorations.
            resolution: The size of the generator's images.
            factor: How many times smaller targets are; ``None`` where each target decides.
            finds_damage: What happened is looked for in the pictures.

        Raises:
            InputError: The file or its mask cannot be used.
        """
        _check_unicode(image.file)
        check_name(image.file, image.output, hides_folder=image.hides_folder)
        sources = self.sources(image.file)
        made_from = {name: _fingerprint(source) for name, source in sources.items()} if self.results else {}
        path, mask = sources["target"], sources.get("mask")
        picture = read_picture(path)
        known = known_pixels(picture, path, mask=mask, mask_color=self.mask_color)
        if self.framing is None:
            fitted = fit_to_shape(
                picture, known, path, resolution=resolution, factor=factor, fit=self.fit, finds_damage=finds_damage
            )
        else:
            picture, fitted = self.framing(picture, known, path, allowed_sides(resolution, factor))
        return make_target(
            picture, fitted, image, seed=self.seed, color=self.color, made_from={**made_from, **self._common_sources}
        )


def make_target(
    picture: Picture, fitted: Fitted, image: Listed, *, seed: int, color: bool, made_from: Mapping[str, Fingerprint]
) -> Target:
    """A picture that was given the generator's shape, as a target.

    Args:
        picture: The decoded file.
        fitted: What was made of it.
        image: The image, for one of its restorations.
        seed: Of all random numbers of a run.
        color: Restore pictures without colour in colour.
        made_from: The files that the picture was read from.
    """
    gray = picture.is_gray and not color
    return Target(
        name=image.name,
        image=luminance(fitted.image).contiguous() if gray else fitted.image,
        known=fitted.known,
        seed=image_seed(image.name, seed),
        frame=fitted.frame,
        jpeg=picture.jpeg,
        motion=fitted.motion,
        surroundings=fitted.surroundings,
        notes=(*picture.notes, *fitted.notes, *([WITHOUT_COLOUR] if gray else [])),
        gray=gray,
        sample=image.sample,
        output=image.output,
        said=picture.said,
        made_from=made_from,
    )


def read_target(
    folder: str | Path,
    name: str,
    *,
    resolution: Size,
    factor: int | None,
    **settings: Any,  # noqa: ANN401 - the folder's
) -> Target:
    """One image of a folder, made to fit.

    Args:
        folder: The folder, a path or a URL.
        name: The image's path in it, with forward slashes.
        resolution: The size of the generator's images.
        factor: How many times smaller targets are; ``None`` where each target decides.
        settings: As of :class:`TargetFolder`.

    Raises:
        InputError: The file or its mask cannot be used.
    """
    image = Listed(name, name.rpartition(".")[0])
    return TargetFolder(str(folder), **settings).read(image, resolution=resolution, factor=factor)


def _fingerprint(path: Path) -> Fingerprint:
    try:
        return fingerprint(path)
    except Exception as error:  # file systems of URLs raise nearly anything
        reason = getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{str(path)!r} cannot be read: {reason}") from error


def _check_unicode(name: str) -> None:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise InputError(f"the file name {name!r} is not valid Unicode: rename the file") from None
