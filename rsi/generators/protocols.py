"""What the rest of the program needs of a generator, whatever its architecture."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from rsi.errors import InputError
from rsi.numerics.size import Size


class Architecture(Protocol):
    """The sizes that define a generator."""

    @property
    def kind(self) -> str:
        """The architecture by the name that people know it by."""

    @property
    def z_dim(self) -> int:
        """Length of the codes that the mapping network reads."""

    @property
    def c_dim(self) -> int:
        """Length of the class labels; 0 for an unconditional generator."""

    @property
    def embed_dim(self) -> int:
        """Length of the embedded class labels that the mapping network reads beside z."""

    @property
    def class_means(self) -> bool:
        """There is a mean code for every class."""

    @property
    def w_dim(self) -> int:
        """Length of the style codes."""

    @property
    def mapping_layers(self) -> int:
        """Fully connected layers of the mapping network."""

    @property
    def resolution(self) -> Size:
        """The size of the images."""

    @property
    def num_ws(self) -> int:
        """Number of style slots: the codes in W+."""

    @property
    def filters(self) -> tuple[int, ...]:
        """Number of codes that each style slot has in W++."""

    @property
    def colour_layers(self) -> tuple[str, ...]:
        """The layers to colours, by the names of their modules."""

    def clamped(self, clamp: float | None) -> "Architecture":
        """The same with this bound on the magnitude of every layer's output; ``None`` is unbounded."""

    def of_one_class(self) -> "Architecture":
        """The same without classes."""

    def to_metadata(self) -> dict[str, str]:
        """The sizes as metadata of a safetensors file."""

    def describe(self) -> dict[str, str]:
        """What is particular to the architecture, in words."""


class SynthesisNetwork(nn.Module):
    """From style codes to images.

    Args:
        architecture: The sizes of the generator.

    Attributes:
        w_dim: Length of a style code.
        filters: Number of codes that each style slot has in W++.
        side: The longer side of the images in pixels.
        noise_sizes: The sizes of its noise maps; empty if it has none.
        pose_slots: The style slots that move the picture as a whole; empty if there are none.
    """

    noise_sizes: Sequence[Size]
    pose_slots: Sequence[int]

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.w_dim, self.filters = architecture.w_dim, architecture.filters
        self.side = max(architecture.resolution)

    def forward(self, ws: Tensor, noise: Mapping[int, Tensor] | None = None, motion: Tensor | None = None) -> Tensor:
        """Render codes of any of the three latent spaces (RSI, Poirier-Ginter & Lalonde 2023, section 4.1).

        Args:
            ws: ``[B, w_dim]`` (W, one code per image), ``[B, num_ws, w_dim]`` (W+, one per style slot) or
                ``[B, sum(filters), w_dim]`` (W++, slot after slot).
            noise: Maps ``[B, 1, H, W]`` that replace the constant noise of some convolutions, by number.
            motion: From positions in the picture to those in the picture that the codes alone stand for,
                ``[B, 3, 3]``; see :mod:`rsi.generators.stylegan3.fourier`.

        Returns:
            ``[B, 3, H, W]`` nominally in [0, 1]; not clamped, so that gradients survive: clamp what you show.

        Raises:
            InputError: The codes have another shape, or the generator has no such noise or motion.
        """
        raise NotImplementedError

    def describe(self) -> dict[str, str]:
        """What its tensors say of what it draws, in words."""
        return {}

    def _check_codes(self, ws: Tensor) -> None:
        """Make sure that codes are in one of the three latent spaces; see :meth:`forward`.

        Raises:
            InputError: They have another shape.
        """
        slots, codes = len(self.filters), sum(self.filters)
        if ws.shape[1:] not in [(self.w_dim,), (slots, self.w_dim), (codes, self.w_dim)]:
            raise InputError(
                f"codes have the shape {list(ws.shape)}: give [B, {self.w_dim}] (W), "
                f"[B, {slots}, {self.w_dim}] (W+) or [B, {codes}, {self.w_dim}] (W++)"
            )

    def _by_slot(self, ws: Tensor) -> Sequence[Tensor]:
        """The codes of each style slot, ``[B, w_dim]`` or, in W++, ``[B, filters, w_dim]``."""
        if ws.ndim == 2:
            return [ws] * len(self.filters)
        return ws.unbind(1) if ws.shape[1] == len(self.filters) else torch.split(ws, [*self.filters], dim=1)
