"""One step of the method as one would first write it: grouped convolutions, autograd alone, nothing kept."""

import math
from collections.abc import Callable, Sequence
from typing import cast

import lpips
import torch
import torch.nn.functional as F
from plain_malloc import plain_malloc
from torch import Tensor

from rsi import Restoration
from rsi.generators import Generator, StyleGAN2Architecture
from rsi.perceptual import EmbeddedDistance, LpipsVgg, PerceptualDistance

Distance = Callable[[Tensor, Tensor], Tensor]


class LiteralGenerator:
    """StyleGAN2's synthesis, every weight modulated for every image (Karras et al. 2020).

    Args:
        generator: Where the weights come from.
        gradients: The weights ask for gradients, which nobody uses.
    """

    def __init__(self, generator: Generator, gradients: bool) -> None:
        self.architecture = cast(StyleGAN2Architecture, generator.architecture)
        self.filters = generator.filters
        self.state = {
            name: tensor.detach().clone(memory_format=torch.contiguous_format).requires_grad_(gradients)
            for name, tensor in generator.synthesis.state_dict().items()
        }

    def __call__(self, codes: Tensor) -> Tensor:
        """Codes of W, W+ or W++ as images ``[B, 3, R, R]``."""
        slots = self._slots(codes)
        x = self.state["b4.const"].expand(len(codes), -1, -1, -1)
        image = codes.new_zeros(len(codes), 3, 2, 2)
        for index, side in enumerate(self.architecture.resolutions):
            if side > 4:
                x = self._layer(x, slots[2 * index - 1], f"b{side}.conv0.", up=True)
                image = self._filter(image, stride=2, transposed=True)
            x = self._layer(x, slots[2 * index], f"b{side}.conv1.", up=False)
            colours = self._colours(x, slots[2 * index + 1], f"b{side}.torgb.")
            image = colours if side == 4 else image + colours
        return (image + 1) / 2

    def _slots(self, codes: Tensor) -> Sequence[Tensor]:
        """The code of every filter of every slot, ``[B, filters or 1, w_dim]``."""
        if codes.ndim == 2:
            return [codes[:, None]] * len(self.filters)
        if codes.shape[1] == len(self.filters):
            return [code[:, None] for code in codes.unbind(1)]
        return torch.split(codes, [*self.filters], dim=1)

    def _modulated(self, codes: Tensor, prefix: str) -> Tensor:
        weight, affine = self.state[f"{prefix}weight"], self.state[f"{prefix}affine.weight"]
        styles = codes @ affine.T / math.sqrt(affine.shape[1]) + self.state[f"{prefix}affine.bias"]
        modulated: Tensor = weight * styles[:, : len(weight), :, None, None]
        return modulated

    def _layer(self, x: Tensor, codes: Tensor, prefix: str, up: bool) -> Tensor:
        weight = self._modulated(codes, prefix)
        weight = weight * (weight.square().sum((2, 3, 4), keepdim=True) + 1e-8).rsqrt()
        batch, outputs = weight.shape[:2]
        x = x.reshape(1, -1, *x.shape[2:])
        if up:
            y = F.conv_transpose2d(x, weight.transpose(1, 2).flatten(0, 1), stride=2, groups=batch)
            y = self._filter(y, stride=1, transposed=False)
        else:
            y = F.conv2d(x, weight.flatten(0, 1), padding=1, groups=batch)
        y = y.view(batch, outputs, *y.shape[2:])
        y = y + self.state[f"{prefix}noise_const"] * self.state[f"{prefix}noise_strength"]
        return F.leaky_relu(y + self.state[f"{prefix}bias"][:, None, None], 0.2) * math.sqrt(2)

    def _colours(self, x: Tensor, codes: Tensor, prefix: str) -> Tensor:
        weight = self._modulated(codes, prefix) / math.sqrt(x.shape[1])
        y = F.conv2d(x.reshape(1, -1, *x.shape[2:]), weight.flatten(0, 1), groups=len(x))
        colours: Tensor = y.view(len(x), 3, *y.shape[2:]) + self.state[f"{prefix}bias"][:, None, None]
        return colours

    def _filter(self, x: Tensor, stride: int, transposed: bool) -> Tensor:
        taps = self.state["b4.resample_filter"].detach() * 4
        convolve = F.conv_transpose2d if transposed else F.conv2d
        channels = x.shape[1]
        return convolve(x, taps.expand(channels, 1, 4, 4), stride=stride, padding=1, groups=channels)


def literal_distance(perceptual: PerceptualDistance, gradients: bool) -> Distance:
    """The perceptual distance as published, both images through the network."""
    if isinstance(perceptual, LpipsVgg):
        return _lpips(perceptual, gradients)
    if not isinstance(perceptual, EmbeddedDistance):
        raise TypeError(f"no literal version of {type(perceptual).__name__}")
    device = next(perceptual.parameters()).device
    plain = EmbeddedDistance().to(device).to(memory_format=torch.contiguous_format).requires_grad_(gradients)

    def distance(x: Tensor, y: Tensor) -> Tensor:
        total = plain.rgb_weight * (x - y).square().sum(1).mean((1, 2))
        a, b = 2 * x - 1, 2 * y - 1
        for index, stage in enumerate(plain.stages):
            a, b = (stage(z if index == 0 else F.max_pool2d(z, 2)) for z in (a, b))
            units = [z / (z.square().sum(1, keepdim=True) + plain.epsilon).sqrt() for z in (a, b)]
            total = total + (units[0] - units[1]).square().sum(1).mean((1, 2)) / len(plain.stages)
        return total

    return distance


def _lpips(perceptual: LpipsVgg, gradients: bool) -> Distance:
    network = lpips.LPIPS(net="vgg", pnet_rand=True, verbose=False)
    network.load_state_dict(perceptual.lpips.state_dict())
    device = next(perceptual.parameters()).device
    network.to(device, memory_format=torch.contiguous_format).requires_grad_(gradients)

    def distance(x: Tensor, y: Tensor) -> Tensor:
        result: Tensor = network(x, y, normalize=True).flatten()
        return result

    return distance


def literal_loss(x: Tensor, y: Tensor, distance: Distance) -> Tensor:
    """The multi-resolution loss of each image (RSI, equation 9, with the levels of the authors' program)."""
    total = x.new_zeros(len(x))
    for _ in range(6):
        if x.shape[-1] <= 16:
            break
        total = total + distance(x, y)
        x, y = F.avg_pool2d(x, 2), F.avg_pool2d(y, 2)
    return total + 0.1 * (x - y).abs().mean((1, 2, 3))


def literal(module: Restoration, gradients: bool) -> Callable[[], Tensor]:
    """A step of the module's batch and phase in float32; the weights may ask for gradients, which nobody uses."""
    generator = LiteralGenerator(module.generator, gradients)
    distance = literal_distance(module.perceptual, gradients)
    codes, seen = module.codes.detach(), module.batch.observation

    def step() -> Tensor:
        latent = codes.clone().requires_grad_()
        with plain_malloc():
            degraded = seen.operator(generator(latent), seen.random("degrade 0")) * seen.known
            loss = literal_loss(degraded, seen.observed, distance).sum()
            torch.autograd.backward(loss)
        gradient = latent.grad if latent.grad is not None else torch.zeros_like(latent)
        moved: Tensor = latent.detach() - 1e-3 * gradient / torch.linalg.vector_norm(gradient, dim=-1, keepdim=True)
        return moved

    return step
