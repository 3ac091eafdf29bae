"""The stages of a degradation's text, see :func:`rsi.parse_degradation`, taken apart and put together."""

from collections.abc import Mapping


def settings_by_stage(degradation: str) -> dict[str, dict[str, str]]:
    """The settings of each stage, by the names of operators; levels are left out."""
    stages = [stage.strip().partition(":") for stage in degradation.split("+") if stage.strip()]
    return {name.strip().lower(): _settings(arguments) for name, _, arguments in stages}


def stage_text(name: str, settings: Mapping[str, object]) -> str:
    """A stage with its settings, such as ``noise:k_p=24,k_b=0.16``."""
    return f"{name}:{','.join(f'{key}={value}' for key, value in settings.items())}" if settings else name


def _settings(arguments: str) -> dict[str, str]:
    pairs = [argument.strip().partition("=") for argument in arguments.split(",") if "=" in argument]
    return {key.strip().lower(): value.strip() for key, _, value in pairs}
