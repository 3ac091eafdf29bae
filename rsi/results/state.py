"""A batch in the middle of its restoration, as a file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from rsi.storage.atomic import atomic_path
from rsi.storage.tensor_file import tensor_bytes


@dataclass(frozen=True)
class SavedBatch:
    """All that a batch needs to go on as if it had never stopped; images of past phases are drawn again.

    Attributes:
        targets: Checksum of the batch's names and images, in order.
        step: The step to take next.
        seconds: The time spent so far.
        spaces: The phases that are over.
        tensors: ``variable.NAME`` and ``kept.NAME`` of the batch and its guard, ``stopped_at``, ``phase.NUMBER.NAME``,
            the latents of the phases that are over, and ``optimizer.NUMBER.NAME``, what the optimiser keeps of each
            variable.
    """

    targets: str
    step: int
    seconds: float
    spaces: tuple[str, ...]
    tensors: Mapping[str, Tensor]

    def named(self, prefix: str) -> dict[str, Tensor]:
        """The tensors whose names start with ``PREFIX.``, without it."""
        start = f"{prefix}."
        return {name[len(start) :]: tensor for name, tensor in self.tensors.items() if name.startswith(start)}

    def write(self, path: Path) -> None:
        """Write a safetensors file, whole or not at all."""
        facts = {"targets": self.targets, "step": self.step, "seconds": self.seconds, "spaces": self.spaces}
        with atomic_path(path) as temporary:
            temporary.write_bytes(tensor_bytes(self.tensors, {"state": json.dumps(facts)}))

    @classmethod
    def read(cls, path: Path) -> "SavedBatch | None":
        """The batch in a file; ``None`` if there is none that can be read."""
        try:
            with safe_open(path, "pt") as file:
                facts = json.loads(file.metadata()["state"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
            return cls(facts["targets"], facts["step"], facts["seconds"], tuple(facts["spaces"]), tensors)
        except (OSError, SafetensorError, ValueError, KeyError, TypeError):
            return None
