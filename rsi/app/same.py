"""The command line and the Python that do what the page does."""

import shlex

from rsi.app.networks import schedule_of
from rsi.app.pipeline import Domain, is_whole
from rsi.app.run import Job


def commands_of(job: Job, domain: Domain) -> str:
    """What to type in a shell, in the folder of the photograph."""
    name = job.opened.path.name
    options = [f"--degradation={job.degradation}", f"--generator={job.asked.generator}"]
    options += [f"--config={job.asked.recipe}"] if job.asked.recipe else []
    if is_whole(job.opened, domain) and job.known:
        return shlex.join(["rsi", "fit", name, *options, "--mask_dir=masks"])
    options += [] if is_whole(job.opened, domain) else ["--cut_faces"]
    options += [f"--strength={job.asked.strength:g}"] if job.asked.strength != 1 else []
    photograph = f"holes/{job.opened.path.stem}.png" if job.known else name
    return shlex.join(["rsi", "restore", photograph, *options, "--ext=png"])


def python_of(job: Job, domain: Domain) -> str:
    """What to write in Python, in the folder of the photograph; of faces, what restores one that is cut out."""
    stem, is_cut, name = job.opened.path.stem, not is_whole(job.opened, domain), job.opened.path.name
    if is_cut:
        name = f"cut/{stem}.png" if len(job.opened.faces) == 1 else f"cut/{stem}_1.png"
    arguments = [repr(name), repr(job.degradation)]
    arguments += [f"generator={job.asked.generator!r}"]
    arguments += [f"mask={f'masks/{stem}.png'!r}"] if job.known and not is_cut else []
    arguments += [f"strength={job.asked.strength:g}"] if job.asked.strength != 1 else []
    arguments += [f"schedule={_schedule(job.asked.recipe)}"] if job.asked.recipe else []
    lines = ["import rsi", "", "restored = rsi.restore(", *(f"    {argument}," for argument in arguments), ")"]
    return "\n".join([*lines, f"restored.image.save({f'{stem}_restored.png'!r})"])


def _schedule(recipe: str) -> str:
    phases = []
    for phase in schedule_of(recipe):
        top = f", top_level={phase.top_level!r}" if phase.top_level_every != 1 else ""
        final = "" if phase.final_lr is None else f", final_lr={phase.final_lr}"
        phases.append(f"rsi.Phase({phase.space!r}, {phase.steps}, {phase.lr}{final}{top})")
    return f"[{', '.join(phases)}]"
