"""Where a generator came from."""

from dataclasses import dataclass
from pathlib import Path

UNKNOWN_LICENSE = "unknown: ask whoever the weights came from"


@dataclass(frozen=True)
class GeneratorInfo:
    """What is known of a generator apart from its weights.

    Attributes:
        name: The name it was asked for by, or the name of its file without the suffix.
        source: The file it was read from; ``None`` if it was made in memory.
        lr_scale: Multiplies the step sizes of the method, which suit the scale of FFHQ's W space; ``None`` if
            unknown.
        license: The licence of the weights.
        sha256: SHA-256 of the file, 64 hexadecimal digits; empty if it was made in memory.
        embedded: It came with this package.
        format: What kind of file it was read from; empty if it was made in memory.
        place: Which of the networks in that file it is; empty where a file has one alone.
        assumed: What was assumed because the file does not say it, a line each.
        said: What a person said of the network and the file does not, such as ``color_order bgr``.
        class_label: The class that was selected of a conditional generator.
        draws_aligned_faces: It is known to draw human faces that were cut out as FFHQ's.
    """

    name: str = "untrained"
    source: Path | None = None
    lr_scale: float | None = None
    license: str = UNKNOWN_LICENSE
    sha256: str = ""
    embedded: bool = False
    format: str = ""
    place: str = ""
    assumed: tuple[str, ...] = ()
    said: str = ""
    class_label: int | None = None
    draws_aligned_faces: bool = False

    @property
    def identity(self) -> str:
        """What tells it from all others: the checksum of its file and what was said of it."""
        return " ".join(filter(None, (self.sha256, self.said)))
