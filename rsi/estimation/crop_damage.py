"""What happened to a face that is cut out of a photograph, by what happened to the photograph."""

from dataclasses import dataclass

from rsi.degradations import parse_degradation
from rsi.estimation.estimate import STAGES, Estimate, one_of_each
from rsi.estimation.evidence import Array, Finding
from rsi.estimation.named import AUTO

ENLARGED = 4 / 3  # times that a face may be enlarged before it counts as a small one
AS_IT_WAS = 0.75  # scale above which JPEG and lost pixels are still those of the photograph
HARMLESS = 90  # quality of JPEG from which nothing is undone
SMALLEST = 16  # pixels of a cut face
NOTHING = "upsample:factor=1"


@dataclass(frozen=True)
class CropDamage:
    """What a face is to be restored from.

    Attributes:
        text: What happened to it, as ``--degradation`` takes it.
        size: Width and height to cut it out in, in pixels.
        known: Which pixels of the photograph are known, ``[h, w]`` bool; ``None`` if all are, or it does not matter.
    """

    text: str
    size: int
    known: Array | None = None


def given_damage(text: str, side: float, resolution: int, known: Array | None) -> CropDamage:
    """Damage that the user has named.

    Args:
        text: As ``--degradation`` takes it.
        side: The side of the crop in the photograph's pixels.
        resolution: The generator's.
        known: What of the photograph is opaque, ``[h, w]`` bool; ``None`` if it does not matter.

    Raises:
        InputError: The text names no damage.
    """
    factor = parse_degradation(text).factor
    size = cut_size(side, resolution) if factor in (1, None) else resolution // factor
    stages = [stage.strip() for stage in text.split("+") if stage.strip() != NOTHING]
    if size < resolution and factor == 1:
        stages = ["upsample", *stages]
    return CropDamage("+".join(stages) or NOTHING, size, known if "inpaint" in stages else None)


def for_any_size(text: str) -> str:
    """Damage that the user has named, or ``auto``, so that it holds for crops of any size."""
    return text if text == AUTO or parse_degradation(text).factor != 1 else f"upsample+{text}"


def found_damage(estimate: Estimate, side: float, resolution: int) -> CropDamage:
    """Damage that was found in the photograph, carried through cutting out; what was guessed is left out.

    Averaging pixels makes noise weaker and blocks of JPEG vanish; enlarging does not make detail.

    Args:
        estimate: Of the photograph, before anything was resampled.
        side: The side of the crop in the photograph's pixels.
        resolution: The generator's.
    """
    found = {finding.stage: finding for finding in one_of_each(estimate.sure)}
    enlarged = float(found["resized"].settings["factor"]) if "resized" in found else 1.0
    size = cut_size(side / enlarged, resolution)
    scale = size / side * enlarged
    stages = {stage: _in_crop(finding, scale) for stage, finding in found.items()}
    if size < resolution:
        stages["upsample"] = "upsample"
    if not estimate.known.all():
        stages["inpaint"] = "inpaint"
    in_order = [text for stage in STAGES if (text := stages.get(stage))]
    return CropDamage("+".join(in_order) or NOTHING, size, None if estimate.known.all() else estimate.known)


def cut_size(side: float, resolution: int) -> int:
    """The largest of the generator's side, its half, its quarter and so on that does not need to enlarge much."""
    size = resolution
    while size % 2 == 0 and size > SMALLEST and size > side * ENLARGED:
        size //= 2
    return size


def _in_crop(finding: Finding, scale: float) -> str:
    """The text of a finding at another scale; empty where it no longer matters there or cannot be undone."""
    smaller, settings = min(scale, 1.0), finding.settings
    if finding.stage == "blur":
        return f"blur:sigma={float(settings['sigma']) * scale:.4g}"
    if finding.stage == "gaussian":
        return f"gaussian:sigma={float(settings['sigma']) * smaller:.4g}"
    if finding.stage == "noise":
        lost = float(settings["k_b"]) if smaller > AS_IT_WAS else 0.0
        return f"noise:k_p={float(settings['k_p']) / smaller**2:.4g},k_b={lost:.4g}"
    if finding.stage == "jpeg":
        quality = float(dict(finding.told)["quality"])
        left = quality if smaller > AS_IT_WAS else 100 - (100 - quality) * smaller
        return f"jpeg:quality={left:.0f}" if left < HARMLESS else ""
    return ""
