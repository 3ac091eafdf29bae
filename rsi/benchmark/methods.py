"""The methods that the benchmark compares: recipes of ``rsi fit``."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from rsi.benchmark.tasks import Task
from rsi.commands.fit import FitCLI
from rsi.data import TargetFolder
from rsi.errors import InputError
from rsi.restoration import Restoration

DEFAULT = "rsi"
TAKEN = ("plots", "targets")  # folders beside those of the methods


@dataclass(frozen=True)
class Method:
    """A named way to restore images.

    Attributes:
        name: What it is called in tables and folders.
        recipe: A YAML file as for ``rsi fit --config``; ``None`` for the defaults. What it says of the Trainer and of
            output does not count here.
        operators: The degradation that the recipe names, by operator: its settings fill in what a task leaves open.
    """

    name: str
    recipe: Path | None
    operators: dict[str, dict[str, str]]

    def takes(self, task: Task) -> bool:
        """Whether the recipe is for such a task: it names no degradation, or one that is part of the task's."""
        return self.operators.keys() <= _parse(task.degradation).keys()

    def degradation_for(self, task: Task) -> str:
        """The task's degradation, with settings of the recipe's that the task does not give."""
        stages = {name: self.operators.get(name, {}) | given for name, given in _parse(task.degradation).items()}
        return "+".join(_join(name, settings) for name, settings in stages.items())

    def build(self, task: Task, *, generator: str, perceptual: str) -> Restoration:
        """The module that restores the task's targets, made as ``rsi fit`` makes it.

        Args:
            task: What is to be undone.
            generator: As of :class:`rsi.Restoration`; the recipe's does not count.
            perceptual: As of :class:`rsi.Restoration`; the recipe's does not count, all methods are measured with one.

        Raises:
            InputError: The recipe has settings that cannot be used.
        """
        recipe = [] if self.recipe is None else ["--config", str(self.recipe)]
        chosen = {
            "target_dir": ".",
            "degradation": self.degradation_for(task),
            "generator": generator,
            "perceptual": perceptual,
        }
        cli = FitCLI(
            Restoration,
            TargetFolder,
            args=[*recipe, *(text for key, value in chosen.items() for text in (f"--{key}", value))],
            run=False,
            save_config_callback=None,
            seed_everything_default=False,
            auto_configure_optimizers=False,
            parser_kwargs={"prog": f"rsi benchmark: method {self.name}"},
        )
        module: Restoration = cli.model
        return module


def select_methods(wanted: str) -> tuple[Method, ...]:
    """The methods that a text names.

    Args:
        wanted: ``rsi`` for the defaults, names of the recipes that come with the program, or paths of YAML files,
            joined with commas.

    Raises:
        InputError: There is no such recipe, it cannot be read, or its name is taken.
    """
    methods = [_find(word.strip()) for word in wanted.split(",")]
    names = [method.name for method in methods]
    for name in names:
        if names.count(name) > 1 or name in TAKEN:
            raise InputError(f'the name "{name}" of a method is taken: name its file otherwise')
    return tuple(methods)


def _find(word: str) -> Method:
    if word == DEFAULT:
        return Method(DEFAULT, None, {})
    path = Path(word) if word.endswith((".yaml", ".yml")) else Path(str(_shipped() / f"{word}.yaml"))
    if not path.is_file():
        known = ", ".join([DEFAULT, *sorted(recipe.stem for recipe in _shipped().glob("*.yaml"))])
        raise InputError(f'there is no method "{word}": use some of {known}, or the path of a YAML file')
    return Method(path.stem, path, _parse(_degradation_of(path)))


def _shipped() -> Path:
    return Path(str(resources.files("rsi.configs")))


def _degradation_of(path: Path) -> str:
    try:
        recipe: Any = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path} is not a YAML file: {' '.join(str(error).split())}") from None
    if not isinstance(recipe, dict):
        raise InputError(f"{path} is not a recipe: give settings of rsi fit, such as lr_scale: 1.0")
    degradation = recipe.get("degradation", "")
    if not isinstance(degradation, str):
        raise InputError(f"{path} names a degradation by its class: the benchmark's tasks have their own, leave it out")
    return degradation


def _parse(degradation: str) -> dict[str, dict[str, str]]:
    """The settings of each stage, by the names of operators; levels are left out."""
    stages = [stage.strip().partition(":") for stage in degradation.split("+") if stage.strip()]
    return {name.strip().lower(): _settings(arguments.split(",")) for name, _, arguments in stages}


def _settings(arguments: Sequence[str]) -> dict[str, str]:
    pairs = [argument.strip().partition("=") for argument in arguments if "=" in argument]
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def _join(name: str, settings: dict[str, str]) -> str:
    return f"{name}:{','.join(f'{key}={value}' for key, value in settings.items())}" if settings else name
