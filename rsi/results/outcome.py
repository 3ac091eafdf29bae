"""What has become of the images of a run."""

from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass, field

from rsi.results.folder import ResultFolder
from rsi.results.records import FAILED, MISSING, RESTORED, Row

NAMED = 20


@dataclass
class Outcome:
    """How the images of a run have ended.

    Attributes:
        statuses: How many images have which status.
        before: How many of those that are restored or stopped an earlier run had finished.
        missing: The first images that no process has come to.
        failures: The first images that could not be used, and why.
    """

    statuses: Counter[str] = field(default_factory=Counter)
    before: int = 0
    missing: list[str] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether all images are restored."""
        return set(self.statuses) <= {RESTORED}

    def missing_line(self) -> str:
        """Names what is missing, in one line."""
        more = self.statuses[MISSING] - len(self.missing)
        names = ", ".join(self.missing) + (f" and {more} more, see results.csv" if more else "")
        return f"{self.statuses[MISSING]} images are missing, the same command restores them: {names}"


def review(
    names: Iterable[str], folder: ResultFolder, ranks: Container[int], world_size: int, *, anew: bool
) -> Outcome:
    """Look at the records of the images of some processes that have ended, and record what is missing.

    Args:
        names: All images of the run.
        folder: The output folder, as the run has claimed it.
        ranks: The processes.
        world_size: How many processes the run has.
        anew: The run was to replace what was there.
    """
    outcome = Outcome()
    for index, name in enumerate(names):
        if index % world_size not in ranks:
            continue
        row = folder.row(name)
        if row is None or row.status == MISSING or (anew and row.run != folder.run):
            row = Row(name, MISSING, notes="the process that had it ended early")
            folder.save_row(row)
            if len(outcome.missing) < NAMED:
                outcome.missing.append(name)
        outcome.statuses[row.status] += 1
        if row.status == FAILED and len(outcome.failures) < NAMED:
            outcome.failures[row.file] = row.notes
        outcome.before += row.is_done and row.run != folder.run
    return outcome
