"""A batch in the middle of its restoration, as a file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from rsi.log import tell
from rsi.storage.atomic import atomic_path
from rsi.storage.tensor_file import tensor_bytes

FORMAT = 2  # to be raised when a method keeps other tensors, or the same ones in another sense


@dataclass(frozen=True)
class SavedBatch:
    """All that a batch needs to go on as if it had never stopped; images of past phases are drawn again.

    Attributes:
        targets: Checksum of the batch's names and images, in order.
        step: The step to take next.
        seconds: The time spent so far.
        spaces: The phases that are over.
        tensors: ``variable.NAME`` and ``kept.NAME`` of the batch and its guard, ``stopped_at``, ``phase.NUMBER.NAME``,
            the latents of the phases that are over, ``carried.NAME`` of the batch, and ``optimizer.NUMBER.NAME``, what
            the optimisers keep of each variable, counted through all of them.
    """

    targets: str
    step: int
    seconds: float
    spaces: tuple[str, ...]
    tensors: Mapping[str, Tensor]

    def named(self, prefix: str) -> dict[str, Tensor]:
        """Copies of the tensors whose names start with ``PREFIX.``, named without it.

        Last bits of matrix products can depend on where memory starts, and that of a file starts anywhere.
        """
        start = f"{prefix}."
        return {name[len(start) :]: tensor.clone() for name, tensor in self.tensors.items() if name.startswith(start)}

    def load_optimizers(self, optimizers: Sequence[Any]) -> None:
        """Give new optimisers what the old ones have kept, see :func:`kept_by_optimizers`."""
        first = 0
        for optimizer in optimizers:
            count = _count_variables(optimizer)
            kept = {index: self.named(f"optimizer.{first + index}") for index in range(count)}
            state = {index: tensors for index, tensors in kept.items() if tensors}
            optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
            first += count

    def write(self, path: Path) -> None:
        """Write a safetensors file, whole or not at all."""
        facts = {
            "format": FORMAT,
            "targets": self.targets,
            "step": self.step,
            "seconds": self.seconds,
            "spaces": self.spaces,
        }
        with atomic_path(path) as temporary:
            temporary.write_bytes(tensor_bytes(self.tensors, {"state": json.dumps(facts)}))

    @classmethod
    def read(cls, path: Path) -> "SavedBatch | None":
        """The batch in a file; ``None`` if there is none, or, which is told, none that this version can go on from."""
        if not path.is_file():
            return None
        try:
            with safe_open(path, "pt") as file:
                facts = json.loads(file.metadata()["state"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
            if facts["format"] == FORMAT:
                return cls(facts["targets"], facts["step"], facts["seconds"], tuple(facts["spaces"]), tensors)
        except (OSError, SafetensorError, ValueError, KeyError, TypeError):
            pass
        tell(f"{path} is damaged or of another version of rsi: the images that were in progress begin anew")
        return None


def kept_by_optimizers(optimizers: Sequence[Any]) -> list[dict[str, Tensor]]:
    """What torch's optimisers keep of each of their variables, those of the first optimiser first."""
    kept: list[dict[str, Tensor]] = []
    for optimizer in optimizers:
        state = optimizer.state_dict()["state"]
        kept += [state.get(index, {}) for index in range(_count_variables(optimizer))]
    return kept


def _count_variables(optimizer: Any) -> int:  # noqa: ANN401 - an optimiser or Lightning's wrapper of it
    return sum(len(group["params"]) for group in optimizer.param_groups)
