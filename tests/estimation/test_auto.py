from pathlib import Path

import pytest
import torch
from damages import Damage
from photographs import photograph
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import rsi
from rsi.commands.main import main
from rsi.data.listing import Listed
from rsi.data.target import Target
from rsi.errors import InputError
from rsi.estimation.evidence import Array
from rsi.generators import Generator, StyleGAN2Architecture, save_generator
from rsi.numerics.randomness import ImageRandom
from rsi.numerics.size import Size
from rsi.results.folder import ResultFolder

SCHEDULE = '[{"space": "W", "steps": 2, "lr": 0.08}]'  # enough for another picture than the mean
NAMES = ("jpeg", "noise", "clean", "small")


@pytest.fixture(scope="module")
def drawings(tmp_path_factory: pytest.TempPathFactory, damaged: Damage) -> Path:
    """Drawings, each damaged in another way, as files that no test changes."""
    folder = tmp_path_factory.mktemp("drawings")
    for name, text in zip(NAMES, ("jpeg:quality=12", "noise:k_p=23.9,k_b=0.16", "", "upsample:factor=4"), strict=True):
        save(damaged(text)[0].pixels, folder / f"{name}.png")
    return folder


def save(pixels: Array, path: Path, said: PngInfo | None = None) -> None:
    Image.fromarray(pixels.astype("uint8").transpose(1, 2, 0)).save(path, pnginfo=said)


def fit(folder: Path, output: Path, *flags: str) -> dict[str, str]:
    command = ["fit", str(folder), "--model.schedule", SCHEDULE, "--output_dir", str(output), "--report", "false"]
    assert main([*command, *flags]) == 0
    return parameters(output)


def parameters(output: Path) -> dict[str, str]:
    return {row.file: row.parameters for row in ResultFolder(output).rows()}


