import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import tifffile
from photographs import photograph
from PIL import Image

from rsi.commands.main import main
from rsi.photos.face_list import read_faces
from rsi.results.folder import ResultFolder
from rsi.results.records import Row
from rsi.storage.lock import FolderLock


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
    assert (
        f"{photos} has no faces.json: give the folder that rsi align has written; if it was moved, say with "
        "--aligned_dir where it is\n"
    ) in capsys.readouterr().err


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


@pytest.fixture
def one(tmp_path: Path) -> Path:
    folder = tmp_path / "one"
    folder.mkdir()
    photograph("astronaut").crop((60, 0, 400, 280)).save(folder / "a.png")
    return folder


def _align(photos: Path, to: Path, *flags: str) -> int:
    return main(["align", str(photos), "--output_dir", str(to), "--size", "64", *flags])


def _restore(aligned: Path, run: Path) -> None:
    """What a run leaves behind that paste reads, with the faces painted red."""
    folder = ResultFolder(run)
    folder.claim({"target_dir": str(aligned)}, overwrite=False)
    for file in read_faces(aligned).faces:
        sha256 = folder.save_picture(file, Image.new("RGB", (64, 64), "red"))
        folder.save_row(Row(file, "restored", file, sha256=sha256))
    folder.release()


def _paste(run: Path, photos: Path, to: Path, *flags: str) -> int:
    return main(["paste", str(run), str(photos), "--output_dir", str(to), *flags])


