"""The resolved options of a run, as a file in its output folder."""

from pathlib import Path
from typing import Any

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.cli import SaveConfigCallback

from rsi.storage.atomic import atomic_path


class SavedConfig(SaveConfigCallback):
    """Writes ``config.yaml`` in the trainer's default folder, whole or not at all."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Lightning's signature
        super().__init__(*args, **{**kwargs, "save_to_log_dir": False})

    def save_config(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:  # noqa: ARG002
        """Write the file."""
        with atomic_path(Path(trainer.default_root_dir) / self.config_filename) as path:
            path.write_text(self.parser.dump(self.config, skip_none=False))
