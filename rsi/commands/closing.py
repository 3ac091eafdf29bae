"""What a run says at its end."""

import shlex
from collections.abc import Iterator
from datetime import timedelta

from rsi.results import layout
from rsi.results.folder import ResultFolder
from rsi.results.foreign import is_page
from rsi.results.outcome import Outcome
from rsi.results.records import FAILED, MISSING, RESTORED, STOPPED

STATUSES = (FAILED, MISSING, STOPPED, RESTORED)
PICTURES = {"restored images": ".", "comparisons": layout.COMPARISONS, "timelapses": layout.TIMELAPSES}
PLACES = {"numbers": layout.TABLE, "report": layout.PAGE}


def closing_lines(folder: ResultFolder, outcome: Outcome, seconds: float, processes: int = 1) -> list[str]:
    """Which images failed and why, how many were restored, and where everything is.

    Args:
        folder: The output folder.
        outcome: What has become of the images.
        seconds: How long this run took.
        processes: How many processes have a share of the images, where the outcome is that of one of them.
    """
    now = outcome.statuses
    parts = [f"{now[status]} {status}" for status in STATUSES if now[status]] or ["no images"]
    earlier = [f"{outcome.before} of them finished before"] if outcome.before else []
    shared = [f"the share of one of {processes} processes, results.csv has those of all"] if processes > 1 else []
    counts = "; ".join([", ".join(parts), *earlier, *shared, str(timedelta(seconds=round(seconds)))])
    return [*_failures(outcome), counts, *_places(folder, outcome)]


def _failures(outcome: Outcome) -> Iterator[str]:
    for name, reason in outcome.failures.items():
        image, _, sample = name.rpartition("~")
        if not (sample.isdecimal() and outcome.failures.get(image) == reason):
            yield f"failed {name}: {reason}"
    if more := outcome.statuses[FAILED] - len(outcome.failures):
        yield f"and {more} more that failed, see results.csv"


def _places(folder: ResultFolder, outcome: Outcome) -> Iterator[str]:
    has_pictures = bool(outcome.statuses[RESTORED] or outcome.statuses[STOPPED])
    for what, where in {**(PICTURES if has_pictures else {}), **PLACES}.items():
        path = folder.path / where
        if is_page(path) if where == layout.PAGE else path.exists():
            yield f"  {what:<15}  {path}"
    if (folder.path / layout.LOGS).is_dir():
        yield f"  {'TensorBoard':<15}  tensorboard --logdir {shlex.quote(str(folder.path))}"
