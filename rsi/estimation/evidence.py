"""What is known of an image while its damages are looked for, from the last to the first."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from torch import Tensor

from rsi.data.target import JpegHeader

Array: TypeAlias = npt.NDArray[Any]
How = Literal["read", "exact", "measured", "guessed"]
Value = float | str
Interval = tuple[float, float]

RED, GREEN, BLUE = 0.299, 0.587, 0.114  # ITU-R BT.601


@dataclass(frozen=True)
class Finding:
    """One damage.

    Attributes:
        stage: Its name in a degradation's text, such as ``jpeg``.
        settings: Its settings there; empty where the target itself says them.
        intervals: Where each number lies in nine of ten cases, from and to.
        how: ``read`` in the file's header, ``exact`` by the lattice that the file's values lie on, ``measured``, or
            ``guessed``, where a person should say.
        why: What was seen, in words.
        shown: Values that are told, beside the settings.
    """

    stage: str
    settings: Mapping[str, Value]
    how: How
    why: str
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    shown: Mapping[str, Value] = field(default_factory=dict)

    @property
    def told(self) -> tuple[tuple[str, Value], ...]:
        """The values by name."""
        return (*self.settings.items(), *self.shown.items())

    @property
    def text(self) -> str:
        """The damage as a stage of a degradation's text."""
        settings = ",".join(f"{name}={_short(value)}" for name, value in self.settings.items())
        return f"{self.stage}:{settings}" if settings else self.stage


@dataclass(frozen=True)
class Evidence:
    """An image without the damages that were found so far.

    Attributes:
        pixels: ``[3, h, w]`` float64, 0 to 255.
        known: ``[h, w]`` bool, true where a pixel carries information.
        lossless: The pixels are as the last damage left them, rounded to 8 bits.
        jpeg: The header of the file, if it is a JPEG that can be modelled.
        findings: The damages found so far, the last one first.
    """

    pixels: Array
    known: Array
    lossless: bool = True
    jpeg: JpegHeader | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def luma(self) -> Array:
        """``[h, w]``, 0 to 255 (ITU-R BT.601, as JPEG has it)."""
        red, green, blue = self.pixels
        return np.asarray(RED * red + GREEN * green + BLUE * blue)

    def found(self, finding: Finding, **changes: Any) -> "Evidence":  # noqa: ANN401 - attributes of any kind
        """With one finding more, and without what it explains."""
        return replace(self, findings=(*self.findings, finding), **changes)

    def of(self, stage: str) -> Finding | None:
        """The finding of a stage, if there is one."""
        return next((finding for finding in self.findings if finding.stage == stage), None)


def evidence_of(image: Tensor, known: Array | None = None) -> Evidence:
    """An image ``[3, h, w]`` in [0, 1] as files have it, with its known pixels, ``[h, w]`` bool; left out, all are."""
    pixels = (image * 255).round().double().numpy()
    return Evidence(pixels, np.ones(pixels.shape[1:], bool) if known is None else known)


def _short(value: Value) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"
