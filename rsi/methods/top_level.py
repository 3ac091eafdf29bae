"""The largest level of the loss, which need not be computed at every step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from rsi.methods.loss import term_names


@dataclass(frozen=True)
class TopLevel:
    """What becomes of the largest level at a step.

    Attributes:
        is_computed: It is part of the loss.
        kept: Its gradient in the codes when it was last computed, shaped as these, which counts at this step; written
            where it is computed. ``None`` where nothing is kept.
    """

    is_computed: bool
    kept: Tensor | None = None

    def split(self, images: Sequence[int]) -> list["TopLevel"]:
        """The same for the parts of a batch, of so many images each."""
        if self.kept is None:
            return [self] * len(images)
        return [replace(self, kept=kept) for kept in torch.split(self.kept, list(images))]

    def applied(self, terms: dict[str, Tensor], levels: Sequence[Tensor], codes: Tensor) -> dict[str, Tensor]:
        """The terms, whose total has the kept gradient for the largest level.

        Args:
            terms: Of the loss, ``[B]`` each.
            levels: The targets at the sides that are compared, the largest first.
            codes: What the terms were computed of, ``[B, ..., w_dim]``.
        """
        if self.kept is None or len(levels) < 2 or not codes.requires_grad:
            return terms
        total = terms["total"]
        if self.is_computed:
            top = sum((terms[name] for name in term_names(levels[0]) if name in terms), 0 * total)
            (gradient,) = torch.autograd.grad(top.sum(), codes, retain_graph=True)
            self.kept.copy_(gradient)
            total = total - top + top.detach()
        linear = (codes * self.kept).flatten(1).sum(1)  # its gradient is what was kept, its value does not count
        return {**terms, "total": total + linear - linear.detach()}
