"""Runs every method on every task."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytorch_lightning import Callback, Trainer

from rsi.benchmark.clean import CleanImages
from rsi.benchmark.measurement import Measurement, Measurer
from rsi.benchmark.methods import Method
from rsi.benchmark.phase_images import PhaseImages
from rsi.benchmark.progress import GridProgress
from rsi.benchmark.targets import make_targets
from rsi.benchmark.tasks import Task
from rsi.callbacks import BatchCheckpoint, Interruption, PhaseScheduler, ResultWriter
from rsi.data import TargetFolder
from rsi.data.folder import BatchSize
from rsi.data.listing import Listing
from rsi.numerics.precision import Precision
from rsi.results.finished import Finished
from rsi.results.folder import ResultFolder
from rsi.training.trainer import make_trainer


class ChosenTargets(TargetFolder):
    """Degraded images of a folder that may hold more of them, from a run with a higher limit.

    Args:
        target_dir: The folder.
        chosen: The images' paths in it.
        batch_size: Images restored at once.
        output_dir: Where the results go.
    """

    def __init__(self, target_dir: str, chosen: Sequence[str], batch_size: BatchSize, output_dir: str) -> None:
        super().__init__(target_dir, batch_size, output_dir=output_dir)
        self.names = Listing(self.target_dir, chosen=frozenset(chosen))


@dataclass(frozen=True)
class Grid:
    """Methods, tasks and what they have in common.

    Attributes:
        tasks: The tasks.
        methods: The methods.
        clean: The clean images.
        output: The folder of the benchmark.
        generator: The generator, as of :class:`rsi.Restoration`.
        perceptual: The perceptual distance of losses and of fidelity.
        batch_size: Images restored at once.
        precision: As of Lightning's Trainer.
    """

    tasks: Sequence[Task]
    methods: Sequence[Method]
    clean: CleanImages
    output: Path
    generator: str
    perceptual: str
    batch_size: int
    precision: Precision

    @property
    def runs(self) -> list[tuple[Task, Method]]:
        """What is run, in order."""
        return [(task, method) for task in self.tasks for method in self.methods if method.takes(task)]

    @property
    def networks(self) -> dict[str, str]:
        """What all methods are built with."""
        return {"generator": self.generator, "perceptual": self.perceptual}

    def targets(self, task: Task) -> Path:
        """The folder of a task's targets."""
        return self.output / "targets" / task.id

    def results(self, task: Task, method: Method) -> Path:
        """The folder of a method's results on a task."""
        return self.output / method.name / task.id


def run_grid(grid: Grid, measurer: Measurer, report: Callable[[list[Measurement]], None]) -> list[Measurement]:
    """Degrade, restore and measure; what an earlier run has finished is left as it is.

    Args:
        grid: What to run.
        measurer: Measures the results.
        report: Called with all measurements so far whenever there is another.

    Raises:
        InputError: A setting cannot be used, or results of other settings are in the folder.
    """
    measurements: list[Measurement] = []
    with GridProgress(len(grid.runs), _steps(grid)) as progress:
        for task, method in grid.runs:
            names = make_targets(task, grid.clean, grid.targets(task))
            restore(grid, task, method, names, progress)
            found = measurer.measure(method.name, task.id, grid.targets(task), names, grid.results(task, method))
            if found is not None:
                measurements.append(found)
                report(measurements)
            progress.end_run(_summary(task, method, found))
    return measurements


def restore(grid: Grid, task: Task, method: Method, names: Sequence[str], progress: GridProgress) -> None:
    """Restore the targets of a task with a method, apart from those that are finished."""
    output = grid.results(task, method)
    module = method.build(task, **grid.networks)
    module.configure_model()
    data = ChosenTargets(str(grid.targets(task)), names, grid.batch_size, str(output))
    trainer = _trainer(output, progress, grid.precision)
    folder = ResultFolder(output)
    folder.claim({**module.settings, **data.settings, "precision": str(trainer.precision)}, overwrite=False)
    folder.release()
    finished = Finished(folder, data.sources, module.sources)
    progress.start_run(f"{method.name} {task.id}")
    progress.skip(sum(map(finished.settles, names)) * module.steps_per_batch)
    if not all(name in finished for name in names):
        trainer.fit(module, datamodule=data)


def _trainer(output: Path, progress: GridProgress, precision: Precision) -> Trainer:
    callbacks: list[Callback] = [
        PhaseScheduler(),
        PhaseImages(output),
        ResultWriter(str(output)),
        BatchCheckpoint(str(output)),
        progress,
        Interruption(),
    ]
    return make_trainer(callbacks, devices=1, precision=precision)


def _steps(grid: Grid) -> int:
    """Steps of all runs, counted for each image; building every method once finds bad recipes before the first run."""
    steps = {}
    for task, method in grid.runs:
        if method.name not in steps:
            module = method.build(task, **grid.networks)
            steps[method.name] = module.steps_per_batch
    return sum(steps[method.name] for _, method in grid.runs) * len(grid.clean.stems)


def _summary(task: Task, method: Method, found: Measurement | None) -> str:
    if found is None:
        return f"{method.name} {task.id}: no image could be restored"
    return (
        f"{method.name} {task.id}: accuracy {found.mean('accuracy'):.3f}, fidelity {found.mean('fidelity'):.3f}, "
        f"PSNR {found.mean('psnr'):.1f} dB"
    )
