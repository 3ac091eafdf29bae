"""What happened to a picture, as text that sliders change."""

import re
from dataclasses import dataclass

from rsi.estimation.estimate import STAGES, Estimate, one_of_each
from rsi.estimation.evidence import Finding

UNCHANGED = "upsample:factor=1"


@dataclass(frozen=True)
class Slider:
    """A setting of a damage that a person changes by hand.

    Attributes:
        stage: The damage.
        setting: Its setting.
        label: What a person calls it.
        lowest: Its smallest value.
        highest: Its largest value.
        step: Between two values.
    """

    stage: str
    setting: str
    label: str
    lowest: float
    highest: float
    step: float


SLIDERS = (
    Slider("jpeg", "quality", "JPEG quality", 1, 100, 1),
    Slider("noise", "k_p", "Noise: light, in photons (less is noisier)", 1, 200, 0.1),
    Slider("noise", "k_b", "Noise: share of lost pixels", 0, 0.95, 0.001),
    Slider("gaussian", "sigma", "Grain", 0, 0.5, 0.001),
    Slider("blur", "sigma", "Blur, in pixels", 0.1, 20, 0.1),
    Slider("resized", "factor", "Enlarged, times", 1.1, 16, 0.1),
)

WORDS = {
    "blur": "It is not sharp",
    "gray": "It has no colour",
    "sepia": "It has the shades of one colour",
    "upsample": "It is small",
    "resized": "It was enlarged",
    "noise": "It is noisy",
    "gaussian": "It is grainy",
    "jpeg": "It was saved as JPEG",
    "inpaint": "It has holes",
}

SETTINGS = {"k_p": "photons", "k_b": "lost"}


def in_words(estimate: Estimate) -> str:
    """What was found, a line each, as Markdown."""
    lines = [f"- {WORDS[finding.stage]}{_values(finding)}: {finding.why}." for finding in estimate.sure]
    lines += [f"- Perhaps: {WORDS[finding.stage].lower()}{_values(finding)}." for finding in estimate.guesses]
    return "\n".join(lines) or "Nothing was found. If you know what happened, say it below."


def text_of(estimate: Estimate, factor: int) -> str:
    """What is sure, in the order in which it happened, as ``--degradation`` takes it.

    Args:
        estimate: What was found.
        factor: How many times smaller the picture is than what is drawn of it.
    """
    stages = {finding.stage: finding.text for finding in one_of_each(estimate.sure)}
    if factor > 1:
        stages["upsample"] = "upsample"
    return "+".join(stages[stage] for stage in STAGES if stage in stages) or UNCHANGED


def values_of(text: str) -> tuple[float | None, ...]:
    """The value of each of :data:`SLIDERS` in a text; ``None`` where it has none."""
    stages = {stage.partition(":")[0].strip(): stage.partition(":")[2] for stage in text.split("+")}
    return tuple(_value(stages.get(slider.stage, ""), slider.setting) for slider in SLIDERS)


def with_value(text: str, slider: Slider, value: float) -> str:
    """A degradation's text with another value where a slider's setting stands; unchanged where it has none."""
    stages = text.split("+")
    pattern = re.compile(rf"\b{slider.setting}=[^,]*")
    return "+".join(
        pattern.sub(f"{slider.setting}={value:g}", stage) if stage.partition(":")[0].strip() == slider.stage else stage
        for stage in stages
    )


def _values(finding: Finding) -> str:
    told = ", ".join(
        f"{SETTINGS.get(name, name)} {value if isinstance(value, str) else f'{value:.3g}'}"
        for name, value in finding.told
    )
    return f" ({told})" if told else ""


def _value(settings: str, name: str) -> float | None:
    found = re.search(rf"\b{name}=([\d.]+)", settings)
    return float(found[1]) if found else None
