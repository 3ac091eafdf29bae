"""What a run was made with, in words."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from rsi.generators.files.zoo import ASSETS, EMBEDDED, find_by_checksum
from rsi.log import printable
from rsi.results.layout import RECIPE
from rsi.storage.fingerprint import file_sha256

METHODS = {"rsi": "RSI", "pulse": "PULSE", "lbrgm": "L-BRGM", "ddrm": "DDRM"}


def in_words(settings: Mapping[str, str], config: str) -> dict[str, str]:
    """Generator, recipe, method and degradation of a run, for a person.

    Args:
        settings: Those of ``settings.json``.
        config: The text of ``config.yaml``; empty where there is none, as of runs from Python.
    """
    options = _options(config)
    degradation = str(options.get("degradation") or settings.get("degradation", ""))
    method = settings.get("method", "")
    facts = {
        "generator": _generator(settings.get("generator", ""), str(options.get("generator") or "")),
        "recipe": "; ".join(_recipes(config)) or ("none, the options below" if config else ""),
        "method": METHODS.get(method, method),
        "degradation": degradation,
    }
    return {name: printable(fact) for name, fact in facts.items() if fact}


def _generator(checksum: str, name: str) -> str:
    """A generator's name and what it draws; of one that nobody knows the file, or the checksum."""
    for embedded, domain in EMBEDDED.items():
        if checksum == file_sha256(Path(str(ASSETS / f"{embedded}.safetensors"))):
            return f"{embedded}, the embedded one: {domain}"
    if known := find_by_checksum(checksum):
        return f"{known.name}: {known.domain}, {known.resolution} px"
    return f"{Path(name).name}, a file of its own" if name else checksum


def _recipes(config: str) -> list[str]:
    lines = (line for line in config.splitlines() if line.startswith(RECIPE))
    return [line.removeprefix(RECIPE).rstrip(".") for line in lines]


def _options(config: str) -> Mapping[str, Any]:
    try:
        options = yaml.safe_load(config)
    except yaml.YAMLError:
        return {}
    return options if isinstance(options, dict) else {}
