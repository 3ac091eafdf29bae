import json
from pathlib import Path

import numpy as np
import pytest
from photographs import photograph
from PIL import Image

from rsi.commands.main import main


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    astronaut = photograph("astronaut").crop((60, 0, 400, 280))
    sideways = astronaut.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6
    sideways.save(folder / "phone.jpg", quality=95, exif=exif)
    photograph("coffee").resize((150, 100)).save(folder / "coffee.png")
    (folder / "broken.png").write_bytes(b"no picture")
    return folder


def test_faces_are_cut_out_restored_and_put_back(
    tmp_path: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    aligned, restored, pasted = (tmp_path / name for name in ("aligned", "restored", "pasted"))
    assert main(["align", str(photos), "--output_dir", str(aligned), "--size", "128"]) == 1
    told = capsys.readouterr()
    assert "phone.jpg: phone.png" in told.out
    assert "coffee.png: no face found" in told.out
    assert "failed broken.png" in told.err
    assert sorted(path.name for path in aligned.iterdir()) == ["faces.json", "phone.png"]
    assert Image.open(aligned / "phone.png").size == (128, 128)

    config = str(Path(__file__).parents[1] / "conf" / "short.yaml")
    fit = ["fit", "--config", config, "--target_dir", str(aligned), "--output_dir", str(restored)]
    assert main([*fit, "--degradation", "noise:M"]) == 0
    assert main(["paste", str(restored), str(photos), "--output_dir", str(pasted)]) == 0
    assert "phone.jpg: 1 of 1 faces pasted" in capsys.readouterr().out
    result, photo = Image.open(pasted / "phone.png"), Image.open(photos / "phone.jpg")
    upright = np.asarray(photo.transpose(Image.Transpose.ROTATE_270), float)
    changed = np.abs(np.asarray(result, float) - upright).max(-1) > 8
    assert result.size == (340, 280)
    assert 0.1 < changed.mean() < 0.5


def test_a_small_face_is_said_to_be_small(tmp_path: Path, photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["align", str(photos), "--output_dir", str(tmp_path / "aligned"), "--size", "1024"])
    assert "--size 128 and --degradation upsample" in capsys.readouterr().out


def test_mistakes_are_named(tmp_path: Path, photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["align", str(photos), "--output_dir", str(photos)]) == 2
    assert "would mix with the photographs" in capsys.readouterr().err
    assert main(["paste", str(tmp_path / "nothing"), str(photos)]) == 2
    assert "is not the folder of a run: give the --output_dir of rsi fit" in capsys.readouterr().err
    run = tmp_path / "run"
    run.mkdir()
    (run / "settings.json").write_text(json.dumps({"target_dir": str(photos)}))
    assert main(["paste", str(run), str(photos)]) == 2
    assert "has no faces.json: give the folder that rsi align has written" in capsys.readouterr().err


def test_a_face_that_is_not_restored_and_a_photograph_elsewhere_are_said(
    tmp_path: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, aligned = tmp_path / "run", tmp_path / "aligned"
    for folder in (run, aligned):
        folder.mkdir()
    faces = {
        "a.png": {"photo": "coffee.png", "center": [5, 5], "right": [4, 0]},
        "b.png": {"photo": "../secret.png", "center": [5, 5], "right": [4, 0]},
    }
    (aligned / "faces.json").write_text(json.dumps(faces))
    assert (
        main(["paste", str(run), str(photos), "--aligned_dir", str(aligned), "--output_dir", str(tmp_path / "p")]) == 1
    )
    told = capsys.readouterr().err
    assert "failed coffee.png: none of its faces is restored" in told
    assert f"failed ../secret.png: it is not in {photos}" in told
    (aligned / "faces.json").write_text("{")
    assert main(["paste", str(run), str(photos), "--aligned_dir", str(aligned)]) == 2
    assert "faces.json is damaged: run rsi align again" in capsys.readouterr().err
