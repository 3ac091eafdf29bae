"""What very many files cost apart from restoring them, as a Markdown table.

``python benchmarks/many_files.py --files 100000`` makes a folder of so many names and their records, and measures the
CPU time of what a run does with them, and how much its process grows.
"""

import argparse
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import psutil

from rsi.data.listing import Listing
from rsi.results.folder import ResultFolder
from rsi.results.layout import record_of
from rsi.results.records import RESTORED, Row

WRITTEN = 1000  # records that are written as a run does, each flushed to the disk


@dataclass(frozen=True)
class Cost:
    """What something has cost.

    Attributes:
        what: In words.
        files: How many files it was done with.
        seconds: CPU time.
        megabytes: How much the process has grown meanwhile.
    """

    what: str
    files: int
    seconds: float
    megabytes: float

    def __str__(self) -> str:
        """A row of the table."""
        return f"| {self.what} | {self.seconds:.1f} | {1e6 * self.seconds / self.files:.0f} | {self.megabytes:.0f} |"


def measure(what: str, files: int, work: Callable[[], object]) -> Cost:
    """Do something once."""
    process = psutil.Process()
    before, begun = process.memory_info().rss, time.process_time()
    work()
    seconds = time.process_time() - begun
    return Cost(what, files, seconds, (process.memory_info().rss - before) / 1e6)


def make_folders(targets: Path, output: Path, files: int) -> list[str]:
    """A folder of empty files with names of pictures, and the records of their results."""
    names = [f"{number:07}.jpg" for number in range(files)]
    targets.mkdir()
    (output / record_of(names[0])).parent.mkdir(parents=True)
    for name in names:
        (targets / name).touch()
        (output / record_of(name)).write_text(row_of(name).to_record())
    return names


def row_of(name: str) -> Row:
    """A record as long as a run's."""
    return Row(
        name,
        RESTORED,
        output=f"{name}.png",
        size="128x128",
        degradation="jpeg",
        parameters='{"quality": 12, "sampling": "4:2:0"}',
        loss=0.123456,
        fidelity=0.123456,
        seed=1234567890123,
        seconds=25.5,
        sha256="0" * 64,
    )


def costs(folder: Path, files: int) -> Iterator[Cost]:
    """Measure, in the order in which a run does these things."""
    names = make_folders(folder / "targets", folder / "out", files)
    listing, results = Listing(folder / "targets"), ResultFolder(folder / "out")
    yield measure("listing to the first batch", files, lambda: list(islice(listing.listed(), 8)))
    yield measure("listing all", files, lambda: sum(1 for _ in listing.listed()))
    yield measure("reading the record of each", files, lambda: [results.row(name) is None for name in names])
    yield measure("the table", files, results.save_table)
    written = ResultFolder(folder / "written")
    written.claim({}, overwrite=False)
    rows = map(row_of, names[:WRITTEN])
    yield measure(f"writing {WRITTEN} records", WRITTEN, lambda: deque(map(written.save_row, rows), maxlen=0))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100_000, help="at least 1000")
    files = parser.parse_args().files
    print(f"{files} files\n\n| | s of CPU | microseconds a file | MB |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for cost in costs(Path(folder), files):
            print(cost, flush=True)


if __name__ == "__main__":
    main()
