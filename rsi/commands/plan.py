"""What ``rsi fit --dry_run`` says: what would be restored, how long it would take and how much memory."""

import time
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import timedelta
from itertools import islice
from typing import Any

import torch
from pytorch_lightning import Trainer

from rsi.data import TargetFolder
from rsi.data.listing import Listed
from rsi.data.target import Target
from rsi.errors import InputError
from rsi.methods.base import RestorationMethod
from rsi.numerics.memory import PeakMemory, tells_memory
from rsi.numerics.per_image import TURNS_FROM
from rsi.results.finished import Finished

ENOUGH = 8.0  # seconds of measuring
STEPS = 4  # of a phase that are timed, after one that is not
LOOKED_AT = 100  # images of which one has to be readable


def plan(trainer: Trainer, module: RestorationMethod[Any], data: TargetFolder) -> Iterator[str]:
    """Lines about a run that is not made: images, time and memory, by a few steps with the first that is missing.

    Nothing is written.

    Raises:
        InputError: There is no image, or none of the first can be read.
    """
    data.setup("fit")
    module.configure_model()
    images = list(data.names.listed())
    missing = _missing(module, data, images)
    yield f"{len(missing)} of {len(images)} images would be restored, {len(images) - len(missing)} are finished"
    if not missing:
        return
    target = _first_readable(module, data, missing)
    at_once = _at_once(module, data, len(missing))
    module.to(trainer.strategy.root_device)
    memory = PeakMemory(module.device) if tells_memory(module.device) else None
    with memory or nullcontext():
        seconds = _seconds(module, [target] * at_once)
    total = seconds * len(missing) / trainer.world_size
    yield f"about {_in_words(seconds)} an image, {_in_words(total)} in all, {module.steps_per_batch} steps an image"
    if memory is not None:
        yield f"about {(memory.before + memory.bytes) / 1e9:.1f} GB of memory a process, {at_once} at once"


def _missing(module: RestorationMethod[Any], data: TargetFolder, images: list[Listed]) -> list[Listed]:
    if data.results is None or data.overwrite or not data.results.path.exists():
        return images
    finished = Finished(data.results, data.sources, module.sources)
    return [image for image in images if not finished.settles(image.name)]


def _first_readable(module: RestorationMethod[Any], data: TargetFolder, images: list[Listed]) -> Target:
    problems: list[InputError] = []
    for image in islice(images, LOOKED_AT):
        target = _try(module, data, image, problems)
        if target is not None:
            return target
    raise problems[0]


def _try(
    module: RestorationMethod[Any], data: TargetFolder, image: Listed, problems: list[InputError]
) -> Target | None:
    try:
        target = data.reader.read(
            image, resolution=module.resolution, factor=module.target_factor, finds_damage=module.finds_damage
        )
        module.check_target(target)
    except InputError as error:
        problems.append(error)
        return None
    return target


def _at_once(module: RestorationMethod[Any], data: TargetFolder, images: int) -> int:
    """As many as a batch has, or one where each is large enough to keep all cores busy."""
    if max(module.resolution) >= TURNS_FROM or data.batch_size == "auto":
        return 1
    return min(int(data.batch_size), images)


def _seconds(module: RestorationMethod[Any], targets: list[Target]) -> float:
    """How long an image takes, by a few steps of each phase; of later ones by those that there was time for."""
    started, first, total, pace = time.monotonic(), 0, 0.0, 0.0
    module.begin_batch(targets)
    for stage in module.schedule:
        left = ENOUGH - (time.monotonic() - started)
        if left > 0:
            module.batch.step = first
            module.begin_phase(stage)
            pace = _pace(module, min(STEPS + 1, stage.steps), left) / stage.cost
        first += stage.steps
        total += pace * stage.cost * stage.steps
    return total / len(targets)


def _pace(module: RestorationMethod[Any], steps: int, left: float) -> float:
    """Seconds a step; the first one warms up and counts only where the time is over after it."""
    optimizer = module.configure_optimizers()
    times: list[float] = []
    for _ in range(steps):
        began = time.monotonic()
        module.batch.terms = module.take_step(module.batch.step, optimizer, torch.autograd.backward)
        module.batch.step += 1
        times.append(time.monotonic() - began)
        if sum(times) > left:
            break
    counted = times[1:] or times
    return sum(counted) / len(counted)


def _in_words(seconds: float) -> str:
    return str(timedelta(seconds=max(round(seconds), 1)))
