from pathlib import Path

import pytest
import torch

from rsi.commands.main import main
from rsi.generators.files.zoo import zoo


def test_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "afhqcat.pkl").write_bytes(b"")
    assert main(["generators"]) == 0
    printed = capsys.readouterr().out
    rows = {line.split()[0]: line.split()[1:6] for line in printed.splitlines() if line}
    assert {"avatars128", *zoo()} <= rows.keys()
    assert rows["avatars128"] == ["128", "5", "0.377", "known", "yes"]
    assert rows["ffhq1024"] == ["1024", "382", "1.0", "known", "no"]
    assert rows["afhqcat512"] == ["512", "~364", "auto", "unknown", "yes"]
    assert "vgg16-397923af.pth" in printed
    assert f"kept in {tmp_path}/checkpoints" in printed
