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
        InputError: The measurements and the degradation do not fit each other.
    """
    module.configure_model()
    degradation = module.degradation
    with torch.no_grad():
        if physics is not None:
            module.degradation = PhysicsDegradation(physics)
            measured = as_picture(physics, measured, torch.empty(0))
    try:
        targets = [_target(image) for image in measured.detach().float().cpu()]
        module.degradation.bind(targets, module.resolution)
        accelerator = "cpu" if measured.device.type == "cpu" else "auto"
        trainer = make_trainer([PhaseScheduler()], accelerator=accelerator, devices=1)
        trainer.fit(module, datamodule=_OneBatch(targets, module.steps_per_batch))
    finally:
        module.degradation = degradation
    return module.path[-1].images.to(measured.device)


def _target(image: Tensor) -> Target:
    """A target whose random numbers follow from its content, so that its place in the batch does not matter."""
    name = hashlib.sha256(image.numpy().tobytes()).hexdigest()
    frame = (0, 0, image.shape[-1], image.shape[-2])
    return Target(name, image, torch.ones_like(image[:1]), image_seed(name, 0), frame)


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
