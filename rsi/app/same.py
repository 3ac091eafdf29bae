"""The command line and the Python that do what the page does."""

import shlex
from collections.abc import Sequence

from rsi.app.pipeline import is_whole
from rsi.app.run import Job, schedule_of


def commands_of(job: Job, resolution: int) -> str:
    """What to type in a shell, in the folder of the photograph."""
    name = job.opened.path.name
    fit = [f"--degradation={job.degradation}", f"--generator={job.generator}"]
    fit += [f"--config={job.recipe}"] if job.recipe else []
    if is_whole(job.opened, resolution):
        fit += ["--mask_dir=masks"] if job.known else []
        return _line(["rsi", "fit", name, *fit])
    lines = [
        ["rsi", "align", "photos", "--output_dir=aligned", f"--size={resolution}"],
        ["rsi", "fit", "aligned", *fit, "--output_dir=restored"],
        ["rsi", "paste", "restored", "photos", "--output_dir=pasted"],
    ]
    return "\n".join([f"# {shlex.quote(name)} in the folder photos", *map(_line, lines)])


def python_of(job: Job, resolution: int) -> str:
    """What to write in Python, in the folder of the photograph."""
    name = job.opened.path.name if is_whole(job.opened, resolution) else f"{job.opened.path.stem}_cut.png"
    arguments = [repr(name), repr(job.degradation), f"generator={job.generator!r}"]
    arguments += [f"mask={f'masks/{job.opened.path.stem}.png'!r}"] if job.known else []
    arguments += [f"schedule={_schedule(job.recipe)}"] if job.recipe else []
    lines = ["import rsi", "", "restored = rsi.restore(", *(f"    {argument}," for argument in arguments), ")"]
    return "\n".join([*lines, f"restored.image.save({f'{job.opened.path.stem}_restored.png'!r})"])


def _schedule(recipe: str) -> str:
    phases = []
    for phase in schedule_of(recipe):
        top = f", top_level={phase.top_level!r}" if phase.top_level_every != 1 else ""
        final = "" if phase.final_lr is None else f", final_lr={phase.final_lr}"
        phases.append(f"rsi.Phase({phase.space!r}, {phase.steps}, {phase.lr}{final}{top})")
    return f"[{', '.join(phases)}]"


def _line(words: Sequence[str]) -> str:
    return shlex.join(words)
