"""Networks of the usual sizes with random weights, and targets, as files."""

from pathlib import Path

import torch
import torchvision
from torch.nn import functional as F

from rsi.benchmark.targets import write_target
from rsi.benchmark.tasks import select_tasks
from rsi.generators import Generator, StyleGAN2Architecture, save_generator

TASKS = {"jpeg": "deartifacting", "noise": "denoising", "upsample": "upsampling", "inpaint": "inpainting"}


def write_generator(path: Path, side: int = 1024) -> None:
    """Write a generator with the architecture of NVIDIA's for FFHQ, whose images have 1024 px a side."""
    save_generator(Generator(StyleGAN2Architecture(512, 0, 512, side, 8, channel_base=32768, channel_max=512)), path)


def write_vgg16(path: Path) -> None:
    """Write a VGG16 as torchvision's files are."""
    features = torchvision.models.vgg16().features.state_dict()
    torch.save({f"features.{name}": weight for name, weight in features.items()}, path)


def write_targets(folder: Path, degradation: str, count: int, side: int) -> None:
    """Write smooth random images, degraded at level M."""
    (task,) = select_tasks(f"{TASKS[degradation]}:M")
    folder.mkdir()
    for index in range(count):
        coarse = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(index))
        clean = F.interpolate(coarse, size=(side, side), mode="bicubic").clamp(0, 1)[0]
        write_target(task, clean, str(index), folder / f"{index}{task.suffix}")