def test_align_replaces_nothing_that_it_did_not_write(
    tmp_path: Path, one: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    aligned = tmp_path / "aligned"
    aligned.mkdir()
    for name in ("a.png", "a_2.png"):
        (aligned / name).write_text("mine")
        assert _align(one, aligned) == 2
        assert f"{name} would be replaced, and was not written by this command" in capsys.readouterr().err
        assert [path.name for path in aligned.iterdir()] == [name]
        (aligned / name).unlink()
    (aligned / "other.png").write_text("mine")
    assert _align(one, aligned) == _align(one, aligned) == 0
    retouched = (aligned / "a.png").read_bytes() + b"changed"
    (aligned / "a.png").write_bytes(retouched)
    assert _align(one, aligned) == 2
    assert (aligned / "a.png").read_bytes() == retouched
    assert _align(one, aligned, "--overwrite") == 0
    assert Image.open(aligned / "a.png").size == (64, 64)
    assert (aligned / "other.png").read_text() == "mine"


def test_same_command_goes_on_after_a_full_disk(
    tmp_path: Path, one: Path, full_disk: Callable[[int], AbstractContextManager[None]]
) -> None:
    aligned = tmp_path / "aligned"
    assert _align(one, aligned) == 0
    before = {path.name: path.read_bytes() for path in aligned.iterdir()}
    with full_disk(6000):
        assert _align(one, aligned, "--size", "128") == 2
    assert {path.name: path.read_bytes() for path in aligned.iterdir()} == before
    assert _align(one, aligned, "--size", "128") == 0
    assert Image.open(aligned / "a.png").size == (128, 128)


def test_name_without_room_for_a_number_fails_alone(
    tmp_path: Path, one: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head = Image.open(one / "a.png")
    pair = Image.new("RGB", (2 * head.width, head.height))
    pair.paste(head, (0, 0))
    pair.paste(head, (head.width, 0))
    pair.save(one / f"{'A' * 251}.png")
    assert _align(one, tmp_path / "aligned") == 1
    told = capsys.readouterr()
    assert "A_1.png is a longer name than its file system takes: shorten it" in told.err
    assert "a.png: a.png" in told.out


def test_align_never_replaces_a_photograph(tmp_path: Path, one: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (one / "sub").mkdir()
    (one / "a.png").rename(one / "sub/a.png")
    (one / "sub/sub").mkdir()
    photograph("coffee").resize((150, 100)).save(one / "sub/sub/a.png")
    before = (one / "sub/sub/a.png").read_bytes()
    assert _align(one, one / "sub", "--overwrite") == 2
    assert "a.png is read by this command and would be replaced by it" in capsys.readouterr().err
    assert (one / "sub/sub/a.png").read_bytes() == before


def test_faces_of_two_folders_do_not_mix(tmp_path: Path, one: Path, capsys: pytest.CaptureFixture[str]) -> None:
    aligned, other = tmp_path / "aligned", tmp_path / "other"
    other.mkdir()
    (other / "a.png").write_bytes((one / "a.png").read_bytes())
    assert _align(one, aligned) == 0
    before = {path.name: path.read_bytes() for path in aligned.iterdir()}
    assert _align(other, aligned, "--overwrite") == 2
    assert f"holds the faces of {one}, not of {other}: choose another --output_dir" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in aligned.iterdir()} == before


def test_a_list_of_somebody_elses_is_replaced_only_on_demand(
    tmp_path: Path, one: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    aligned = tmp_path / "aligned"
    aligned.mkdir()
    (aligned / "faces.json").write_text("[1]")
    assert _align(one, aligned) == 2
    assert "faces.json was not written by this version of rsi align" in capsys.readouterr().err
    assert (aligned / "faces.json").read_text() == "[1]"
    assert _align(one, aligned, "--overwrite") == 0


def test_own_faces_among_the_photographs_are_passed_over(one: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        assert _align(one, one / "aligned") == 0
        assert "1 faces of 1 photographs written" in capsys.readouterr().out
    assert sorted(path.name for path in (one / "aligned").rglob("*.png")) == ["a.png"]


def test_no_face_at_all_is_not_a_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "photos/tiny.png")
    assert _align(tmp_path / "photos", tmp_path / "aligned") == 1
    told = capsys.readouterr()
    assert "no face was found in any of 1 photographs: nothing is written" in told.err
    assert "written to" not in told.out
    assert not (tmp_path / "aligned").exists()


def test_tilde_is_the_home_folder(tmp_path: Path, one: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(one)
    assert main(["align", "~/one", "--output_dir=~/aligned", "--size", "64"]) == 0
    _restore(tmp_path / "aligned", tmp_path / "run")
    assert main(["paste", "~/run", "~/one", "--output_dir=~/p", "--aligned_dir", "~/aligned"]) == 0
    assert (tmp_path / "p/a.png").exists()
    assert not (one / "~").exists()


def test_a_photograph_that_changed_is_named_and_the_others_are_pasted(
    tmp_path: Path, one: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("scaled", "mirrored"):
        (one / f"{name}.png").write_bytes((one / "a.png").read_bytes())
    _align(one, tmp_path / "aligned")
    _restore(tmp_path / "aligned", tmp_path / "run")
    photo = Image.open(one / "a.png")
    photo.resize((255, 210)).save(one / "scaled.png")
    photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(one / "mirrored.png")
    assert _paste(tmp_path / "run", one, tmp_path / "p") == 1
    told = capsys.readouterr()
    assert "failed scaled.png: it has 255x210 pixels and had 340x280 when its faces were cut out" in told.err
    assert "failed mirrored.png: it has changed since its faces were cut out" in told.err
    assert sorted(path.name for path in (tmp_path / "p").iterdir()) == ["a.png", "pasted.json"]

    old = {
        file: {"photo": face.photo, "center": face.crop.center, "right": face.crop.right}
        for file, face in read_faces(tmp_path / "aligned").faces.items()
    }
    (tmp_path / "aligned/faces.json").write_text(json.dumps(old))
    assert _paste(tmp_path / "run", one, tmp_path / "q") == 1
    assert "failed scaled.png: it has changed" in capsys.readouterr().err
    assert sorted(path.name for path in (tmp_path / "q").iterdir()) == ["a.png", "pasted.json"]


def test_paste_replaces_nothing_that_it_did_not_write(
    tmp_path: Path, one: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    aligned, run, pasted = tmp_path / "aligned", tmp_path / "run", tmp_path / "p"
    _align(one, aligned)
    _restore(aligned, run)
    pasted.mkdir()
    (pasted / "a.png").write_text("mine")
    assert _paste(run, one, pasted) == 2
    assert "a.png would be replaced, and was not written by this command" in capsys.readouterr().err
    assert (pasted / "a.png").read_text() == "mine"
    assert _paste(run, one, pasted, "--overwrite") == _paste(run, one, pasted) == 0
    for folder in (aligned, run, one):
        assert _paste(run, one, folder, "--overwrite") == 2
        assert "results would mix" in capsys.readouterr().err
    (tmp_path / "links").mkdir()
    (tmp_path / "links/a.png").symlink_to(one / "a.png")
    assert _paste(run, one, tmp_path / "links", "--overwrite") == 2
    assert "is read by this command" in capsys.readouterr().err


def test_nothing_pasted_is_not_called_written(tmp_path: Path, one: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _align(one, tmp_path / "aligned")
    (tmp_path / "run").mkdir()
    capsys.readouterr()
    assert _paste(tmp_path / "run", one, tmp_path / "p", "--aligned_dir", str(tmp_path / "aligned")) == 1
    told = capsys.readouterr()
    assert "no face is pasted: nothing is written" in told.err
    assert "written to" not in told.out
    assert not (tmp_path / "p").exists()


def test_photograph_is_the_same_whether_its_accents_are_composed_or_not(tmp_path: Path, one: Path) -> None:
    aligned, run = tmp_path / "aligned", tmp_path / "run"
    (one / "a.png").rename(one / "\u00e9.png")
    assert _align(one, aligned) == 0
    _restore(aligned, run)
    (one / "\u00e9.png").rename(one / "e\u0301.png")
    assert _paste(run, one, tmp_path / "pasted") == 0
    assert _align(one, aligned) == 0
    assert list(read_faces(aligned).faces) == ["\u00e9.png"]


def _as_older_versions_wrote_it(aligned: Path) -> None:
    entries = json.loads((aligned / "faces.json").read_text())["faces"]
    older = {name: {key: entry[key] for key in ("photo", "center", "right")} for name, entry in entries.items()}
    (aligned / "faces.json").write_text(json.dumps(older))


def test_16_bits_are_said_to_become_8(tmp_path: Path, one: Path, capsys: pytest.CaptureFixture[str]) -> None:
    deep = np.moveaxis(np.asarray(Image.open(one / "a.png")).astype(np.uint16) * 257, -1, 0)
    (one / "a.png").unlink()
    tifffile.imwrite(one / "a.tif", deep, photometric="rgb", planarconfig="separate")
    assert _align(one, tmp_path / "aligned") == 0
    _restore(tmp_path / "aligned", tmp_path / "run")
    assert _paste(tmp_path / "run", one, tmp_path / "pasted") == 0
    told = "a.tif: 1 of 1 faces pasted; its own format cannot be written again, it becomes PNG with 8 bits a channel\n"
    assert told in capsys.readouterr().out


def test_list_of_an_older_version_is_added_to(tmp_path: Path, one: Path) -> None:
    aligned = tmp_path / "aligned"
    assert _align(one, aligned) == 0
    before = read_faces(aligned)
    _as_older_versions_wrote_it(aligned)
    photograph("astronaut").crop((60, 0, 400, 290)).save(one / "b.png")
    assert _align(one, aligned) == 0
    after = read_faces(aligned)
    assert sorted(after.faces) == ["a.png", "b.png"]
    assert (after.photos, after.faces["a.png"]) == (before.photos, before.faces["a.png"])


def test_list_of_an_older_version_is_refused_where_a_face_was_changed_or_is_another_photograph_s(
    tmp_path: Path, one: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    aligned = tmp_path / "aligned"
    assert _align(one, aligned) == 0
    _as_older_versions_wrote_it(aligned)
    other = tmp_path / "other"
    other.mkdir()
    photograph("astronaut").crop((50, 0, 390, 280)).save(other / "a.png")
    whole = (aligned / "a.png").read_bytes()
    assert _align(other, aligned) == 2
    why = f"{aligned}/a.png cannot be cut out of {other}/a.png again"
    assert (
        f"faces.json was not written by this version of rsi align and cannot be added to ({why}): choose another"
        in (capsys.readouterr().err)
    )
    retouched = Image.open(aligned / "a.png")
    retouched.putpixel((3, 3), (255, 0, 0))
    retouched.save(aligned / "a.png")
    assert _align(one, aligned) == 2
    (aligned / "a.png").write_bytes(whole)
    assert _align(one, aligned) == 0


@pytest.mark.parametrize("command", ["align", "paste"])
def test_two_commands_do_not_write_to_one_folder(
    tmp_path: Path, one: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    aligned, run, output = tmp_path / "aligned", tmp_path / "run", tmp_path / "output"
    assert _align(one, aligned) == 0
    _restore(aligned, run)
    again = partial(_align, one, output) if command == "align" else partial(_paste, run, one, output)
    with FolderLock(output / ".progress" / "lock").held():
        assert again() == 2
    assert f"another run is writing to {output}: wait for it or choose another" in capsys.readouterr().err
    assert not output.exists()
    assert again() == 0
    assert not (output / ".progress").exists()
