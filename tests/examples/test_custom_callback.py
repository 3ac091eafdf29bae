import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from rsi import Phase, Restoration, TargetFolder, make_trainer
from rsi.callbacks import PhaseScheduler, ResultWriter
from rsi.results.folder import ResultFolder

EXAMPLES = Path(__file__).parents[2] / "examples"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_own_callback_is_told_of_every_image(
    jpeg_folder: Path, tiny_generator: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    module = Restoration(str(tiny_generator), perceptual="embedded", schedule=[Phase("W", 2, 0.08)])
    trainer = make_trainer([PhaseScheduler(), load("custom_callback").PrintResults()])
    trainer.fit(module, datamodule=TargetFolder(str(jpeg_folder), batch_size=2))
    lines = [line for line in capsys.readouterr().out.splitlines() if "fidelity" in line]
    assert [line.partition(":")[0] for line in lines] == ["a.jpg", "b.jpg", "c.jpg"]
    assert [line[-len("after 2 steps") :] for line in lines] == ["after 2 steps"] * 3


def test_own_method_restores_a_folder(jpeg_folder: Path, tmp_path: Path) -> None:
    module = load("custom_method").PlainInversion(degradation="upsample", steps=3)
    output = str(tmp_path / "restored")
    trainer = make_trainer([PhaseScheduler(), ResultWriter(output)])
    trainer.fit(module, datamodule=TargetFolder(str(jpeg_folder), output_dir=output))
    assert [row.status for row in ResultFolder(output).rows()] == ["restored"] * 3
    losses = module.batch.terms["total"]
    assert losses.shape == (3,)
