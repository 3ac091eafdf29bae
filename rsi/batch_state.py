"""A batch in the middle of its restoration, as a file."""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from torch.optim import Optimizer

from rsi.atomic import atomic_path
from rsi.data.target import Target
from rsi.phases import Space, phase_at
from rsi.restoration import PhaseResult, Restoration
from rsi.tensor_file import tensor_bytes

OPTIMIZER = "optimizer."


@dataclass(frozen=True)
class BatchState:
    """All that a batch needs to go on as if it had never stopped; images of past phases are rendered again.

    Attributes:
        targets: Checksum of the batch's names and images, in order.
        step: The step to take next.
        seconds: The time spent so far.
        spaces: The phases that are over.
        tensors: ``latent``, the guard's ``finite_codes`` and ``stopped_at``, ``codes_0`` and so on, one per phase that
            is over, and what the optimiser keeps, as ``optimizer.NAME``.
    """

    targets: str
    step: int
    seconds: float
    spaces: tuple[Space, ...]
    tensors: dict[str, Tensor]

    @classmethod
    def capture(cls, module: Restoration, optimizer: Optimizer, step: int) -> "BatchState":
        """The state of the module's batch before ``step``."""
        tensors = {
            "latent": module.latent.detach(),
            "finite_codes": module.guard.codes,
            "stopped_at": module.guard.stopped_at,
            **{f"codes_{index}": result.codes for index, result in enumerate(module.path)},
            **{f"{OPTIMIZER}{name}": value for name, value in optimizer.state[module.latent].items()},
        }
        spaces = tuple(result.space for result in module.path)
        on_cpu = {name: tensor.cpu() for name, tensor in tensors.items()}
        return cls(checksum(module.targets), step, time.monotonic() - module.started, spaces, on_cpu)

    def restore(self, module: Restoration, targets: Sequence[Target]) -> None:
        """Bring the module to this state; its optimiser has to be set up anew after it."""
        module.start_batch(targets)
        module.started -= self.seconds
        for index, space in enumerate(self.spaces):
            codes = self.tensors[f"codes_{index}"]
            module.latent = nn.Parameter(codes.to(module.device))
            module.path.append(PhaseResult(space, codes, module.render().cpu()))
        module.latent = nn.Parameter(self.tensors["latent"].to(module.device))
        module.guard.codes = self.tensors["finite_codes"].to(module.device)
        module.guard.stopped_at = self.tensors["stopped_at"].to(module.device)
        module.start_phase(phase_at(module.schedule, self.step))

    def restore_optimizer(self, optimizer: Optimizer) -> None:
        """Give a new optimiser what the old one kept."""
        kept = {name[len(OPTIMIZER) :]: tensor for name, tensor in self.tensors.items() if name.startswith(OPTIMIZER)}
        if kept:
            optimizer.load_state_dict({**optimizer.state_dict(), "state": {0: kept}})

    def first_step(self, targets: Sequence[Target]) -> int:
        """The step at which a batch goes on: 0 for any other batch than the one of this state."""
        return self.step if checksum(targets) == self.targets else 0

    def write(self, path: Path) -> None:
        """Write a safetensors file."""
        facts = {"targets": self.targets, "step": self.step, "seconds": self.seconds, "spaces": self.spaces}
        with atomic_path(path) as temporary:
            temporary.write_bytes(tensor_bytes(self.tensors, {"state": json.dumps(facts)}))

    @classmethod
    def read(cls, path: Path) -> "BatchState | None":
        """The state in a file; ``None`` if there is none that can be read."""
        try:
            with safe_open(path, "pt") as file:
                facts = json.loads(file.metadata()["state"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
            return cls(facts["targets"], facts["step"], facts["seconds"], tuple(facts["spaces"]), tensors)
        except (OSError, SafetensorError, ValueError, KeyError, TypeError):
            return None


def checksum(targets: Sequence[Target]) -> str:
    """SHA-256 of the names, images and known pixels of a batch."""
    digest = hashlib.sha256()
    for target in targets:
        digest.update(repr((target.name, target.seed, tuple(target.image.shape))).encode())
        digest.update(torch.cat([target.image, target.known]).numpy().tobytes())
    return digest.hexdigest()