@pytest.fixture(scope="module")
def together(drawings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The drawings, restored by their own findings in one batch."""
    output = tmp_path_factory.mktemp("together")
    fit(drawings, output, "--degradation", "auto")
    return output


@pytest.fixture(scope="module")
def alone(drawings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The drawings, restored by their own findings one by one."""
    output = tmp_path_factory.mktemp("alone")
    fit(drawings, output, "--degradation", "auto", "--batch_size", "1")
    return output


def read(path: Path) -> Target:
    """A picture as rsi fit with the embedded generator reads it for auto."""
    image, folder = Listed(path.name, path.stem), rsi.TargetFolder(str(path.parent))
    return folder.reader.read(image, resolution=Size.square(128), factor=None, finds_damage=True)


def test_every_target_has_its_own_damages(together: Path) -> None:
    found = parameters(together)
    assert found["clean.png"] == "found=nothing factor=1"
    assert found["jpeg.png"].startswith("found=jpeg:quality=12 known=exact quality=12")
    assert found["noise.png"].startswith("found=noise:k_p=2")
    assert "factor=4" in found["small.png"]


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_of_different_damages_is_its_single_images(name: str, together: Path, alone: Path) -> None:
    assert (together / f"{name}.png").read_bytes() == (alone / f"{name}.png").read_bytes()


def test_what_is_exact_is_restored_as_if_it_had_been_said(drawings: Path, alone: Path, tmp_path: Path) -> None:
    fit(drawings / "jpeg.png", tmp_path, "--degradation", "jpeg:quality=12")
    assert (tmp_path / "jpeg.png").read_bytes() == (alone / "jpeg.png").read_bytes()


def test_targets_are_like_the_class_of_a_conditional_generator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rsi.estimation.training.EPOCHS", 1)
    sizes = StyleGAN2Architecture(
        8, c_dim=3, w_dim=8, img_resolution=32, mapping_layers=2, channel_base=256, channel_max=16
    )
    save_generator(Generator(sizes), tmp_path / "conditional.safetensors")
    picture = photograph("chelsea").resize((32, 32))
    options = {"generator": str(tmp_path / "conditional.safetensors"), "perceptual": "embedded", "class_label": 1}
    restored = rsi.restore(picture, "auto", schedule=[rsi.Phase("W", 1, 0.1)], **options)
    assert "found" in restored.parameters


def test_photons_are_taken_off_what_was_found_as_off_what_is_said(drawings: Path) -> None:
    target = read(drawings / "noise.png")
    brightness = []
    for offset in (0.0, 5.0):
        module = rsi.Restoration(degradation="auto", noise_offset=offset, keep_mask="random")
        module.configure_model()
        bound = module.bind([target], target.image[None])
        brightness.append(bound(torch.full((1, 3, 128, 128), 0.8), ImageRandom([0], "test")).mean())
    assert brightness[1] < brightness[0] - 0.1


def test_what_a_file_says_is_undone_unless_it_names_programs(
    damaged: Damage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = PngInfo()
    said.add_text("rsi:degradation", "gaussian:sigma=0.1")
    save(damaged("")[0].pixels, tmp_path / "clean.png", said)
    found = fit(tmp_path / "clean.png", tmp_path / "out", "--degradation", "auto")
    assert found["clean.png"].startswith("said=gaussian:sigma=0.1 sigma=0.1")
    said.add_text("rsi:degradation", "os.path.Blur")
    save(damaged("upsample:factor=4")[0].pixels, tmp_path / "small.png", said)
    names = ["fit", str(tmp_path / "small.png"), "--degradation", "auto", "--output_dir", str(tmp_path / "not")]
    assert main(names) == 1
    assert "'os.path.Blur' is not known here" in capsys.readouterr().err


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A photograph of no generator's size that was saved as JPEG once, as that file and as a PNG."""
    folder = tmp_path / "odd"
    folder.mkdir()
    photograph("chelsea").resize((203, 171)).save(folder / "file.jpg", quality=20)
    Image.open(folder / "file.jpg").save(folder / "later.png")
    return folder


def test_a_large_picture_is_cropped_to_the_centre_and_its_jpeg_is_found_as_before(odd: Path, tmp_path: Path) -> None:
    found = fit(odd, tmp_path / "auto", "--degradation", "auto")
    assert found["file.jpg"] == "found=jpeg known=read quality=20 sampling=4:2:0"
    assert found["later.png"] == "found=jpeg:quality=20 known=exact quality=20 sampling=4:2:0"
    fit(odd / "file.jpg", tmp_path / "said", "--degradation", "jpeg")
    assert (tmp_path / "auto/file.png").read_bytes() == (tmp_path / "said/file.png").read_bytes()


def test_a_picture_is_searched_as_a_whole_before_it_is_cropped(tmp_path: Path) -> None:
    enlarged = photograph("coffee").resize((150, 100)).resize((420, 280), Image.Resampling.BICUBIC)
    enlarged.save(tmp_path / "a.png")
    target = read(tmp_path / "a.png")
    assert rsi.Restoration(degradation="auto").degradation.bind([target], Size.square(128)).read_parameters(0) == {
        "found": "resized:factor=2.8,filter=bicubic",
        "known": "exact",
        "resized_factor": 2.8,
        "resized_filter": "bicubic",
    }


@pytest.mark.parametrize(("corner", "hidden"), [((0, 0), 0), ((130, 90), 30 * 30)])
def test_holes_count_where_the_picture_is_kept(corner: tuple[int, int], hidden: int, tmp_path: Path) -> None:
    picture = photograph("coffee").resize((200, 150))
    picture.paste("black", (*corner, corner[0] + 30, corner[1] + 30))
    picture.save(tmp_path / "a.png")
    target = read(tmp_path / "a.png")
    bound = rsi.Restoration(degradation="auto").degradation.bind([target], Size.square(128))
    assert ("inpaint" in str(bound.read_parameters(0)["found"])) == bool(hidden)
    assert (bound(torch.ones(1, 3, 128, 128), ImageRandom([0], "test")) == 0).sum() == 3 * hidden


def test_a_small_picture_has_to_divide_the_generators_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photograph("chelsea").resize((100, 90)).save(tmp_path / "a.png")
    command = ["fit", str(tmp_path / "a.png"), "--degradation", "auto", "--output_dir", str(tmp_path / "out")]
    assert main(command) == 1
    assert "(100x90): 90 does not divide the generator's 128, resize it to one of" in capsys.readouterr().err


def test_it_needs_targets() -> None:
    with pytest.raises(InputError, match="auto finds damages in targets: bind it to some"):
        rsi.Restoration(degradation="auto").degradation(torch.zeros(1, 3, 8, 8), None)
