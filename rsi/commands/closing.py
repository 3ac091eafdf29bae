"""What a run says at its end."""

import shlex
from collections.abc import Iterator
from datetime import timedelta

from rsi.results.folder import ResultFolder
from rsi.results.outcome import Outcome
from rsi.results.records import FAILED, MISSING, RESTORED, STOPPED

STATUSES = (RESTORED, STOPPED, FAILED, MISSING)
PLACES = {
    "restored images": ".",
    "comparisons": "comparisons",
    "timelapses": "timelapses",
    "numbers": "results.csv",
    "report": "index.html",
}


def closing_lines(folder: ResultFolder, outcome: Outcome, seconds: float) -> list[str]:
    """How many images were restored, and where everything is.

    Args:
        folder: The output folder.
        outcome: What has become of the images.
        seconds: How long this run took.
    """
    now = outcome.statuses
    parts = [f"{now[status]} {status}" for status in STATUSES if now[status]] or ["no images"]
    earlier = [f"{outcome.before} of them before"] if outcome.before else []
    return ["; ".join([", ".join(parts), *earlier, str(timedelta(seconds=round(seconds)))]), *_places(folder)]


def _places(folder: ResultFolder) -> Iterator[str]:
    for what, where in PLACES.items():
        path = folder.path / where
        if path.exists():
            yield f"  {what:<15}  {path}"
    if (folder.path / "logs").is_dir():
        yield f"  {'TensorBoard':<15}  tensorboard --logdir {shlex.quote(str(folder.path))}"
