import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from photographs import photograph
from PIL import Image, ImageCms
from PIL.JpegImagePlugin import JpegImageFile

from rsi.commands.main import main
from rsi.generators import Generator, StyleGAN2Architecture, save_generator

SHORT = str(Path(__file__).parents[1] / "conf" / "short.yaml")
CLEAN = Path(__file__).parents[2] / "examples/clean"
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.fixture(scope="module")
def faces256(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random generator of 256 px that says it draws aligned faces."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        generator = Generator(StyleGAN2Architecture(8, 0, 8, 256, 2, channel_base=512, channel_max=16))
    generator.info = replace(generator.info, draws_aligned_faces=True, lr_scale=1.0)
    path = tmp_path_factory.mktemp("faces") / "faces256.safetensors"
    save_generator(generator, path)
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """The astronaut as a telephone stores her, a cup, a pair, and a file that is no picture."""
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    astronaut, exif = photograph("astronaut").crop((60, 0, 400, 280)), Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Camera"
    sideways = astronaut.transpose(Image.Transpose.ROTATE_90)
    sideways.save(folder / "phone.jpg", quality=90, exif=exif, icc_profile=SRGB, dpi=(300, 300))
    photograph("coffee").resize((150, 100)).save(folder / "sub/coffee.png")
    pair = Image.new("RGB", (600, 240))
    head = photograph("astronaut").crop((80, 20, 380, 260))
    pair.paste(head, (300, 0))
    pair.paste(head.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (0, 0))
    pair.save(folder / "pair.png", dpi=(72, 72))
    (folder / "broken.png").write_bytes(b"no picture")
    return folder


def _restore(photos: Path, to: Path, generator: Path, *flags: str) -> int:
    fixed = ["--config", SHORT, "--perceptual", "embedded", "--generator", str(generator), "-o", str(to)]
    return main(["restore", str(photos), *fixed, *flags])


def _inside(photo: Image.Image, result: Image.Image) -> np.ndarray:
    changed: np.ndarray = (np.asarray(photo) != np.asarray(result)).any(-1)
    return changed


def test_faces_are_restored_and_everything_else_stays(
    tmp_path: Path, photos: Path, faces256: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert _restore(photos, out, faces256, "--degradation", "noise:M") == 1
    told = capsys.readouterr()
    assert "failed broken.png" in told.err
    assert "sub/coffee.png: no face found, it is copied" in told.err
    assert "the rest of every photograph stays as it is" in told.err
    assert (out / "sub/coffee.png").read_bytes() == (photos / "sub/coffee.png").read_bytes()
    for folder in ("cut", "restored", "comparisons"):
        assert sorted(path.name for path in (out / folder).iterdir()) == ["pair_1.png", "pair_2.png", "phone.png"]

    pair = Image.open(out / "pair.png")
    changed = _inside(Image.open(photos / "pair.png"), pair)
    assert 0.05 < changed[:, :300].mean() < 0.4
    assert 0.05 < changed[:, 300:].mean() < 0.4
    assert not changed[:, 280:320].any()
    assert not changed[:25].any()
    assert round(pair.info["dpi"][0]) == 72

    phone, before = Image.open(out / "phone.jpg"), Image.open(photos / "phone.jpg")
    assert (phone.format, phone.size) == ("JPEG", (340, 280))
    assert isinstance(phone, JpegImageFile)
    assert isinstance(before, JpegImageFile)
    assert all(new <= old for new, old in zip(phone.quantization[0], before.quantization[0], strict=True))
    assert phone.info["icc_profile"] == SRGB
    assert (phone.getexif()[0x0112], phone.getexif()[0x010F]) == (1, "Camera")
    upright = np.asarray(before.transpose(Image.Transpose.ROTATE_270), int)
    coded_again = np.abs(np.asarray(phone, int) - upright)[:, 300:]  # with the same tables, on a grid that has turned
    assert coded_again.mean() < 1.5


def test_faces_of_different_damages_are_restored_together_as_each_alone(
    tmp_path: Path, photos: Path, faces256: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("broken.png", "pair.png", "phone.jpg"):
        (photos / name).unlink()
    head = photograph("astronaut").crop((100, 0, 356, 256))
    head.save(photos / "blocky.jpg", quality=10)
    grain = np.random.default_rng(0).normal(0, 25, (256, 256, 3))
    Image.fromarray((np.asarray(head) + grain).clip(0, 255).astype(np.uint8)).save(photos / "grainy.png")
    assert _restore(photos, tmp_path / "together", faces256) == 0
    cuts = [tmp_path / f"together/cut/{name}.png" for name in ("blocky", "grainy")]
    assert len({Image.open(cut).info["rsi:degradation"] for cut in cuts}) == 2
    assert [path.name for path in (tmp_path / "together/runs").iterdir()] == ["auto"]
    assert "2 restored" in capsys.readouterr().out
    for cut in cuts:
        said = Image.open(cut).info["rsi:degradation"]
        alone = tmp_path / f"alone_{cut.name}"
        flags = ("--config", SHORT, "--perceptual", "embedded", "--generator", str(faces256), "--report", "false")
        assert main(["fit", str(cut), "--degradation", said, "--output_dir", str(alone), *flags]) == 0
        assert (alone / cut.name).read_bytes() == (tmp_path / "together/runs/auto" / cut.name).read_bytes()


def test_what_is_finished_is_not_done_again_and_what_is_not_rsis_is_not_replaced(
    tmp_path: Path, photos: Path, faces256: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, flags = tmp_path / "out", ("--degradation", "noise:M", "--ext", "png", "--suffix", "_new")
    (photos / "broken.png").unlink()
    out.mkdir()
    (out / "pair_new.png").write_text("mine")
    assert _restore(photos, out, faces256, *flags) == 2
    assert "pair_new.png would be replaced, and was not written by this command" in capsys.readouterr().err
    (out / "pair_new.png").unlink()
    assert _restore(photos, out, faces256, *flags) == 0
    assert {path.name for path in out.glob("*.png")} == {"pair_new.png", "phone_new.png"}
    written = {path: path.stat().st_mtime_ns for path in out.rglob("*.png")}
    assert _restore(photos, out, faces256, *flags) == 0
    assert "finished before: 3 of 3" in capsys.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.png")} == written
    Image.open(photos / "pair.png").rotate(3).save(photos / "pair.png")
    assert _restore(photos, out, faces256, *flags) == 0
    assert "finished before: 2 of 3" in capsys.readouterr().err


def test_other_people_s_files_are_replaced_neither_by_copies_nor_by_faces(
    tmp_path: Path, photos: Path, faces256: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, flags = tmp_path / "out", ("--degradation", "noise:M", "--ext", "webp")
    (photos / "broken.png").unlink()
    for name in ("sub/coffee.png", "restored/pair_2.png"):
        (out / name).parent.mkdir(parents=True)
        (out / name).write_text("mine")
    assert _restore(photos, out, faces256, *flags) == 2
    assert "sub/coffee.png would be replaced" in capsys.readouterr().err
    (out / "sub/coffee.png").unlink()
    assert _restore(photos, out, faces256, *flags) == 1
    told = capsys.readouterr()
    assert f"failed pair.png: {out}/restored/pair_2.png would be replaced" in told.err
    assert "1 failed, 1 restored, 1 copied" in told.out
    assert (out / "restored/pair_2.png").read_text() == "mine"
    assert _restore(photos, out, faces256, *flags, "--overwrite") == 0


def test_copies_beside_the_photographs_are_the_photographs_themselves(
    tmp_path: Path, photos: Path, faces256: Path
) -> None:
    coffee = photos / "sub/coffee.png"
    before = coffee.stat()
    assert _restore(coffee, photos / "sub", faces256, "--ext", "webp") == 1
    assert (coffee.stat().st_ino, coffee.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert [path.name for path in (photos / "sub").iterdir()] == ["coffee.png"]


def test_results_beside_the_photographs_are_not_restored_again(
    photos: Path, faces256: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("broken.png", "pair.png", "sub/coffee.png"):
        (photos / name).unlink()
    monkeypatch.chdir(photos)
    flags = ("--degradation", "noise:M", "--suffix", "_new")
    assert _restore(Path(), Path(), faces256, *flags) == 0
    written = {path: path.read_bytes() for path in photos.glob("*.jpg")}
    assert sorted(path.name for path in written) == ["phone.jpg", "phone_new.jpg"]
    capsys.readouterr()
    assert _restore(Path(), photos, faces256, *flags) == 0
    assert "finished before: 1 of 1" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in photos.glob("*.jpg")} == written
    _restore(Path("phone_new.jpg"), Path(), faces256, *flags)  # what a random generator has drawn need be no face
    assert (photos / "phone_new_new.jpg").is_file()


def test_photographs_in_a_folder_of_the_name_of_one_of_rsis_own_are_named(
    tmp_path: Path, photos: Path, faces256: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    (photos / "broken.png").unlink()
    (photos / "pair.png").rename(photos / "phone.png")
    (photos / "sub").rename(photos / "Restored")
    assert _restore(photos, out, faces256, "--degradation", "noise:M") == 1
    told = capsys.readouterr()
    assert "failed Restored/coffee.png: the output folder has a folder 'Restored' of its own: rename that" in told.err
    assert "1 failed, 2 restored" in told.out
    assert not (out / "Restored/coffee.png").exists()


def test_photographs_with_too_long_names_are_named_and_the_others_restored(
    tmp_path: Path, photos: Path, faces256: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deep = photos / ("d" * 120) / ("e" * 130)
    deep.mkdir(parents=True)
    (photos / "phone.jpg").rename(deep / "phone.jpg")
    (photos / "pair.png").rename(photos / f"{'p' * 236}.png")
    (photos / "broken.png").unlink()
    assert _restore(photos, tmp_path / "out", faces256, "--degradation", "noise:M", "--suffix", "_restored") == 1
    told = capsys.readouterr()
    assert "p_restored' is longer than 243 bytes: shorten it" in told.err
    assert "1 failed, 1 restored, 1 copied" in told.out
    assert (tmp_path / "out" / deep.relative_to(photos) / "phone_restored.jpg").is_file()


def test_grey_photographs_stay_grey_and_results_among_the_photographs_are_passed_over(
    tmp_path: Path, faces256: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = tmp_path / "old"
    photos.mkdir()
    photograph("astronaut").crop((60, 0, 400, 280)).convert("L").save(photos / "old.jpg", quality=80)
    for _ in range(2):
        assert _restore(photos, photos / "out", faces256) == 0
    result = Image.open(photos / "out/old.jpg")
    assert (result.format, result.mode) == ("JPEG", "L")
    assert "finished before: 1 of 1" in capsys.readouterr().err


def test_one_face_of_several_and_a_box_that_is_drawn(
    tmp_path: Path, photos: Path, faces256: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = photos / "pair.png"
    assert _restore(pair, tmp_path / "one", faces256, "--degradation", "noise:M", "--only_center_face") == 0
    changed = _inside(Image.open(pair), Image.open(tmp_path / "one/pair.png"))
    assert changed[:, :300].any() != changed[:, 300:].any()
    box = ("--degradation", "noise:M", "--draw_box", "100,60,80,100", "--shape", "square")
    assert _restore(pair, tmp_path / "box", faces256, *box) == 0
    rows, columns = np.nonzero(_inside(Image.open(pair), Image.open(tmp_path / "box/pair.png")))
    assert (rows.min() // 4, rows.max() // 4, columns.min() // 4, columns.max() // 4) == (15, 39, 22, 47)
    assert _restore(photos, tmp_path / "box", faces256, *box) == 2
    assert "--draw_box says where a face is in one photograph" in capsys.readouterr().err


def test_faces_that_are_cut_out_already_and_pictures_of_something_else_are_taken_whole(
    tmp_path: Path, faces256: Path, tiny_generator: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    aligned = tmp_path / "aligned"
    aligned.mkdir()
    photograph("astronaut").crop((140, 20, 310, 190)).resize((256, 256)).save(aligned / "face.jpg", quality=30)
    assert _restore(aligned, tmp_path / "out", faces256, "--has_aligned", "--degradation", "jpeg") == 0
    assert Image.open(tmp_path / "out/face.jpg").size == (256, 256)
    assert not (tmp_path / "out/cut").exists()
    photograph("coffee").resize((32, 32)).save(aligned / "face.jpg", quality=30)
    assert _restore(aligned, tmp_path / "tiny", tiny_generator, "--ext", "png", "--degradation", "jpeg") == 0
    assert Image.open(tmp_path / "tiny/face.png").size == (32, 32)
    gentle = tmp_path / "gentle"
    flags = ("--ext", "png", "--degradation", "jpeg", "--strength", "0.5")
    assert _restore(aligned, gentle, tiny_generator, *flags) == 0
    whole, drawn = (np.asarray(Image.open(gentle / name)) for name in ("face.png", "restored/face.png"))
    assert np.array_equal(whole, drawn)
    assert not np.array_equal(whole, np.asarray(Image.open(tmp_path / "tiny/face.png")))
    photograph("coffee").resize((60, 40)).save(aligned / "wide.png")
    capsys.readouterr()
    assert _restore(aligned, tmp_path / "tiny", tiny_generator, "--ext", "png", "--degradation", "jpeg") == 1
    told = capsys.readouterr()
    assert "wide.png: 60x40 pixels, and this generator takes 32, 16, 8, 4 and smaller parts: it is copied" in told.err
    assert "1 copied" in told.out
    assert (tmp_path / "tiny/wide.png").read_bytes() == (aligned / "wide.png").read_bytes()


def test_cartoons_are_said_before_the_first_step_and_what_is_none_is_copied(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos, output = tmp_path / "photos", tmp_path / "out"
    photos.mkdir()
    photograph("astronaut").crop((140, 20, 310, 190)).resize((128, 128)).save(photos / "face.jpg", quality=12)
    shutil.copy(CLEAN / "face_000.png", photos / "drawing.png")
    recipe = tmp_path / "first.yaml"
    recipe.write_text("model: {schedule: [{space: W, steps: 20, lr: 0.8, final_lr: 0.2, top_level: never}]}")
    assert main(["restore", "-i", str(photos), "-o", str(output), "--config", str(recipe)]) == 0
    told = capsys.readouterr().err
    assert "avatars128 draws cartoon faces" in told
    assert "--generator ffhq1024" in told
    assert "face.jpg: this generator does not draw such pictures, it is copied" in told
    assert "drawing.png: this" not in told
    assert (output / "face.jpg").read_bytes() == (photos / "face.jpg").read_bytes()
    assert [path.name for path in (output / "restored").iterdir()] == ["drawing.png"]
    alone = ["restore", str(photos / "face.jpg"), "-o", str(tmp_path / "faces"), "--config", str(recipe), "--cut_faces"]
    assert main([*alone, "--degradation", "noise:M"]) == 1
    assert "face: this generator does not draw such pictures, it is copied" in capsys.readouterr().err
    assert (tmp_path / "faces/face.jpg").read_bytes() == (photos / "face.jpg").read_bytes()


def test_strength_draws_the_same_face_less_particularly_and_restores_nothing_anew(
    tmp_path: Path, photos: Path, faces256: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags, faces = ("--degradation", "noise:M", "--only_center_face"), []
    for strength in ("1", "0.5", "0"):
        assert _restore(photos / "phone.jpg", tmp_path, faces256, *flags, "--strength", strength) == 0
        faces.append(np.asarray(Image.open(tmp_path / "restored/phone.png"), float))
    assert capsys.readouterr().out.count("restored phone.png (loss") == 1
    half, all_of_it = (np.abs(face - faces[0]).mean() for face in faces[1:])
    assert 0 < half < all_of_it


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ("restore", "nothing is given to restore"),
        ("restore https://h/a.jpg", "is a URL or an archive: give photographs of this machine"),
        ("restore missing.jpg", "missing.jpg does not exist"),
        ("restore {coffee} --cut_faces --degradation rust -o {out}", 'unknown degradation "rust"'),
        ("restore {coffee} --draw_box 1,2,3,4 -o {out}", "these pictures are taken whole: give --cut_faces"),
        ("restore {coffee} -o {coffee}", "sub/coffee.png is a file or below one: choose another"),
    ],
)
def test_mistakes_are_named(argv: str, message: str, photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named = argv.format(coffee=photos / "sub/coffee.png", out=photos / "out")
    assert main(named.split()) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--strength=2", "2.0 is not from 0 to 1"),
        ("--draw_box=1,2,3", "'1,2,3' is no box: give x,y,width,height"),
        ("--draw_box=nan,2,3,4", "'nan,2,3,4' is no box"),
        ("--suffix=a/b", "'a/b' has a slash"),
    ],
)
def test_values_that_cannot_be_used_are_named(option: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["restore", "a.jpg", option])
    assert message in capsys.readouterr().err
