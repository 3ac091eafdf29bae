"""The methods that the benchmark compares: recipes of ``rsi fit``, and classes of the user's own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from rsi.benchmark.output_folder import FOLDERS
from rsi.benchmark.own_method import build_own, find_own_method
from rsi.benchmark.stage_text import settings_by_stage, stage_text
from rsi.benchmark.tasks import Task
from rsi.degradations import parse_degradation
from rsi.degradations.own_class import is_class_path
from rsi.errors import InputError
from rsi.estimation.named import AUTO
from rsi.methods.base import RestorationMethod
from rsi.methods.generator_based import GeneratorMethod
from rsi.methods.registry import DEFAULT_METHOD, METHODS, find_method
from rsi.options.fit import FitCLI
from rsi.options.recipes import recipes


@dataclass(frozen=True)
class Method:
    """A named way to restore images.

    Attributes:
        name: What it is called in tables and folders.
        recipe: A YAML file as for ``rsi fit --config``; ``None`` for the defaults. What it says of the Trainer and of
            output does not count here.
        operators: The degradation that the recipe names, by operator: its settings fill in what a task leaves open.
        kind: The method of ``rsi fit`` that it is a recipe for, or a class of the user's own.
        tuned: Recipes of single tasks, by the task's id; where there are some, others are not taken.
    """

    name: str
    recipe: Path | None
    operators: dict[str, dict[str, str]]
    kind: type[RestorationMethod[Any]] = METHODS[DEFAULT_METHOD]
    tuned: Mapping[str, Path] = field(default_factory=dict)

    def takes(self, task: Task) -> bool:
        """Whether it is for such a task: the recipe names no degradation, or one that is part of the task's."""
        if self.tuned and task.id not in self.tuned:
            return False
        if AUTO in self.operators:
            return True
        fits = self.operators.keys() <= settings_by_stage(task.degradation).keys()
        return fits and self.kind.undoes(parse_degradation(self.degradation_for(task)))

    def degradation_for(self, task: Task) -> str:
        """The task's degradation, with settings of the recipe's that it leaves open; ``auto`` is not told it."""
        if AUTO in self.operators:
            return AUTO
        stages = settings_by_stage(task.degradation)
        return "+".join(stage_text(name, self.operators.get(name, {}) | given) for name, given in stages.items())

    def build(self, task: Task, *, generator: str, perceptual: str) -> RestorationMethod[Any]:
        """The module that restores the task's targets, made as ``rsi fit`` makes it.

        Args:
            task: What is to be undone.
            generator: As of :class:`rsi.Restoration`, for methods that have one; the recipe's does not count.
            perceptual: As of :class:`rsi.Restoration`; the recipe's does not count, all methods have the same.

        Raises:
            InputError: The recipe has settings that cannot be used, or the user's own class fails.
        """
        if self.kind not in METHODS.values():
            return build_own(self.kind, self.degradation_for(task), generator, perceptual)
        path = self.tuned.get(task.id, self.recipe)
        recipe = [] if path is None else ["--config", str(path)]
        chosen = {
            "method": self.kind.method,
            "target_dir": ".",
            "degradation": self.degradation_for(task),
            "perceptual": perceptual,
        }
        if issubclass(self.kind, GeneratorMethod):
            chosen["generator"] = generator
        cli = FitCLI(
            self.kind,
            [*recipe, *(text for key, value in chosen.items() for text in (f"--{key}", value))],
            run=False,
            save_config_callback=None,
            parser_kwargs={"prog": f"rsi benchmark: method {self.name}"},
        )
        module: RestorationMethod[Any] = cli.model
        return module


def select_methods(wanted: str) -> tuple[Method, ...]:
    """The methods that a text names.

    Args:
        wanted: Methods of ``rsi fit`` for their defaults, names of the recipes that come with the program, paths of
            YAML files, folders of recipes by task as tuning writes them, or classes such as ``my_module.MyMethod``,
            joined with commas.

    Raises:
        InputError: There is no such recipe or class, it cannot be used, or its name is taken.
    """
    methods = [_find(word.strip()) for word in wanted.split(",")]
    names = [method.name for method in methods]
    for name in names:
        if names.count(name) > 1 or name in FOLDERS:
            raise InputError(f'the name "{name}" of a method is taken: name its file or class otherwise')
    return tuple(methods)


def _find(word: str) -> Method:
    if word in METHODS:
        return Method(word, None, {}, METHODS[word])
    if Path(word).is_dir():
        return _find_tuned(Path(word))
    path = Path(word) if word.endswith((".yaml", ".yml")) else recipes().get(word)
    if path is None and is_class_path(word):
        kind = find_own_method(word)
        return Method(kind.method, None, {}, kind)
    if path is None or not path.is_file():
        known = ", ".join([*METHODS, *(name for name in recipes() if name not in METHODS)])
        raise InputError(
            f'there is no method "{word}": use some of {known}, the path of a YAML file or my_module.MyMethod'
        )
    recipe = _read(path)
    return Method(path.stem, path, settings_by_stage(_degradation_of(recipe, path)), _kind(recipe))


def _find_tuned(folder: Path) -> Method:
    by_task = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    if not by_task:
        raise InputError(f"{folder} has no recipe: give a folder that rsi benchmark --tune has written")
    return Method(folder.resolve().name, None, {}, _kind(_read(next(iter(by_task.values())))), by_task)


def _kind(recipe: dict[str, Any]) -> type[RestorationMethod[Any]]:
    return find_method(str(recipe.get("method", DEFAULT_METHOD)))


def _read(path: Path) -> dict[str, Any]:
    try:
        recipe: Any = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path} is not a YAML file: {' '.join(str(error).split())}") from None
    if not isinstance(recipe, dict):
        raise InputError(f"{path} is not a recipe: give settings of rsi fit, such as lr_scale: 1.0")
    return recipe


def _degradation_of(recipe: dict[str, Any], path: Path) -> str:
    degradation = recipe.get("degradation", "")
    if not isinstance(degradation, str):
        raise InputError(f"{path} names a degradation by its class: the benchmark's tasks have their own, leave it out")
    return degradation
