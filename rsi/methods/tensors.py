"""Restoring tensors without files."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import torch
from pytorch_lightning import LightningDataModule
from torch import Tensor, nn

from rsi.callbacks.phase_scheduler import PhaseScheduler
from rsi.data.batches import Step
from rsi.data.target import Target
from rsi.data.tensors import check_images, check_measured
from rsi.degradations.physics import PhysicsDegradation, as_picture
from rsi.numerics.randomness import image_seed
from rsi.training.trainer import make_trainer

if TYPE_CHECKING:
    from rsi.methods.base import RestorationMethod


def restore_tensors(module: "RestorationMethod", measured: Tensor, physics: nn.Module | None = None) -> Tensor:
    """The restored images of a batch of measurements.

    Args:
        module: The method.
        measured: ``[B, 3, h, w]`` in [0, 1], or what ``physics`` measures of ``[B, 3, R, R]``.
        physics: A ``deepinv.physics.Physics`` to undo instead of the module's own degradation.

    Returns:
        ``[B, 3, R, R]`` in [0, 1], on the device of ``measured``.

    Raises:
        InputError: The measurements are no images or the degradation does not fit them, or the caller is inside
            ``torch.inference_mode``.
    """
    images = _as_images(measured, physics)
    module.configure_model()
    degradation = module.degradation
    try:
        targets = [_target(place, image) for place, image in enumerate(images)]
        if physics is None:
            factor = degradation.bind(targets, module.resolution).factor
            check_images(images, factor and module.resolution // factor)
        else:
            module.degradation = PhysicsDegradation(physics).bind(targets, module.resolution)
        accelerator = "cpu" if measured.device.type == "cpu" else "auto"
        trainer = make_trainer([PhaseScheduler()], accelerator=accelerator, devices=1)
        trainer.fit(module, datamodule=_OneBatch(targets, module.steps_per_batch))
    finally:
        module.degradation = degradation
    return module.path[-1].images.to(measured.device)


@torch.no_grad()
def _as_images(measured: Tensor, physics: nn.Module | None) -> Tensor:
    """``[B, 3, h, w]`` float32 on the CPU, as tensors that a gradient may need."""
    if physics is None:
        check_images(measured)
        return measured.float().cpu().clone()
    for part in measured if isinstance(measured, Iterable) and not isinstance(measured, Tensor) else [measured]:
        check_measured(part)
    return as_picture(physics, measured, torch.empty(0)).cpu().clone()


def _target(place: int, image: Tensor) -> Target:
    """A target whose random numbers follow from its content, so that its place in the batch does not matter."""
    content = hashlib.sha256(image.numpy().tobytes()).hexdigest()
    frame = (0, 0, image.shape[-1], image.shape[-2])
    return Target(f"image {place}", image, torch.ones_like(image[:1]), image_seed(content, 0), frame)


class _OneBatch(LightningDataModule):
    def __init__(self, targets: Sequence[Target], steps: int) -> None:
        super().__init__()
        self.targets = tuple(targets)
        self.steps = steps

    def __iter__(self) -> Iterator[Step]:
        return (Step(self.targets, index) for index in range(self.steps))

    def train_dataloader(self) -> Iterable[Step]:
        return self

    def transfer_batch_to_device(self, batch: Step, device: torch.device, dataloader_idx: int) -> Step:  # noqa: ARG002
        return batch
