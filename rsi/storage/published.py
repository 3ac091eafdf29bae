"""Networks of others that rsi measures with."""

from dataclasses import dataclass
from pathlib import Path

from rsi.storage.cache import cached_path


@dataclass(frozen=True)
class Published:
    """A file in the network.

    Attributes:
        url: Where it is.
        sha256: Its SHA-256, 64 hexadecimal digits.
        size: How many bytes it has.
    """

    url: str
    sha256: str
    size: int

    @property
    def path(self) -> Path:
        """Where it is kept once it is downloaded."""
        return cached_path(self.url)


VGG16 = Published(
    "https://download.pytorch.org/models/vgg16-397923af.pth",
    "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
    553_433_881,
)
"""torchvision's, which LPIPS looks with."""

INCEPTION = Published(
    "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth",
    "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
    95_628_359,
)
"""torch-fidelity's, which pFID looks with."""
