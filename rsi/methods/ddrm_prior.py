"""Diffusion priors: noise predictors in the folder format of the diffusers library."""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rsi.errors import InputError
from rsi.imports.extras import install_command
from rsi.numerics.size import Size

if TYPE_CHECKING:
    from diffusers import UNet2DModel

TIMESTEPS = 1000
CONFIG, WEIGHTS, SCHEDULER = "config.json", "diffusion_pytorch_model.safetensors", "scheduler_config.json"
BETAS = (1e-4, 0.02)
SCHEDULE = {
    "num_train_timesteps": TIMESTEPS,
    "beta_start": BETAS[0],
    "beta_end": BETAS[1],
    "beta_schedule": "linear",
    "prediction_type": "epsilon",
}


def alphas_cumprod() -> Tensor:
    """The share of the image in the variance of each noising step, ``[1000]`` float64 (Ho et al. 2020, section 2)."""
    betas = torch.linspace(*BETAS, TIMESTEPS, dtype=torch.float64)
    return torch.cumprod(1 - betas, 0)


class DiffusionPrior(nn.Module):
    """A network that predicts the noise in images of one size (Ho et al. 2020).

    A network with ``3 p^2`` channels works on images whose ``p x p`` pixels are folded into channels, ``p`` times
    smaller. Folding only sorts numbers anew, so that white noise stays white.

    Args:
        unet: Predicts noise from images and timesteps.
        sha256: Checksum of the files it was read from.

    Attributes:
        resolution: The size of its images.
        sha256: Checksum of the files it was read from.

    Raises:
        InputError: Its channels are no folded RGB, or it does not say its size.
    """

    def __init__(self, unet: "UNet2DModel", sha256: str = "") -> None:
        super().__init__()
        config: Any = unet.config
        self.fold = round((config.in_channels / 3) ** 0.5)
        if config.in_channels != 3 * self.fold**2 or config.out_channels != config.in_channels:
            raise InputError(
                f"its network takes {config.in_channels} channels and gives {config.out_channels}: both must be 3, "
                "or 3 p^2 for images folded by p"
            )
        if not isinstance(config.sample_size, int):
            raise InputError(f"sample_size in {CONFIG} is {config.sample_size}: write the side of its square images")
        self.unet = unet
        self.resolution = Size.square(config.sample_size * self.fold)
        self.sha256 = sha256

    def forward(self, x: Tensor, timesteps: Tensor) -> Tensor:
        """The noise in images.

        Args:
            x: Images in [-1, 1] with noise, of variance 1 altogether, ``[B, 3, R, R]``.
            timesteps: How far each was noised, integers in [0, 1000), ``[B]``.

        Returns:
            The noise, of variance 1, ``[B, 3, R, R]``.
        """
        folded = F.pixel_unshuffle(x, self.fold)
        return F.pixel_shuffle(self.unet(folded, timesteps).sample, self.fold)


def load_prior(folder: str | Path) -> DiffusionPrior:
    """Load a frozen diffusion prior; nothing in its files is executed and nothing is downloaded.

    Args:
        folder: A folder with ``config.json`` and ``diffusion_pytorch_model.safetensors``, as ``save_pretrained`` of a
            diffusers ``UNet2DModel`` writes it.

    Returns:
        The prior in float32 on the CPU.

    Raises:
        InputError: diffusers is not installed, or the folder lacks a file, is damaged or holds another kind of model.
    """
    if not str(folder):
        raise InputError("there is no diffusion prior: give --prior and the folder of a diffusers UNet2DModel")
    path = Path(folder)
    if not path.is_dir():
        problem = "is a file" if path.exists() else "does not exist"
        raise InputError(f"the prior {path} {problem}: give the folder of a diffusers UNet2DModel")
    try:
        _check_schedule(path)
        return _load(path)
    except InputError as error:
        raise InputError(f"the prior {path}: {error}") from None


def _load(path: Path) -> DiffusionPrior:
    if not (path / WEIGHTS).is_file():
        raise InputError(f"it has no {WEIGHTS}: save the network with save_pretrained(folder, safe_serialization=True)")
    kind = _read_json(path / CONFIG).get("_class_name")
    if kind != "UNet2DModel":
        raise InputError(f"{CONFIG} is that of a {kind}: give the folder of a UNet2DModel")
    unet = _read_unet(path)
    digest = hashlib.sha256((path / CONFIG).read_bytes() + (path / WEIGHTS).read_bytes())
    return DiffusionPrior(unet.float(), digest.hexdigest()).requires_grad_(False).eval()


def _read_unet(path: Path) -> "UNet2DModel":
    try:
        from diffusers import UNet2DModel
    except ImportError:
        raise InputError(f"reading it takes the library diffusers: {install_command('ddrm')}") from None
    try:
        unet: UNet2DModel = UNet2DModel.from_pretrained(
            path, local_files_only=True, use_safetensors=True, low_cpu_mem_usage=False
        )
    except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        raise InputError(f"it is damaged ({' '.join(str(error).split())[:300]}): get it again") from None
    return unet


def _check_schedule(path: Path) -> None:
    """A scheduler that is stored beside the network has to be the one that the sampler goes by."""
    stored = _read_json(path / SCHEDULER) if (path / SCHEDULER).is_file() else {}
    for name, value in SCHEDULE.items():
        if stored.get(name, value) != value:
            raise InputError(f"{name} in {SCHEDULER} is {stored[name]}: DDRM works with {value}")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"{path.name} cannot be read ({' '.join(str(error).split())})") from None
    if not isinstance(values, dict):
        raise InputError(f"{path.name} holds no settings")
    return values
