"""Get the restored images of a folder and go on with them: ``python predict.py imgs/``."""

import sys

from pytorch_lightning import Trainer

import rsi

if __name__ == "__main__":
    (target_dir,) = sys.argv[1:]
    trainer = Trainer(logger=False)
    predictions = trainer.predict(rsi.Restoration(degradation="jpeg"), datamodule=rsi.TargetFolder(target_dir))
    for batch in predictions or ():
        for restored in batch:
            print(f"{restored.name}: {tuple(restored.image.shape)}, fidelity {restored.fidelity:.3f}")
