"""Degradations by name, ``auto`` among them."""

from rsi.degradations import Degradation, parse_degradation

AUTO = "auto"


def degradation_named(text: str, generator: str = "avatars128", class_label: int | str | None = None) -> Degradation:
    """The degradation that a text names, ``auto`` among them.

    Args:
        text: As :func:`rsi.parse_degradation` takes it, or ``auto``.
        generator: Whose images the targets are like, for ``auto``.
        class_label: Its class, by number or ImageNet's name.

    Raises:
        InputError: See :func:`rsi.parse_degradation`.
    """
    if text != AUTO:
        return parse_degradation(text)
    from rsi.estimation.auto import EstimatedDegradation  # SciPy takes a fifth of the time that torch takes to import

    return EstimatedDegradation(generator, class_label)
