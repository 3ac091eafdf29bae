"""Restore a folder from Python: ``python restore_folder.py imgs/ restored/``."""

import sys

from rsi import Restoration, TargetFolder, make_trainer
from rsi.callbacks import PhaseScheduler, RestorationProgress, ResultWriter

if __name__ == "__main__":
    target_dir, output_dir = sys.argv[1:]
    trainer = make_trainer([PhaseScheduler(), ResultWriter(output_dir), RestorationProgress()])
    trainer.fit(Restoration(degradation="jpeg"), datamodule=TargetFolder(target_dir))
