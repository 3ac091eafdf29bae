"""A batch in the middle of its restoration, as a file."""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor
from torch.optim import Optimizer

from rsi.data.target import Target
from rsi.methods.base import PhaseResult, RestorationMethod
from rsi.methods.schedule import phase_at
from rsi.storage.atomic import atomic_path
from rsi.storage.tensor_file import tensor_bytes


@dataclass(frozen=True)
class BatchState:
    """All that a batch needs to go on as if it had never stopped; images of past phases are drawn again.

    Attributes:
        targets: Checksum of the batch's names and images, in order.
        step: The step to take next.
        seconds: The time spent so far.
        spaces: The phases that are over.
        tensors: ``variable.NAME`` and ``kept.NAME`` of the method and its guard, ``stopped_at``,
            ``phase.NUMBER.NAME``, the latents of the phases that are over, and ``optimizer.NUMBER.NAME``, what the
            optimiser keeps of each variable.
    """

    targets: str
    step: int
    seconds: float
    spaces: tuple[str, ...]
    tensors: dict[str, Tensor]

    @classmethod
    def capture(cls, module: RestorationMethod, optimizers: Sequence[Optimizer], step: int) -> "BatchState":
        """The state of the module's batch before ``step``."""
        kept = optimizers[0].state_dict()["state"] if optimizers else {}
        tensors = {
            **_prefixed("variable", module.variables),
            **_prefixed("kept", module.guard.kept),
            "stopped_at": module.guard.stopped_at,
            **{k: v for i, result in enumerate(module.path) for k, v in _prefixed(f"phase.{i}", result.latent).items()},
            **{k: v for i, entries in kept.items() for k, v in _prefixed(f"optimizer.{i}", entries).items()},
        }
        spaces = tuple(result.space for result in module.path)
        on_cpu = {name: tensor.detach().cpu() for name, tensor in tensors.items()}
        return cls(checksum(module.targets), step, time.monotonic() - module.started, spaces, on_cpu)

    def restore(self, module: RestorationMethod, targets: Sequence[Target]) -> None:
        """Bring the module to this state; its optimisers have to be set up anew after it."""
        module.start_batch(targets)
        module.started -= self.seconds
        for index, space in enumerate(self.spaces):
            latent = self._named(f"phase.{index}")
            module.path.append(PhaseResult(space, _drawn(module, latent), latent))
        module.set_variables(_moved(self._named("variable"), module.device))
        module.guard.kept = _moved(self._named("kept"), module.device)
        module.guard.stopped_at = self.tensors["stopped_at"].to(module.device)
        module.start_phase(phase_at(module.schedule, self.step))

    def restore_optimizer(self, optimizer: Optimizer) -> None:
        """Give a new optimiser what the old one kept."""
        count = sum(len(group["params"]) for group in optimizer.param_groups)
        kept = {index: _moved(self._named(f"optimizer.{index}"), torch.device("cpu")) for index in range(count)}
        state = {index: entries for index, entries in kept.items() if entries}
        if state:
            optimizer.load_state_dict({**optimizer.state_dict(), "state": state})

    def _named(self, prefix: str) -> dict[str, Tensor]:
        start = f"{prefix}."
        return {name[len(start) :]: tensor for name, tensor in self.tensors.items() if name.startswith(start)}

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


def _prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def _moved(tensors: Mapping[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    """Copies: last bits of matrix products can depend on where memory starts, and that of a file starts anywhere."""
    return {name: tensor.to(device, copy=True) for name, tensor in tensors.items()}


@torch.no_grad()
def _drawn(module: RestorationMethod, latent: Mapping[str, Tensor]) -> Tensor:
    return module.draw(_moved(latent, module.device)).clamp(0, 1).cpu()
