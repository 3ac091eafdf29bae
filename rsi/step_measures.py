"""What is measured of each image at a step, besides the loss."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor


class StepMeasures:
    """Gradient norm and distance from the start of the phase, of each image of a batch.

    Nothing here waits for the device.
    """

    def __init__(self) -> None:
        self._starts: dict[str, Tensor] = {}

    def start_phase(self, variables: Mapping[str, Tensor]) -> None:
        """Keep where a phase starts."""
        self._starts = {name: variable.detach().clone() for name, variable in variables.items()}

    def forget(self) -> None:
        """Leave distances out until the next phase, as where a run goes on in the middle of one."""
        self._starts = {}

    @torch.no_grad()
    def measure(self, variables: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The measures of this step, after it.

        Args:
            variables: What the steps change, each ``[B, ...]``.

        Returns:
            ``gradient_norm``, the norm of the gradient of an image's loss, where the method has gradients, and
            ``distance``, the root mean square over an image's codes of how far each is from where it was at the start
            of the phase, in units of the codes; each ``[B]``.
        """
        gradients = [variable.grad for variable in variables.values() if variable.grad is not None]
        measures = {"gradient_norm": _norm(gradients)} if gradients else {}
        if self._starts:
            moves = [variable - self._starts[name] for name, variable in variables.items()]
            codes = sum(move[0].numel() // move.shape[-1] for move in moves)
            measures["distance"] = _norm(moves) / codes**0.5
        return measures


def _norm(values: Sequence[Tensor]) -> Tensor:
    """The norm of all numbers of each image, ``[B]``."""
    return torch.stack([value.flatten(1).square().sum(1) for value in values]).sum(0).sqrt()
