"""What can be known of Apple's MPS without one: it has one device, no float64, and no random numbers of Poisson's."""

import subprocess
import sys
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning_fabric.accelerators.mps import MPSAccelerator
from pytorch_lightning.strategies import SingleDeviceStrategy
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from rsi.data.target_reader import read_target
from rsi.methods.lbrgm import LBRGM
from rsi.methods.pulse import Pulse
from rsi.methods.restoration import Restoration
from rsi.training.independent import IndependentStrategy
from rsi.training.trainer import make_trainer


class NoDouble(TorchDispatchMode):
    """Fails where a tensor of 64-bit floating-point numbers is made.

    Args:
        from_nothing: Watch what is made of no other tensor alone: the rest may be on the CPU on purpose.
    """

    def __init__(self, *, from_nothing: bool = False) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._from_nothing = from_nothing

    def __torch_dispatch__(
        self, function: Callable[..., Any], types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        made = function(*args, **(kwargs or {}))
        if function is torch.ops.aten.lift_fresh.default:  # what numpy has is on the CPU in any case
            return made
        is_watched = not self._from_nothing or not any(isinstance(leaf, torch.Tensor) for leaf in tree_leaves(args))
        if is_watched and "device" not in (kwargs or {}):
            doubles = [leaf for leaf in tree_leaves(made) if getattr(leaf, "dtype", None) == torch.float64]
            assert not doubles, f"{function} makes float64"
        return made


@pytest.mark.parametrize("accelerator", ["auto", "gpu", "mps"])
def test_one_process_uses_it(accelerator: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MPSAccelerator, "is_available", staticmethod(lambda: True))
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    if accelerator != "mps" and torch.cuda.is_available():
        pytest.skip("there is a GPU")
    trainer = make_trainer([], accelerator=accelerator, precision="bf16")
    assert isinstance(trainer.strategy, SingleDeviceStrategy)
    assert trainer.strategy.root_device.type == "mps"
    monkeypatch.setattr(sys.modules["__main__"], "__file__", __file__, raising=False)  # pytest's workers have none
    assert isinstance(make_trainer([], accelerator="cpu", devices=2).strategy, IndependentStrategy)


@pytest.mark.parametrize(
    "degradation", ["jpeg", "upsample+noise:M", "blur:M+resized:M+gaussian:sigma=0.1", "sepia", "cast"]
)
def test_no_step_makes_float64(degradation: str, jpeg_folder: Path, tiny_generator: Path) -> None:
    module = Restoration(str(tiny_generator), degradation, "embedded", lr_scale="auto")
    with torch.device("cpu"), NoDouble(from_nothing=True):
        module.configure_model()
    name = sorted(path.name for path in jpeg_folder.glob("*.jpg"))[0]
    target = read_target(jpeg_folder, name, resolution=module.resolution, factor=module.target_factor)
    module.begin_batch([target])
    seen = module.batch.observation.operator
    for stage in module.schedule:
        module.begin_phase(stage)
        optimizer = module.configure_optimizers()
        with NoDouble():
            module.take_step(0, optimizer, torch.autograd.backward)
            module.render()
        stored = chain(module.parameters(), module.buffers(), seen.parameters(), seen.buffers())
        assert torch.float64 not in {tensor.dtype for tensor in stored}


def test_networks_of_all_methods_hold_no_float64(tiny_generator: Path) -> None:
    for method in (Restoration, Pulse, LBRGM):
        module = method(str(tiny_generator), perceptual="embedded")
        module.configure_model()
        assert torch.float64 not in {tensor.dtype for tensor in chain(module.parameters(), module.buffers())}


def test_what_it_lacks_is_left_to_the_cpu() -> None:
    program = "import rsi, os; print(os.environ['PYTORCH_ENABLE_MPS_FALLBACK'])"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout.strip() == b"1"
