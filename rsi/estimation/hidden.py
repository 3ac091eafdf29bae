"""Noise and blur that JPEG hides, and all damages of very small images, as the learned network sees them."""

from collections.abc import Callable
from dataclasses import replace
from math import exp

from rsi.estimation.evidence import Evidence, Finding, How, Interval
from rsi.estimation.learned import DamageNetwork, Guesses

LIKELY = 0.9  # probability that a damage is there
LIKELIER_THAN_NOT = 0.5  # of very small images, which show little: leaving a damage out costs more than supposing it
WIDE = 1.8  # deviations of an interval on each side; of images like the generator's it holds nine of ten
UNKNOWN = 0.8  # deviation of a logarithm from which a value is not known
CAREFUL = 0.3  # deviations by which photons are counted low, since too many cost more than too few
LEAST_BLUR = 0.8  # sigma in pixels; less cannot be told from what JPEG does
SMALL = 48  # side of images on which the other finders see too little


def find_hidden(evidence: Evidence, network: Callable[[], DamageNetwork | None]) -> Evidence:
    """What the other finders cannot see; nothing where the image is unlike all that the network has learned."""
    is_small = min(evidence.known.shape) < SMALL
    jpeg, is_noisy = evidence.of("jpeg"), bool(evidence.of("noise") or evidence.of("gaussian"))
    if not (jpeg or is_small or is_noisy):
        return evidence
    trained = network()
    quality = None if jpeg is None else int(dict(jpeg.told)["quality"])
    guesses = None if trained is None else trained.guess(evidence, quality)
    if guesses is None:
        return evidence
    likely = LIKELIER_THAN_NOT if is_small else LIKELY
    found = [_jpeg(guesses)] if jpeg is None and guesses.chances["jpeg"] > likely else []
    if not (jpeg or is_small or found):
        return evidence
    if guesses.chances["noise"] > likely:
        found.append(_noise(guesses))
    elif guesses.chances["blur"] > LIKELY and not is_small and guesses.values["sigma"][0] > LEAST_BLUR:
        found.append(_blur(guesses))
    is_replaced = any(finding.stage == "noise" for finding in found)
    others = tuple(f for f in evidence.findings if not (is_replaced and f.stage in ("noise", "gaussian")))
    return replace(evidence, findings=(*others, *found))


def _noise(guesses: Guesses) -> Finding:
    (k_p, spread), (k_b, lost_spread) = guesses.values["k_p"], guesses.values["k_b"]
    careful = k_p * exp(-CAREFUL * spread)
    intervals = {"k_p": _interval(k_p, spread), "k_b": _interval(k_b, lost_spread)}
    why = "as in noisy images of the generator that were saved like this"
    if spread > UNKNOWN:
        why += "; its strength is uncertain"
    return Finding("noise", {"k_p": careful, "k_b": min(k_b, 0.95)}, "measured", why, intervals)


def _blur(guesses: Guesses) -> Finding:
    sigma, spread = guesses.values["sigma"]
    how: How = "measured" if spread < UNKNOWN / 2 else "guessed"
    why = "as in blurred images of the generator that were saved like this"
    return Finding("blur", {"sigma": sigma}, how, why, {"sigma": _interval(sigma, spread)})


def _jpeg(guesses: Guesses) -> Finding:
    quality, spread = guesses.values["quality"]
    why = "as in images of the generator that were JPEG files before, noise or smallness hides the steps"
    return Finding("jpeg", {"quality": round(quality)}, "measured", why, {"quality": _interval(quality, spread)})


def _interval(value: float, spread: float) -> Interval:
    return value * exp(-WIDE * spread), value * exp(WIDE * spread)
