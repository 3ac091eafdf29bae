"""Comparison of remade weights with those that come with rsi, on faces that neither has seen."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from examples.avatars.settings import Settings
from examples.avatars.synthesis import psnr
from rsi.commands.main import main
from rsi.data.pictures import to_picture
from rsi.data.reading import read_picture
from rsi.degradations import Denoising, Downsampling, Inpainting, draw_strokes
from rsi.errors import InputError
from rsi.generators import load_generator
from rsi.log import tell
from rsi.numerics.randomness import ImageRandom, image_seed
from rsi.numerics.size import Size
from rsi.perceptual import load_perceptual
from rsi.storage.atomic import atomic_path

RESTORED = 3  # faces
RECONSTRUCTED = 16  # faces
RECONSTRUCTION_STEPS = 200
RECONSTRUCTION_LR = 0.05
TOLERANCE = 1.0  # dB
TASKS = {
    "jpeg": "JPEG quality 6",
    "upsample": "upsampling 8x",
    "noise:M": "denoising M",
    "inpaint": "inpainting, 9 strokes",
}


@dataclass(frozen=True)
class Weights:
    """A generator and its perceptual network, as ``rsi fit`` takes them."""

    generator: str
    perceptual: str


def check_weights(settings: Settings) -> None:
    """Write a table of what both reach, in dB, and say whether the remade ones are as good to within 1 dB."""
    both = [Weights("avatars128", "embedded"), Weights(str(settings.generator_file), str(settings.perceptual_file))]
    faces = torch.from_numpy(np.load(settings.output_dir / "held_out.npy")[:RECONSTRUCTED].copy())
    faces = faces.permute(0, 3, 1, 2).float() / 255
    rows = {"best codes in W+": [reconstruct(weights, faces) for weights in both]}
    with tempfile.TemporaryDirectory() as folder:
        for task, name in TASKS.items():
            targets = Path(folder) / "targets" / task.replace(":", "-")
            write_targets(faces[:RESTORED], task, targets)
            outputs = [Path(folder) / side / targets.name for side in ("shipped", "remade")]
            pairs = zip(both, outputs, strict=True)
            rows[name] = [restore(weights, faces[:RESTORED], task, targets, output) for weights, output in pairs]
            tell(f"{name}: {rows[name][0]:.2f} dB, remade {rows[name][1]:.2f} dB")
    _report(rows, settings.output_dir / "check.md")


def reconstruct(weights: Weights, faces: Tensor, steps: int = RECONSTRUCTION_STEPS) -> float:
    """The mean PSNR in dB of faces ``[N, 3, R, R]`` drawn with the best codes in W+ that Adam finds."""
    generator, perceptual = load_generator(weights.generator), load_perceptual(weights.perceptual)
    codes = generator.w_avg.repeat(len(faces), generator.num_ws, 1).requires_grad_()
    optimizer = torch.optim.Adam([codes], lr=RECONSTRUCTION_LR)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    reference = perceptual.reference(faces)
    for _ in range(steps):
        optimizer.zero_grad()
        drawn = generator.synthesis(codes)
        error = (drawn - faces).square().mean((1, 2, 3))
        (10 * error + 0.1 * perceptual.compare(drawn, reference)).sum().backward()
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        return float(psnr(generator.synthesis(codes), faces).mean())


def write_targets(faces: Tensor, task: str, folder: Path) -> None:
    """Degrade faces ``[N, 3, R, R]`` with the true operator of a task, each as a file named by its number."""
    folder.mkdir(parents=True)
    for index, face in enumerate(torch.split(faces, 1)):
        random = ImageRandom([image_seed(str(index), 0)])
        if task == "jpeg":
            to_picture(face[0]).save(folder / f"{index}.jpg", quality=6)
        elif task == "upsample":
            to_picture(Downsampling(8).degrade(face, random)[0]).save(folder / f"{index}.png")
        elif task == "inpaint":
            known = draw_strokes(random, Size.of(face), 9)
            masked = to_picture(Inpainting(known).degrade(face, random)[0])
            masked.putalpha(to_picture(known[0].expand(3, -1, -1)).convert("L"))
            masked.save(folder / f"{index}.png")
        else:
            to_picture(Denoising(24, 0.16).degrade(face, random)[0]).save(folder / f"{index}.png")


def restore(weights: Weights, faces: Tensor, task: str, targets: Path, output: Path) -> float:
    """The mean PSNR in dB of faces ``[N, 3, R, R]`` after ``rsi fit`` with some weights.

    Raises:
        InputError: ``rsi fit`` did not restore all of them.
    """
    prior = ["--generator", weights.generator, "--perceptual", weights.perceptual]
    flags = ["--target_dir", str(targets), "--degradation", task, "--output_dir", str(output), "--report", "false"]
    if main(["fit", *flags, *prior]):
        raise InputError(f"rsi fit could not restore {targets} with {weights.generator}: see above")
    restored = torch.stack([read_picture(output / f"{index}.png").rgb for index in range(len(faces))])
    return float(psnr(restored, faces).mean())


def _report(rows: dict[str, list[float]], path: Path) -> None:
    lines = ["| PSNR in dB | shipped | remade | difference |", "|---|---|---|---|"]
    lines += [f"| {name} | {old:.2f} | {new:.2f} | {new - old:+.2f} |" for name, (old, new) in rows.items()]
    with atomic_path(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n")
    worst = min(new - old for old, new in rows.values())
    verdict = "as good to within 1 dB" if worst >= -TOLERANCE else f"{-worst:.2f} dB worse at most: train longer"
    tell("\n".join([*lines, f"the remade weights are {verdict}"]))
