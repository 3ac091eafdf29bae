"""What is recorded of one image."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields

from rsi.storage.fingerprint import Fingerprint

RESTORED = "restored"
STOPPED = "stopped"
FAILED = "failed"
MISSING = "missing"
RECORD_ALONE = ("batch", "settings", "run", "made_from", "changed", "has_files")


@dataclass(frozen=True)
class Row:
    """One line of ``results.csv``.

    Attributes:
        file: The input, relative to the target folder.
        status: ``restored``, ``stopped`` where a loss or gradient was not finite, ``failed``, or ``missing`` where the
            process that had it ended early.
        output: The restored image, relative to the output folder.
        size: Width and height of the target that was restored, in pixels.
        degradation: Its name.
        parameters: The parameters of the degradation in force, read from the file or given.
        loss: The loss after the last step.
        fidelity: Perceptual distance of the truly degraded restoration to the target; 0 is a perfect match.
        explained: The share of the target that the image of the first phase explains, 1 at most.
        disagreement: Of the samples of the image, where there are several: the mean standard deviation of a pixel.
        seed: The seed of the image's random numbers.
        seconds: The image's share of the time of its batch.
        notes: What was done to make the file fit, or why it failed.
        sha256: Checksum of the restored image.
        batch: The inputs it was restored together with; in the record alone.
        settings: Checksum of the settings of the run; in the record alone.
        run: The run that it is from, see :func:`rsi.results.run_id.run_id`; in the record alone.
        made_from: What it was restored from: ``target``, where there is one ``mask``, and of the user's own degradation
            each module and its tensors; in the record alone.
        changed: What of that had changed, so that the image was restored anew; in the record alone.
        has_files: This run or an earlier one has begun to write files of the image; in the record alone.
    """

    file: str
    status: str
    output: str = ""
    size: str = ""
    degradation: str = ""
    parameters: str = ""
    loss: float | None = None
    fidelity: float | None = None
    explained: float | None = None
    disagreement: float | None = None
    seed: int | None = None
    seconds: float | None = None
    notes: str = ""
    sha256: str = ""
    batch: tuple[str, ...] = ()
    settings: str = ""
    run: str = ""
    made_from: Mapping[str, Fingerprint] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    has_files: bool = False

    @property
    def is_done(self) -> bool:
        """Whether there is a restored image."""
        return self.status in (RESTORED, STOPPED)

    def to_record(self) -> str:
        """The record of the image, as JSON."""
        return json.dumps(asdict(self), indent=1)


FIELDS = frozenset(field.name for field in fields(Row))
COLUMNS = tuple(field.name for field in fields(Row) if field.name not in RECORD_ALONE)


def read_record(content: bytes | None) -> Row | None:
    """The row in a record; ``None`` if there is no record or it cannot be read.

    What other versions have noted beside it is passed over.
    """
    try:
        values = {name: value for name, value in json.loads(content or b"").items() if name in FIELDS}
        made_from = {name: Fingerprint(**facts) for name, facts in values.get("made_from", {}).items()}
        lists = {name: tuple(values.get(name, ())) for name in ("batch", "changed")}
        return Row(**{**values, **lists, "made_from": made_from})
    except (ValueError, TypeError, AttributeError):
        return None
