"""How well damages are found in images that were damaged on purpose: ``rsi benchmark --blind``."""

import csv
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from rsi.data.colour import is_gray
from rsi.data.orientation import upright
from rsi.data.reading import read_picture
from rsi.degradations import draw_strokes, parse_degradation
from rsi.degradations.base import quantise
from rsi.estimation.estimate import Estimate, estimate_evidence
from rsi.estimation.evidence import Evidence
from rsi.estimation.learned import DamageNetwork
from rsi.numerics.randomness import ImageRandom, image_seed
from rsi.numerics.size import Size
from rsi.storage.atomic import atomic_path

STROKES = 9  # level M
COLUMNS = ("damage", "setting", "truth", "found in", "median", "within", "in the interval", "wrong rows", "seconds")
Truth = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Cell:
    """One way to damage images.

    Attributes:
        text: The damage, as :func:`rsi.parse_degradation` takes it; empty for clean images.
        strokes: Of the black holes that come last; the finder has to see them.
    """

    text: str
    strokes: int = 0

    @property
    def name(self) -> str:
        """What tables call it."""
        return "+".join(filter(None, [self.text, "holes" if self.strokes else ""])) or "clean"

    @property
    def truth(self) -> Truth:
        """What should be found: settings by stage."""
        stages = dict(stage.partition(":")[::2] for stage in filter(None, self.text.split("+")))
        found = {stage: dict(map(_pair, filter(None, text.split(",")))) for stage, text in stages.items()}
        named = {stage: {k: v for k, v in settings.items() if v is not None} for stage, settings in found.items()}
        return {**named, **({"inpaint": {}} if self.strokes else {})}


def _pair(setting: str) -> tuple[str, float | None]:
    name, _, value = setting.partition("=")
    try:
        return name, float(value)
    except ValueError:
        return name, None


NOISES = [(95.7, 0.04), (47.9, 0.08), (23.9, 0.16), (12.1, 0.32), (6.1, 0.64)]  # no whole numbers: those leave a comb
CELLS = (
    Cell(""),
    *(Cell(f"noise:k_p={k_p},k_b={k_b}") for k_p, k_b in NOISES),
    *(Cell(f"noise:k_p={k_p},k_b=0") for k_p in (95.7, 23.9)),
    Cell("noise:k_p=23.9,k_b=0.16", STROKES),
    *(Cell(f"gaussian:sigma={sigma}") for sigma in (0.05, 0.1)),
    *(Cell(f"jpeg:quality={quality}") for quality in (6, 9, 12, 15, 18, 50, 75, 95)),
    Cell("jpeg:quality=12", STROKES),
    *(
        Cell(f"noise:k_p={k_p},k_b={k_b}+jpeg:quality={quality}")
        for (k_p, k_b), quality in zip(NOISES, (18, 15, 12, 9, 6), strict=True)
    ),
    *(Cell(f"resized:factor={factor},filter={name}") for factor in (1.5, 4, 8) for name in ("bilinear", "bicubic")),
    *(Cell(f"blur:sigma={sigma}") for sigma in (1, 1.5, 2, 3, 4, 6)),
    *(Cell(f"blur:sigma={sigma}+jpeg:quality=12") for sigma in (1, 2, 4)),
    Cell("", STROKES),
)
TOLERANCES: Mapping[str, Callable[[float, float], bool]] = {
    "quality": lambda found, truth: abs(found - truth) < 1,
    "k_b": lambda found, truth: abs(found / truth - 1) < 0.08,
    "k_p": lambda found, truth: 0.8 <= found / truth <= 1.1,
    "sigma": lambda found, truth: abs(found / truth - 1) < 0.12,
    "factor": lambda found, truth: abs(found / truth - 1) < 0.02,
}
IN_WORDS = {"quality": "exact", "k_b": "8 %", "k_p": ".8 to 1.1", "sigma": "12 %", "factor": "2 %"}


def run_blind(paths: Sequence[Path], output: Path, network: Callable[[], DamageNetwork]) -> str:
    """Damage every image in every way, look for it, and write ``blind.csv`` and ``blind.md``.

    Args:
        paths: Clean images of any size.
        output: The folder of the tables.
        network: What has learned the damages of a generator's images.

    Returns:
        The table as Markdown.

    Raises:
        InputError: An image cannot be read.
    """
    pictures = [read_picture(path) for path in paths]
    images = {path.stem: upright(p.rgb, p.orientation) for path, p in zip(paths, pictures, strict=True)}
    rows = [row for cell in CELLS for row in _rows(cell, images, network)]
    output.mkdir(parents=True, exist_ok=True)
    with atomic_path(output / "blind.csv") as temporary, temporary.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *rows])
    table = "\n".join(f"| {' | '.join(row)} |" for row in (COLUMNS, ["---"] * len(COLUMNS), *rows)) + "\n"
    with atomic_path(output / "blind.md") as temporary:
        temporary.write_text(table)
    return table


def _rows(cell: Cell, images: Mapping[str, Tensor], network: Callable[[], DamageNetwork]) -> Sequence[Sequence[str]]:
    started = time.process_time()
    estimates = [_look(cell, name, image, network) for name, image in images.items()]
    seconds = f"{(time.process_time() - started) / len(estimates):.2f}"
    tones = [{"gray"} if is_gray(image) else set() for image in images.values()]
    wrong = sum(
        f.stage not in cell.truth.keys() | own for e, own in zip(estimates, tones, strict=True) for f in e.findings
    )
    last = (f"{wrong}", seconds)
    settings = [(stage, name, value) for stage, values in cell.truth.items() for name, value in values.items()]
    rows = [(cell.name, *_setting(estimates, *setting), *last) for setting in settings if setting[1] in TOLERANCES]
    if cell.strokes:
        found = sum(any(f.stage == "inpaint" for f in estimate.findings) for estimate in estimates)
        rows.append((cell.name, "holes", "", f"{found} of {len(estimates)}", "", "", "", *last))
    return rows or [(cell.name, "", "", "", "", "", "", *last)]


def _look(cell: Cell, name: str, image: Tensor, network: Callable[[], DamageNetwork]) -> Estimate:
    random = ImageRandom([image_seed(name, 0)], cell.name)
    damaged = parse_degradation(cell.text).degrade(image[None], random) if cell.text else quantise(image[None])
    if cell.strokes:
        damaged = damaged * draw_strokes(random, Size.of(damaged), cell.strokes)
    pixels = (damaged[0] * 255).round().double().numpy()
    return estimate_evidence(Evidence(pixels, np.ones(pixels.shape[1:], bool)), network)


def _setting(estimates: Sequence[Estimate], stage: str, setting: str, truth: float) -> tuple[str, ...]:
    findings = [f for e in estimates for f in e.findings if f.stage == stage and setting in f.settings]
    values = [float(finding.settings[setting]) for finding in findings]
    count = len(estimates)
    if not values or not truth:
        return (f"{stage} {setting}", f"{truth:g}", f"{len(values)} of {count}", "", "", "")
    intervals = [finding.intervals[setting] for finding in findings if setting in finding.intervals]
    within = sum(TOLERANCES[setting](value, truth) for value in values)
    held = sum(low <= truth <= high for low, high in intervals)
    return (
        f"{stage} {setting}",
        f"{truth:g}",
        f"{len(values)} of {count}",
        f"{np.median(values):.3g}",
        f"{within} ({IN_WORDS[setting]})",
        f"{held} of {len(intervals)}",
    )
