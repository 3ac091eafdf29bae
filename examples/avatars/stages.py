"""The stages of remaking the embedded domain, each of which goes on where it was stopped."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from examples.avatars.attributes import draw_latents
from examples.avatars.check import check_weights
from examples.avatars.export import export_generator, export_judge, export_perceptual
from examples.avatars.faces import FACES_AN_EPOCH, Faces
from examples.avatars.judge import ALL_SPOILED_FROM, judge_network
from examples.avatars.judge import LR as JUDGE_LR
from examples.avatars.mapping import STEPS_AN_EPOCH, LatentMapping
from examples.avatars.perceptual import AttributeNaming, embedded_network
from examples.avatars.rendering import render as draw
from examples.avatars.rendering import render_to_file
from examples.avatars.settings import ARCHITECTURE, CLEAN, HELD_OUT, Settings
from examples.avatars.synthesis import HALF_LIFE, Drawing
from examples.avatars.training import LAST, train
from rsi.errors import InputError

PERCEPTUAL_BATCH, JUDGE_BATCH, SYNTHESIS_BATCH = 64, 32, 8
SAMPLES = 8  # faces on the picture of drawings


def render(settings: Settings) -> None:
    """Draw the faces to train on and those held out."""
    sets = {"faces": (settings.faces, 0), "held_out": (settings.held_out, HELD_OUT)}
    for name, (count, first) in sets.items():
        z = draw_latents(count, first)
        np.save(settings.output_dir / f"{name}-latents.npy", z.numpy())
        render_to_file(z, settings.output_dir / f"{name}.npy", settings.workers)


def clean(settings: Settings) -> None:
    """Draw the faces for ``rsi benchmark``, one PNG each."""
    folder = settings.output_dir / "clean"
    folder.mkdir(parents=True, exist_ok=True)
    for number, face in enumerate(draw(draw_latents(settings.clean, CLEAN))):
        Image.fromarray(face).save(folder / f"face{number:03d}.png")


def perceptual(settings: Settings) -> None:
    """Train the perceptual network and write its file."""
    if settings.perceptual_file.exists():
        return
    epochs = settings.perceptual_epochs
    torch.manual_seed(0)
    module = AttributeNaming(embedded_network(), _steps(settings, epochs, PERCEPTUAL_BATCH))
    _learn_names(settings, module, "perceptual", epochs, PERCEPTUAL_BATCH)
    export_perceptual(module.network, settings.perceptual_file)


def judge(settings: Settings) -> None:
    """Train the network that the benchmark judges with and write its file."""
    if settings.judge_file.exists():
        return
    epochs = settings.judge_epochs
    torch.manual_seed(1)
    steps = _steps(settings, epochs, JUDGE_BATCH)
    module = AttributeNaming(judge_network(), steps, JUDGE_LR, ALL_SPOILED_FROM * steps)
    _learn_names(settings, module, "judge", epochs, JUDGE_BATCH)
    export_judge(module.network, settings.judge_file)


def synthesis(settings: Settings) -> None:
    """Train the synthesis network together with an embedding of what the drawings show."""
    _need(settings.perceptual_file, "perceptual")
    module, folder = _drawing(settings), settings.output_dir / "synthesis"
    data = Faces(settings.output_dir, SYNTHESIS_BATCH)
    decay = 0.5 ** (SYNTHESIS_BATCH / HALF_LIFE)
    train(module, data, folder, settings.synthesis_epochs, precision=settings.precision, ema_decay=decay)
    draw_samples(settings, module)


def mapping(settings: Settings) -> None:
    """Train the mapping network."""
    train(_mapping(settings), None, settings.output_dir / "mapping", settings.mapping_epochs)


def export(settings: Settings) -> None:
    """Write the generator's file."""
    if settings.generator_file.exists():
        return
    _need(settings.output_dir / "mapping" / LAST, "mapping")
    module = _mapping(settings)
    module.load_state_dict(_weights(settings, "mapping"))
    drawing = _drawing(settings)
    drawing.load_state_dict(_weights(settings, "synthesis"))
    export_generator(module.mapping, drawing.synthesis, ARCHITECTURE, settings.generator_file)


def check(settings: Settings) -> None:
    """Compare the files with those that come with rsi."""
    _need(settings.generator_file, "export")
    check_weights(settings)


STAGES: dict[str, Callable[[Settings], None]] = {
    stage.__name__: stage for stage in (render, clean, perceptual, judge, synthesis, mapping, export, check)
}


@torch.no_grad()
def draw_samples(settings: Settings, module: Drawing) -> None:
    """Write a picture of held-out faces, and below them what the network draws."""
    data = Faces(settings.output_dir, SYNTHESIS_BATCH)
    faces, descriptions = next(iter(data.val_dataloader()))
    both = torch.stack([faces[:SAMPLES], module(descriptions[:SAMPLES]).clamp(0, 1)])
    sheet = (both * 255).round().byte().permute(0, 3, 1, 4, 2).flatten(2, 3).flatten(0, 1)
    Image.fromarray(sheet.numpy()).save(settings.output_dir / "synthesis.png")


def _learn_names(settings: Settings, module: AttributeNaming, stage: str, epochs: int, batch: int) -> None:
    _need(settings.output_dir / "faces.npy", "render")
    data = Faces(settings.output_dir, batch)
    train(module, data, settings.output_dir / stage, epochs, precision=settings.precision)


def _steps(settings: Settings, epochs: int, batch: int) -> int:
    return epochs * (min(FACES_AN_EPOCH, settings.faces) // batch)


def _drawing(settings: Settings) -> Drawing:
    torch.manual_seed(0)
    return Drawing(settings.perceptual_file, _steps(settings, settings.synthesis_epochs, SYNTHESIS_BATCH))


def _mapping(settings: Settings) -> LatentMapping:
    _need(settings.output_dir / "synthesis" / LAST, "synthesis")
    drawing = _drawing(settings)
    drawing.load_state_dict(_weights(settings, "synthesis"))
    return LatentMapping(drawing.embedding, settings.mapping_epochs * STEPS_AN_EPOCH)


def _weights(settings: Settings, stage: str) -> dict[str, torch.Tensor]:
    stored = torch.load(settings.output_dir / stage / LAST, weights_only=True)
    weights: dict[str, torch.Tensor] = stored["state_dict"]
    return weights


def _need(path: Path, stage: str) -> None:
    if not path.exists():
        raise InputError(f"{path} does not exist: run the stage {stage} first")
