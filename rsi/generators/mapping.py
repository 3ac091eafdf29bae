"""The mapping network, from noise to style codes."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rsi.errors import InputError
from rsi.generators.protocols import Architecture
from rsi.numerics.precision import full_precision


class FullyConnected(nn.Module):
    """A linear layer with an equalised learning rate (Karras et al. 2018, section 4.1).

    Args:
        inputs: Length of the vectors read.
        outputs: Length of the vectors written.
        lr_multiplier: Scale of weight and bias against the values stored.
        bias: Initial value of the bias.
    """

    def __init__(self, inputs: int, outputs: int, lr_multiplier: float = 1.0, bias: float = 0.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / lr_multiplier)
        self.bias = nn.Parameter(torch.full((outputs,), bias))
        self.weight_gain = lr_multiplier / math.sqrt(inputs)
        self.bias_gain = lr_multiplier

    def forward(self, x: Tensor) -> Tensor:
        """``[..., inputs]`` to ``[..., outputs]``."""
        rows = torch.addmm(self.bias, x.flatten(0, -2), self.weight.t(), beta=self.bias_gain, alpha=self.weight_gain)
        return rows.view(*x.shape[:-1], -1)


class Mapping(nn.Module):
    """From normally distributed z to style codes w (Karras et al. 2019, section 2).

    Args:
        architecture: The sizes of the generator.

    Attributes:
        w_avg: The mean of w, ``[w_dim]``, or that of every class, ``[c_dim, w_dim]``.
    """

    w_avg: Tensor

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.z_dim, self.c_dim, self.layers = (
            architecture.z_dim,
            architecture.c_dim,
            architecture.mapping_layers,
        )
        w_dim = architecture.w_dim
        if self.c_dim:
            self.embed = FullyConnected(self.c_dim, architecture.embed_dim)
        for index in range(self.layers):
            inputs = w_dim if index else self.z_dim + architecture.embed_dim
            self.add_module(f"fc{index}", FullyConnected(inputs, w_dim, lr_multiplier=0.01))
        self.register_buffer("w_avg", torch.zeros(*[self.c_dim] * architecture.class_means, w_dim))

    def forward(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        """Map noise to codes in W.

        Args:
            z: ``[B, z_dim]``.
            c: Class labels, ``[B, c_dim]``, usually one-hot; for conditional generators alone.

        Returns:
            ``[B, w_dim]``.

        Raises:
            InputError: ``z`` has another shape, or ``c`` is missing or has another shape.
        """
        _check_rows("z", z, self.z_dim)
        with full_precision(z.device):
            return self._map(z, c)

    def _map(self, z: Tensor, c: Tensor | None) -> Tensor:
        x = _normalise(z)
        if self.c_dim:
            if c is None:
                raise InputError(f"the generator is conditional: give class labels [B, {self.c_dim}]")
            _check_rows("c", c, self.c_dim)
            x = torch.cat([x, _normalise(self.embed(c))], dim=1)
        for index in range(self.layers):
            x = F.leaky_relu(self.get_submodule(f"fc{index}")(x), 0.2) * math.sqrt(2)
        return x


def _check_rows(name: str, rows: Tensor, length: int) -> None:
    if rows.ndim != 2 or rows.shape[1] != length:
        raise InputError(f"{name} has the shape {list(rows.shape)}: give [B, {length}]")


def _normalise(x: Tensor) -> Tensor:
    """Rows of unit mean square."""
    return x * (x.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()
