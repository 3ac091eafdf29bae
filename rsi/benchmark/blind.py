"""How well damages are found in images that were damaged on purpose: ``rsi benchmark --blind``."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from rsi.benchmark.stage_text import settings_by_stage
from rsi.benchmark.text_tables import csv_table, markdown_table
from rsi.data.colour import is_gray
from rsi.data.orientation import upright
from rsi.data.reading import read_picture
from rsi.degradations import STROKES, draw_strokes, parse_degradation
from rsi.degradations.base import quantise
from rsi.estimation.estimate import Estimate, estimate_evidence
from rsi.estimation.evidence import evidence_of
from rsi.estimation.learned import DamageNetwork
from rsi.numerics.randomness import ImageRandom, image_seed
from rsi.numerics.size import Size
from rsi.storage.atomic import atomic_path

COLUMNS = ("damage", "setting", "truth", "found in", "median", "within", "in the interval", "wrong rows", "seconds")
Truth = Mapping[str, Mapping[str, float]]
Network = Callable[[], DamageNetwork]


@dataclass(frozen=True)
class Damage:
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
        stages = settings_by_stage(self.text)
        looked_for = {
            stage: {name: float(value) for name, value in settings.items() if name in TOLERANCES}
            for stage, settings in stages.items()
        }
        return {**looked_for, **({"inpaint": {}} if self.strokes else {})}


NOISES = [(95.7, 0.04), (47.9, 0.08), (23.9, 0.16), (12.1, 0.32), (6.1, 0.64)]  # no whole numbers: those leave a comb
DAMAGES = (
    Damage(""),
    *(Damage(f"noise:k_p={k_p},k_b={k_b}") for k_p, k_b in NOISES),
    *(Damage(f"noise:k_p={k_p},k_b=0") for k_p in (95.7, 23.9)),
    Damage("noise:k_p=23.9,k_b=0.16", STROKES["M"]),
    *(Damage(f"gaussian:sigma={sigma}") for sigma in (0.05, 0.1)),
    *(Damage(f"jpeg:quality={quality}") for quality in (6, 9, 12, 15, 18, 50, 75, 95)),
    Damage("jpeg:quality=12", STROKES["M"]),
    *(
        Damage(f"noise:k_p={k_p},k_b={k_b}+jpeg:quality={quality}")
        for (k_p, k_b), quality in zip(NOISES, (18, 15, 12, 9, 6), strict=True)
    ),
    *(Damage(f"resized:factor={factor},filter={name}") for factor in (1.5, 4, 8) for name in ("bilinear", "bicubic")),
    *(Damage(f"blur:sigma={sigma}") for sigma in (1, 1.5, 2, 3, 4, 6)),
    *(Damage(f"blur:sigma={sigma}+jpeg:quality=12") for sigma in (1, 2, 4)),
    Damage("", STROKES["M"]),
)


@dataclass(frozen=True)
class Tolerance:
    """How near to the truth a value has to be.

    Attributes:
        in_words: As the table says it.
        holds: Whether a value that was found is near enough to the true one.
    """

    in_words: str
    holds: Callable[[float, float], bool]


TOLERANCES = {
    "quality": Tolerance("exact", lambda found, truth: abs(found - truth) < 1),
    "k_b": Tolerance("8 %", lambda found, truth: abs(found / truth - 1) < 0.08),
    "k_p": Tolerance(".8 to 1.1", lambda found, truth: 0.8 <= found / truth <= 1.1),
    "sigma": Tolerance("12 %", lambda found, truth: abs(found / truth - 1) < 0.12),
    "factor": Tolerance("2 %", lambda found, truth: abs(found / truth - 1) < 0.02),
}
"""By setting; those that are not here are not looked for."""


def run_blind(paths: Sequence[Path], output: Path, network: Network) -> str:
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
    rows = [row for damage in DAMAGES for row in _rows(damage, images, network)]
    table = markdown_table(COLUMNS, rows) + "\n"
    for name, text in {"blind.csv": csv_table(COLUMNS, rows), "blind.md": table}.items():
        with atomic_path(output / name) as path:
            path.write_text(text)
    return table


def _rows(damage: Damage, images: Mapping[str, Tensor], network: Network) -> Sequence[Sequence[str]]:
    started = time.process_time()
    estimates = [_look(damage, name, image, network) for name, image in images.items()]
    seconds = f"{(time.process_time() - started) / len(estimates):.2f}"
    tones = [{"gray"} if is_gray(image) else set() for image in images.values()]
    wrong = sum(
        f.stage not in damage.truth.keys() | own for e, own in zip(estimates, tones, strict=True) for f in e.findings
    )
    last = (f"{wrong}", seconds)
    settings = [(stage, name, value) for stage, values in damage.truth.items() for name, value in values.items()]
    rows = [(damage.name, *_setting(estimates, *setting), *last) for setting in settings]
    if damage.strokes:
        found = sum(any(f.stage == "inpaint" for f in estimate.findings) for estimate in estimates)
        rows.append((damage.name, "holes", "", f"{found} of {len(estimates)}", "", "", "", *last))
    return rows or [(damage.name, "", "", "", "", "", "", *last)]


def _look(damage: Damage, name: str, image: Tensor, network: Network) -> Estimate:
    random = ImageRandom([image_seed(name, 0)], damage.name)
    damaged = parse_degradation(damage.text).degrade(image[None], random) if damage.text else quantise(image[None])
    if damage.strokes:
        damaged = damaged * draw_strokes(random, Size.of(damaged), damage.strokes)
    return estimate_evidence(evidence_of(damaged[0]), network)


def _setting(estimates: Sequence[Estimate], stage: str, setting: str, truth: float) -> tuple[str, ...]:
    findings = [f for e in estimates for f in e.findings if f.stage == stage and setting in f.settings]
    values = [float(finding.settings[setting]) for finding in findings]
    count = len(estimates)
    if not values or not truth:
        return (f"{stage} {setting}", f"{truth:g}", f"{len(values)} of {count}", "", "", "")
    intervals = [finding.intervals[setting] for finding in findings if setting in finding.intervals]
    within = sum(TOLERANCES[setting].holds(value, truth) for value in values)
    held = sum(low <= truth <= high for low, high in intervals)
    return (
        f"{stage} {setting}",
        f"{truth:g}",
        f"{len(values)} of {count}",
        f"{np.median(values):.3g}",
        f"{within} ({TOLERANCES[setting].in_words})",
        f"{held} of {len(intervals)}",
    )
