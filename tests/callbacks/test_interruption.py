import signal
from pathlib import Path
from typing import Any

import pytest
from pytorch_lightning import Callback, Trainer

from rsi import Phase, Restoration, TargetFolder
from rsi.callbacks import BatchCheckpoint, Interruption, PhaseScheduler, ResultWriter
from rsi.data.batches import Step
from rsi.results.saved_batch import SavedBatch
from rsi.training.trainer import make_trainer


class Raise(Callback):
    """Sends this process a signal in the middle of a step."""

    def __init__(self, number: int, index: int) -> None:
        self.number, self.index = number, index

    def on_train_batch_start(self, trainer: Trainer, pl_module: Any, batch: Step, batch_idx: int) -> None:
        if batch.index == self.index:
            signal.raise_signal(self.number)


def fit(folder: Path, generator: Path, output: Path, *others: Callback) -> None:
    trainer = make_trainer(
        [PhaseScheduler(), ResultWriter(str(output)), BatchCheckpoint(str(output)), *others],
    )
    module = Restoration(str(generator), perceptual="embedded", schedule=[Phase("W", 6, 0.08)])
    trainer.fit(module, datamodule=TargetFolder(str(folder), output_dir=str(output)))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_the_run_after_its_step_and_nothing_is_lost(
    jpeg_folder: Path, tiny_generator: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    before = {handled: signal.getsignal(handled) for handled in (signal.SIGINT, signal.SIGTERM)}
    output = tmp_path / "out"
    with pytest.raises(SystemExit) as end:
        fit(jpeg_folder, tiny_generator, output, Raise(number, 3), Interruption())
    assert end.value.code == 128 + number
    assert f"stopped by {number.name}: the same command goes on from here" in capsys.readouterr().err
    state = SavedBatch.read(output / ".progress" / "rank-0" / "batch.safetensors")
    assert state is not None
    assert state.step == 4
    assert {handled: signal.getsignal(handled) for handled in before} == before
    fit(jpeg_folder, tiny_generator, output, Interruption())
    assert "going on at step 4 with a.jpg, b.jpg, c.jpg" in capsys.readouterr().err
    assert len(list(output.glob("*.png"))) == 3
    assert {handled: signal.getsignal(handled) for handled in before} == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_that_was_ignored_stays_ignored(
    jpeg_folder: Path, tiny_generator: Path, tmp_path: Path, number: signal.Signals
) -> None:
    before = signal.signal(number, signal.SIG_IGN)
    try:
        fit(jpeg_folder, tiny_generator, tmp_path / "out", Raise(number, 3), Interruption())
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)
    assert len(list((tmp_path / "out").glob("*.png"))) == 3
