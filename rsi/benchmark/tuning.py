"""Searches hyper-parameters of a baseline for every task, as RSI did for its opponents."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from rsi.benchmark.grid import Grid, restore
from rsi.benchmark.measurement import Measurer
from rsi.benchmark.methods import Method
from rsi.benchmark.progress import GridProgress
from rsi.benchmark.targets import make_targets
from rsi.benchmark.tasks import Task
from rsi.benchmark.text_tables import markdown_table
from rsi.errors import InputError
from rsi.storage.atomic import atomic_path

WORST = 1e9
RANDOM_TRIALS = 5


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


@dataclass(frozen=True)
class Trial:
    """One setting that was tried on one task.

    Attributes:
        values: The arguments of the method's class.
        accuracy: Mean perceptual distance to the clean images by the judge.
    """

    values: Mapping[str, float]
    accuracy: float


def tune(grid: Grid, trials: int, measurer: Measurer) -> Path:
    """Search the settings with the best accuracy for every task of a grid with one method.

    The first trial is the method as it is, so that the outcome is never worse on these images; Optuna's tree-structured
    Parzen estimator (Bergstra et al. 2011) proposes the others. All follows from the results in the grid's folder: the
    same call goes on where it was and ends with the same recipes, one with more trials adds to them.

    Args:
        grid: Tasks, clean images for choosing, and the one method.
        trials: Settings that are tried for every task.
        measurer: Measures the accuracy.

    Returns:
        A folder with a recipe per task, which the benchmark takes as a method, and ``tuning.md``, a table.

    Raises:
        InputError: The method has no hyper-parameters to search or ``trials`` is below 1.
    """
    (method,) = grid.methods
    _check(method, trials)
    tasks = [task for task, _ in grid.runs]
    folder = grid.output / f"{method.name}_tuned"
    found: dict[str, list[Trial]] = {}
    steps = sum([method.build(task, **grid.networks).steps_per_batch for task in tasks])
    with GridProgress(trials * len(tasks), trials * steps * len(grid.clean.stems)) as progress:
        for task in tasks:
            found[task.id] = _search(grid, task, method, trials, measurer, progress)
            _write(folder / f"{task.id}.yaml", _recipe(method, _best(found[task.id]).values))
            _write_table(folder / "tuning.md", found)
    return folder


def _check(method: Method, trials: int) -> None:
    if method.kind.method not in SEARCH_SPACES:
        raise InputError(f"{method.name} has nothing to tune: use one of {', '.join(SEARCH_SPACES)} or a recipe of it")
    if trials < 1:
        raise InputError(f"trials is {trials}: it must be at least 1")


def _search(
    grid: Grid, task: Task, method: Method, trials: int, measurer: Measurer, progress: GridProgress
) -> list[Trial]:
    optuna = _optuna()
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0, n_startup_trials=RANDOM_TRIALS))
    names = make_targets(task, grid.clean, grid.targets(task))
    done: list[Trial] = []
    for number in range(trials):
        values = {} if number == 0 else _propose(study, method)
        tried = replace(method, name=f"{method.name}_trials/{number:03d}")
        recipe = grid.output / tried.name / f"{task.id}.yaml"
        _write(recipe, _recipe(method, values))
        tried = replace(tried, recipe=recipe)
        restore(grid, task, tried, names, progress)
        measured = measurer.measure(method.name, task.id, grid.targets(task), names, grid.results(task, tried))
        done.append(Trial(values, WORST if measured is None else measured.mean("accuracy")))
        if number > 0:
            study.tell(study.trials[-1].number, done[-1].accuracy)
        progress.end_run(f"{method.name} {task.id} {_in_words(values)}: accuracy {done[-1].accuracy:.3f}")
    return done


def _propose(study: Any, method: Method) -> dict[str, float]:  # noqa: ANN401 - Optuna is optional
    trial = study.ask()
    return {name: span.suggest(trial, name) for name, span in SEARCH_SPACES[method.kind.method].items()}


def _best(trials: list[Trial]) -> Trial:
    return min(trials, key=lambda trial: trial.accuracy)


def _recipe(method: Method, values: Mapping[str, float]) -> dict[str, Any]:
    given: dict[str, Any] = {} if method.recipe is None else yaml.safe_load(method.recipe.read_text())
    return {**given, "method": method.kind.method, "model": {**given.get("model", {}), **values}}


def _write(path: Path, recipe: dict[str, Any]) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(yaml.safe_dump(recipe, sort_keys=False))


def _write_table(path: Path, found: Mapping[str, list[Trial]]) -> None:
    best = {task: _best(trials) for task, trials in found.items()}
    rows = [
        (task, f"{trials[0].accuracy:.3f}", f"{best[task].accuracy:.3f}", _in_words(best[task].values))
        for task, trials in found.items()
    ]
    with atomic_path(path) as temporary:
        temporary.write_text(markdown_table(("task", "as it is", "tuned", "with"), rows) + "\n")


def _in_words(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in values.items()) or "as it is"


def _optuna() -> Any:  # noqa: ANN401 - Optuna is optional
    optuna = importlib.import_module("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
