"""The type of the fixture ``damaged``."""

from collections.abc import Callable

from rsi.estimation.evidence import Evidence

Damage = Callable[..., list[Evidence]]
"""Takes a degradation's text and a number of black strokes; gives every image damaged so."""
