"""How the codes of a generator are distributed once the mapping's last activation is undone, as PULSE needs it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor
from torch.nn import functional as F

from rsi.errors import InputError
from rsi.generators.generator import Generator
from rsi.log import tell
from rsi.numerics.randomness import ImageRandom
from rsi.storage.atomic import atomic_path
from rsi.storage.cache import weights_folder
from rsi.storage.tensor_file import tensor_bytes

PULSE_SAMPLES = 1_000_000
BLOCK = 10_000
INVERSE_SLOPE = 5.0  # undoes the mapping's leaky ReLU of slope 0.2


@dataclass(frozen=True)
class LatentStatistics:
    """Mean and standard deviation of every dimension of ``leaky_relu_5(mapping(z))``.

    Attributes:
        mean: ``[w_dim]``.
        std: ``[w_dim]``.
    """

    mean: Tensor
    std: Tensor


def latent_statistics(generator: Generator, samples: int = PULSE_SAMPLES) -> LatentStatistics:
    """The statistics of a generator, from a file if they have been measured before (Menon et al. 2020).

    That file is beside the generator's, or in the folder of torch.hub for the embedded generator and where the former
    cannot be written. Its name has the SHA-256 of the generator's file in it.

    Args:
        generator: The generator, of one class if it has several.
        samples: How many random codes are mapped.

    Raises:
        InputError: There are fewer than two samples.
    """
    if samples < 2:
        raise InputError(f"statistics of {samples} codes cannot be taken: give --model.samples 2 or more")
    paths = _paths(generator, samples)
    kept = next(filter(None, map(_read, paths)), None)
    if kept is not None:
        return LatentStatistics(kept.mean.to(generator.w_avg), kept.std.to(generator.w_avg))
    tell(f"measuring the latent statistics of {generator.info.name} on {samples} codes, once")
    measured = measure_statistics(generator, samples)
    _write(measured, paths)
    return measured


@torch.no_grad()
def measure_statistics(generator: Generator, samples: int) -> LatentStatistics:
    """Measure them on always the same random codes, in blocks: the memory it takes does not depend on ``samples``."""
    total = torch.zeros(2, generator.w_dim, dtype=torch.float64, device="cpu")
    for codes in random_codes(generator, samples):
        normal = F.leaky_relu(codes, INVERSE_SLOPE).cpu().double()
        total += torch.stack([normal.sum(0), normal.square().sum(0)])
    mean, square = total / samples
    std = (square - mean.square()).clamp(min=0).sqrt()
    dtype = generator.w_avg.dtype
    return LatentStatistics(mean.to(dtype).to(generator.w_avg), std.to(dtype).to(generator.w_avg))


def random_codes(generator: Generator, samples: int) -> Iterator[Tensor]:
    """Mapped random codes in blocks, ``[n, w_dim]``; those of a block depend on its number alone."""
    mapping, device = generator.mapping, generator.w_avg.device
    for start in range(0, samples, BLOCK):
        random = ImageRandom([0], f"latent statistics {start // BLOCK}")
        z = random.normal((BLOCK, mapping.z_dim))[0, : samples - start]
        yield mapping(z.to(device))


def _paths(generator: Generator, samples: int) -> list[Path]:
    """Where the statistics may be; nowhere for a generator that is not from a file."""
    info = generator.info
    if not info.sha256:
        return []
    label = "" if info.class_label is None else f"-class{info.class_label}"
    name = f"{info.sha256}{label}-{samples}.latent_statistics.safetensors"
    beside = [] if info.embedded or info.source is None else [info.source.with_name(name)]
    try:
        return [*beside, weights_folder() / "rsi" / name]
    except InputError:  # no home folder
        return beside


def _read(path: Path) -> LatentStatistics | None:
    try:
        with safe_open(path, "pt") as file:
            return LatentStatistics(file.get_tensor("mean"), file.get_tensor("std"))
    except (OSError, SafetensorError):
        return None


def _write(statistics: LatentStatistics, paths: list[Path]) -> None:
    content = tensor_bytes({"mean": statistics.mean.cpu(), "std": statistics.std.cpu()}, {})
    for path in paths:
        try:
            with atomic_path(path) as temporary:
                temporary.write_bytes(content)
        except OSError:
            continue
        return
