"""The Trainer as a restoration needs it."""

import inspect
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from pytorch_lightning import Callback, Trainer
from pytorch_lightning.accelerators import MPSAccelerator
from pytorch_lightning.callbacks import ProgressBar
from pytorch_lightning.strategies import SingleDeviceStrategy

from rsi.errors import InputError
from rsi.log import tell
from rsi.numerics.precision import check_precision, full_name
from rsi.training.independent import IndependentStrategy
from rsi.training.restart import own_command

TRAINER_DEFAULTS: dict[str, Any] = {
    "strategy": IndependentStrategy.name,
    "max_epochs": 1,
    "logger": False,
    "enable_checkpointing": False,
    "enable_model_summary": False,
    "use_distributed_sampler": False,
}

USED = {
    *("accelerator", "benchmark", "callbacks", "default_root_dir", "detect_anomaly", "deterministic", "devices"),
    *("enable_model_summary", "enable_progress_bar", "inference_mode", "log_every_n_steps", "logger", "num_nodes"),
    *("precision", "profiler", "strategy"),
}

SCHEDULE = "every image takes the steps of its schedule: give another --model.schedule"
FEWER = "it would leave images undone: give a folder with fewer images"
CLIPPING = "gradients are not clipped: lower the step sizes of --model.schedule"
INSTEAD = {
    **dict.fromkeys(("max_steps", "min_steps", "max_epochs", "min_epochs"), SCHEDULE),
    **dict.fromkeys(("fast_dev_run", "limit_train_batches", "overfit_batches"), FEWER),
    **dict.fromkeys(("gradient_clip_val", "gradient_clip_algorithm"), CLIPPING),
    "max_time": "end the run with a signal, as timeout does, and the same command goes on later",
    "accumulate_grad_batches": "images are independent of each other: give another --batch_size",
    "plugins": "its processes are those that srun, torchrun, jsrun or mpirun has started, or its own",
    "enable_checkpointing": "the batch in progress is kept in any case: give --checkpoint.every_seconds",
}

STRATEGIES = (None, "auto", IndependentStrategy.name)
PROCESSES_A_CORE = 8


def make_trainer(callbacks: Sequence[Callback], **settings: Any) -> Trainer:  # noqa: ANN401 - the Trainer's own
    """A Trainer that goes through a folder once.

    Args:
        callbacks: What accompanies the run, :class:`rsi.callbacks.PhaseScheduler` first.
        settings: Other arguments of the Trainer, such as ``devices``. Where the program cannot be started once more for
            every device, as a notebook cannot, one device is used unless others are asked for.

    Raises:
        InputError: An argument cannot be met.
    """
    shows_progress = any(isinstance(callback, ProgressBar) for callback in callbacks)
    chosen = {**TRAINER_DEFAULTS, "enable_progress_bar": shows_progress, **settings}
    if "devices" not in settings and torch.cuda.device_count() > 1 and own_command() is None:
        tell("one device is used, as this program cannot be started once for each: put it into a file to use all")
        chosen["devices"] = 1
    check_settings(chosen)
    with one_line_errors():
        strategy = find_strategy(chosen["strategy"], chosen.get("accelerator", "auto"))
        named = {"strategy": strategy, "precision": full_name(chosen.get("precision"))}
        return Trainer(**{**chosen, **named}, callbacks=[*callbacks])


def check_settings(settings: Mapping[str, Any]) -> None:
    """Refuse arguments of the Trainer that a restoration cannot meet or that would cut it short.

    Raises:
        InputError: There is one.
    """
    parameters = inspect.signature(Trainer).parameters
    for name, value in settings.items():
        default = TRAINER_DEFAULTS.get(name, parameters[name].default if name in parameters else None)
        if name not in USED and value != default:
            instead = INSTEAD.get(name, "nothing in a restoration uses it")
            raise InputError(f"--trainer.{name} {value} cannot be used, leave it out; {instead}")
    check_precision(full_name(settings.get("precision")))
    _check_strategy(settings.get("strategy"))
    _check_devices(settings.get("accelerator", "auto"), settings.get("devices", "auto"))
    if (nodes := settings.get("num_nodes", 1)) < 1:
        raise InputError(f"--trainer.num_nodes is {nodes}: it must be at least 1")


def find_strategy(chosen: Any, accelerator: Any, **options: Any) -> Any:  # noqa: ANN401 - a strategy or its name
    """The strategy for what was chosen.

    Lightning has one device for Apple's MPS, and refuses every strategy there that could have several.

    Args:
        chosen: A strategy or its name.
        accelerator: Where it is to run, as the Trainer takes it.
        options: Those of :class:`IndependentStrategy`.
    """
    if chosen not in STRATEGIES:
        return chosen
    on_mps = accelerator in (None, "auto", "gpu", "mps") and MPSAccelerator.is_available()
    return "auto" if on_mps else IndependentStrategy(**options)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn what Lightning raises over arguments of the Trainer into one line.

    Raises:
        InputError: It raises something.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # it raises nearly anything
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            f"the Trainer cannot be made, change the option of --trainer that it names: {reason}"
        ) from error


def _check_strategy(strategy: Any) -> None:  # noqa: ANN401 - whatever was given
    if strategy not in STRATEGIES and not isinstance(strategy, IndependentStrategy | SingleDeviceStrategy):
        name = strategy if isinstance(strategy, str) else type(strategy).__name__
        raise InputError(
            f"--trainer.strategy {name} cannot be used, leave it out: every device restores images of its own, and "
            "there is nothing that it would share"
        )


def _check_devices(accelerator: Any, devices: Any) -> None:  # noqa: ANN401 - whatever was given
    gpus = torch.cuda.device_count()
    if accelerator in ("gpu", "cuda") and not gpus and not torch.backends.mps.is_available():
        raise InputError(f"--trainer.accelerator {accelerator}: torch finds no GPU here; give cpu or auto")
    number = _number(devices)
    on_gpus = bool(gpus) and accelerator in ("gpu", "cuda", "auto")
    most = gpus if on_gpus else PROCESSES_A_CORE * (os.cpu_count() or 1)
    if number is None or (number == -1 and on_gpus):
        return
    if not 1 <= number <= most:
        have = f"there are {gpus} GPUs" if on_gpus else f"on {os.cpu_count()} cores it can be at most {most}"
        raise InputError(f"--trainer.devices is {number}: give a number from 1 or auto; {have}")


def _number(devices: Any) -> int | None:  # noqa: ANN401 - whatever was given
    try:
        return int(devices)
    except (TypeError, ValueError):
        return 0 if devices in ([], "") else None
