"""Restore a folder from Python: ``python restore_folder.py imgs/ restored/``."""

import sys

from pytorch_lightning import Trainer
from rsi.callbacks import PhaseScheduler, RestorationProgress, ResultWriter

from rsi import Restoration, TargetFolder

if __name__ == "__main__":
    target_dir, output_dir = sys.argv[1:]
    callbacks = [PhaseScheduler(), ResultWriter(output_dir), RestorationProgress()]
    trainer = Trainer(max_epochs=1, logger=False, enable_checkpointing=False, callbacks=callbacks)
    trainer.fit(Restoration(degradation="jpeg"), datamodule=TargetFolder(target_dir))
