"""Restore a folder with a Trainer as it comes: ``python bare_trainer.py imgs/ restored/``."""

import sys

from pytorch_lightning import Trainer

import rsi

if __name__ == "__main__":
    target_dir, output_dir = sys.argv[1:]
    trainer = Trainer()
    trainer.fit(rsi.Restoration(degradation="jpeg"), datamodule=rsi.TargetFolder(target_dir, output_dir=output_dir))
