"""The resolved options of a run, as a file in its output folder."""

from pathlib import Path

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.cli import SaveConfigCallback

from rsi.callbacks import RestorationCallback, Run
from rsi.results.layout import CONFIG
from rsi.storage.atomic import atomic_path


class SavedConfig(SaveConfigCallback, RestorationCallback):
    """Writes ``config.yaml`` in the trainer's default folder, whole or not at all, once the folder is claimed."""

    _folder = Path()

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:  # noqa: ARG002
        """Settle where the file goes."""
        self._folder = Path(trainer.default_root_dir)

    def run_begins(self, run: Run) -> None:
        """Write the file."""
        if run.rank == 0:
            with atomic_path(self._folder / CONFIG) as path:
                path.write_text(self.parser.dump(self.config, skip_none=False))
