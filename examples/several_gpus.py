"""Restore a folder on several devices, each with its own images: ``python several_gpus.py imgs/ restored/ 8``."""

import sys

from pytorch_lightning import Trainer

import rsi

if __name__ == "__main__":
    target_dir, output_dir, devices = sys.argv[1:]
    trainer = Trainer(strategy="independent", devices=int(devices))
    trainer.fit(rsi.Restoration(degradation="jpeg"), datamodule=rsi.TargetFolder(target_dir, output_dir=output_dir))
