"""Which hyper-parameters of which baseline are searched, and where."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Range:
    """Where a number is searched.

    Attributes:
        low: Its smallest value.
        high: Its largest value.
        log: Whether its logarithm is drawn uniformly.
    """

    low: float
    high: float
    log: bool = True

    def suggest(self, trial: Any, name: str) -> float:  # noqa: ANN401 - Optuna is optional
        """A value that Optuna proposes, to three significant digits."""
        value: float = trial.suggest_float(name, self.low, self.high, log=self.log)
        return float(f"{value:.3g}")


SEARCH_SPACES: Mapping[str, Mapping[str, Range]] = {
    "pulse": {"lr": Range(0.05, 3.2), "geocross_weight": Range(0.005, 0.5), "mse_floor": Range(2e-5, 2e-2)},
    "lbrgm": {"lr": Range(0.005, 0.5), "perceptual_weight": Range(0.25, 25), "agreement_weight": Range(3, 300)},
    "ddrm": {"eta": Range(0, 1, log=False), "eta_b": Range(0, 1, log=False)},
}
"""By method and argument of its class, around the defaults; RSI says that its opponents were tuned, not where."""
