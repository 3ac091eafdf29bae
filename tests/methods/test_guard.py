from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning import Callback, Trainer
from torch import Tensor, nn

from rsi import Degradation, Phase, Restoration, Target, TargetFolder
from rsi.callbacks import PhaseScheduler
from rsi.data.batches import Step
from rsi.methods.guard import GOING, FiniteGuard
from rsi.numerics.randomness import ImageRandom
from rsi.numerics.size import Size
from rsi.training.trainer import make_trainer

SCHEDULE = [Phase("W", 3, 0.08), Phase("W+", 3, 0.02), Phase("W++", 2, 0.005)]


class Poisoned(torch.autograd.Function):
    """The identity, whose gradient is not finite for some images."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, images: list[int]) -> Tensor:
        ctx.images = images
        return x.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        gradient = gradients[0].clone()
        gradient[ctx.images] = torch.inf
        return gradient, None


class Breaks(Degradation):
    """Fails for one image from one step on, in its values or its gradient."""

    def __init__(self, name: str, step: int, way: str) -> None:
        super().__init__()
        self.name, self.step, self.way = name, step, way
        self.calls = 0
        self.images: list[int] = []

    def bind(self, targets: Sequence[Target], resolution: Size) -> "Breaks":
        bound = Breaks(self.name, self.step, self.way)
        bound.images = [index for index, target in enumerate(targets) if target.name == self.name]
        return bound

    def forward(self, x: Tensor, random: ImageRandom) -> Tensor:
        self.calls += 1
        if self.calls <= self.step:
            return x
        if self.way == "gradient":
            poisoned: Tensor = Poisoned.apply(x, self.images)
            return poisoned
        broken = torch.zeros(len(x), 1, 1, 1)
        broken[self.images] = torch.nan
        return x + broken


class Record(Callback):
    def __init__(self) -> None:
        self.latents: list[Tensor] = []

    def on_train_batch_end(self, trainer: Trainer, pl_module: Any, outputs: Any, batch: Step, batch_idx: int) -> None:
        self.latents.append(pl_module.codes.detach().clone())


def run(folder: Path, generator: Path, degradation: Degradation, optimizer: Any = "ngd") -> tuple[Record, Restoration]:
    module = Restoration(str(generator), degradation, perceptual="embedded", schedule=SCHEDULE, optimizer=optimizer)
    record = Record()
    trainer = make_trainer(
        [PhaseScheduler(), record],
    )
    trainer.fit(module, datamodule=TargetFolder(str(folder)))
    return record, module


@pytest.mark.parametrize("way", ["value", "gradient"])
@pytest.mark.parametrize("step", [2, 3])
@pytest.mark.parametrize("optimizer", ["ngd", "adam"])
def test_one_image_stops_where_it_was_last_finite_and_the_others_go_on_bit_for_bit(
    jpeg_folder: Path, tiny_generator: Path, way: str, step: int, optimizer: str
) -> None:
    intact, _ = run(jpeg_folder, tiny_generator, Breaks("b.jpg", 99, way), optimizer)
    broken, module = run(jpeg_folder, tiny_generator, Breaks("b.jpg", step, way), optimizer)
    assert module.batch.guard.stopped_at.tolist() == [GOING, step, GOING]
    for latent, other in zip(intact.latents, broken.latents, strict=True):
        assert torch.equal(latent[[0, 2]], other[[0, 2]])
    last_finite = intact.latents[step - 2][1]  # the codes that step - 1 saw
    assert torch.equal(broken.latents[step][1].reshape(-1, 8)[0], last_finite.reshape(-1, 8)[0])
    assert module.batch.path[-1].images.isfinite().all()
    assert torch.equal(broken.latents[-1][1].reshape(-1, 8)[0], last_finite.reshape(-1, 8)[0])


def test_image_that_is_never_finite_stays_at_the_mean(jpeg_folder: Path, tiny_generator: Path) -> None:
    record, module = run(jpeg_folder, tiny_generator, Breaks("a.jpg", 0, "value"))
    assert module.batch.guard.stopped_at.tolist() == [0, GOING, GOING]
    assert torch.equal(record.latents[0][0], module.generator.w_avg)


def test_zero_gradient_is_finite_and_moves_nothing() -> None:
    latent = nn.Parameter(torch.ones(2, 4))
    latent.grad = torch.zeros(2, 4)
    guard = FiniteGuard({"codes": latent})
    guard.watch({"codes": latent}, torch.zeros(2), 0)
    guard.hold({"codes": latent})
    assert guard.stopped_at.tolist() == [GOING, GOING]
    assert torch.equal(latent, torch.ones(2, 4))
