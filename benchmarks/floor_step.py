"""What no step can do without: forward and backward of the two networks."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from rsi import Restoration
from rsi.numerics.per_image import in_parallel


def floor(module: Restoration, dtype: torch.dtype) -> Callable[[], None]:
    """Both networks on the shapes of the module's batch and phase, with maps of a type, and nothing else.

    The images are computed together where the product does so.
    """
    parts = module.batch.prepared
    codes = torch.split(module.codes.detach(), [len(seen.targets) for seen, _ in parts])
    networks = [
        _networks(module, own.clone().requires_grad_(), pyramid.levels, dtype)
        for own, (_, pyramid) in zip(codes, parts, strict=True)
    ]

    def step() -> None:
        in_parallel(networks, max(module.resolution))

    return step


def _networks(module: Restoration, codes: Tensor, images: Sequence[Tensor], dtype: torch.dtype) -> Callable[[], None]:
    levels = [image.clone().requires_grad_() for image in images]

    def forward() -> tuple[Tensor, list[list[Tensor]]]:
        with torch.autocast(codes.device.type, torch.bfloat16, enabled=dtype == torch.bfloat16):
            return module.generator.synthesis(codes), [module.perceptual.features(level) for level in levels]

    with torch.no_grad():
        image, features = forward()
    gradient, gradients = torch.randn_like(image), [[torch.randn_like(m) for m in maps] for maps in features]

    def run() -> None:
        image, features = forward()
        torch.autograd.grad(image, codes, gradient)
        for level, maps, given in zip(levels, features, gradients, strict=True):
            torch.autograd.grad(maps, level, given)

    return run
