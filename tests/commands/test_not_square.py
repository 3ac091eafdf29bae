"""A generator of pictures that are twice as high as wide, from its file to all that a user gets."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from rsi.commands.main import main
from rsi.data.pictures import split_row, to_picture
from rsi.degradations import draw_strokes
from rsi.generators import Generator, StyleGAN2Architecture, load_generator, save_generator
from rsi.numerics.randomness import ImageRandom
from rsi.numerics.size import Size
from rsi.results.folder import ResultFolder

TALL = StyleGAN2Architecture(8, 0, 8, 64, 2, channel_base=512, channel_max=16, start_width=2)
SIZE = Size(height=64, width=32)
SHORT = """
perceptual: embedded
model:
  schedule:
    - {space: W, steps: 3, lr: 0.08}
    - {space: W++, steps: 2, lr: 0.005}
"""


@pytest.fixture(scope="module")
def tall(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        generator = Generator(TALL)
    path = tmp_path_factory.mktemp("tall") / "tall.safetensors"
    save_generator(generator, path)
    return path


@pytest.fixture(scope="module")
def picture(tall: Path) -> Image.Image:
    """What the generator draws."""
    generator = load_generator(tall)
    codes = torch.randn(1, 8, generator=torch.Generator().manual_seed(1))
    return to_picture(generator(codes)[0])


def fit(tall: Path, folder: Path, *flags: str) -> Path:
    (folder / "short.yaml").write_text(SHORT)
    output = folder / "out"
    given = ["--config", str(folder / "short.yaml"), "--generator", str(tall), "--output_dir", str(output)]
    assert main(["fit", str(folder / "imgs"), *given, "--trainer.accelerator", "cpu", *flags]) == 0
    return output


def save(picture: Image.Image, path: Path, **settings: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, **settings)


def with_hole(picture: Image.Image) -> Image.Image:
    known = draw_strokes(ImageRandom([0]), SIZE, 3)
    assert known.shape == (1, 1, *SIZE)
    holed = picture.copy()
    holed.putalpha(to_picture(known[0].expand(3, -1, -1)).convert("L"))
    return holed


TARGETS: dict[str, tuple[Callable[[Image.Image, Path], None], str]] = {
    "jpeg": (lambda picture, path: save(picture, path.with_suffix(".jpg"), quality=20), "jpeg"),
    "upsample": (lambda picture, path: save(picture.resize((8, 16)), path), "upsample"),
    "noise": (lambda picture, path: save(picture, path), "noise:M"),
    "inpaint": (lambda picture, path: save(with_hole(picture), path), "inpaint"),
    "padded": (lambda picture, path: save(picture.crop((0, 0, 32, 40)), path), "jpeg:quality=50"),
    "cropped": (lambda picture, path: save(picture.resize((64, 64)), path), "jpeg:quality=50"),
    "turned": (lambda picture, path: save_turned(picture, path.with_suffix(".jpg")), "jpeg"),
}


def save_turned(picture: Image.Image, path: Path) -> None:
    """A JPEG that is stored on its side, with the EXIF orientation that turns it back."""
    exif = Image.Exif()
    exif[0x0112] = 6
    save(picture.transpose(Image.Transpose.ROTATE_90), path, quality=20, exif=exif)


@pytest.mark.parametrize("name", TARGETS)
def test_every_degradation_is_undone(tall: Path, picture: Image.Image, tmp_path: Path, name: str) -> None:
    write, degradation = TARGETS[name]
    write(picture, tmp_path / "imgs/a.png")
    output = fit(tall, tmp_path, "--degradation", degradation, "--timelapse")
    (row,) = ResultFolder(output).rows()
    assert row.status == "restored"
    with Image.open(output / "a.png") as restored:
        assert restored.size == ((32, 40) if name == "padded" else (32, 64))
    with Image.open(output / "comparisons/a.png") as sheet:
        way = split_row(sheet)
    assert [caption for caption, _ in way] == ["target", "W", "W++"]
    assert {tile.size for _, tile in way} == {(32, 64)}
    with Image.open(output / "timelapses/a.webp") as film:
        assert film.size == (2 * 128 + 4, 256 + 16)
    with Image.open(output / "fidelity/a.png") as fidelity:
        assert fidelity.size == ((8, 16) if name == "upsample" else (32, 64))


def test_its_latent_is_drawn_again_and_converted(tall: Path, picture: Image.Image, tmp_path: Path) -> None:
    save(picture, tmp_path / "imgs/a.png")
    output = fit(tall, tmp_path, "--degradation", "noise:M", "--samples", "2", "--method", "rsi")
    assert main(["render", str(output / "latents/a.safetensors"), str(tmp_path / "again.png")]) == 0
    assert pixels(tmp_path / "again.png") == pixels(output / "a.png")
    with Image.open(output / "disagreement/a.png") as sheet:
        assert [tile.size for _, tile in split_row(sheet)] == [(32, 64)] * 3
    assert main(["convert", str(tall), str(tmp_path / "copy.safetensors")]) == 0
    assert load_generator(tmp_path / "copy.safetensors").architecture == TALL


def pixels(path: Path) -> bytes:
    with Image.open(path) as picture:
        return bytes(picture.convert("RGB").tobytes())


@pytest.mark.parametrize("method", ["pulse", "lbrgm"])
def test_other_methods(tall: Path, picture: Image.Image, tmp_path: Path, method: str) -> None:
    save(picture, tmp_path / "imgs/a.png")
    (tmp_path / "short.yaml").write_text("perceptual: embedded\n")
    few = {"pulse": ["--model.samples", "100"], "lbrgm": ["--model.draws", "2"]}[method]
    given = ["--config", str(tmp_path / "short.yaml"), "--generator", str(tall), "--output_dir", str(tmp_path / "out")]
    run = ["fit", str(tmp_path / "imgs"), "--method", method, *given, *few, "--model.steps", "2"]
    assert main([*run, "--degradation", "noise:M", "--trainer.accelerator", "cpu"]) == 0
    with Image.open(tmp_path / "out/a.png") as restored:
        assert restored.size == (32, 64)


@pytest.mark.parametrize(
    ("size", "flags", "message"),
    [
        ((32, 32), ["--degradation", "upsample", "--fit", "pad"], ""),
        (
            (12, 64),
            ["--degradation", "upsample"],
            "12 does not divide the generator's 32x64, resize it to one of 1x2,",
        ),
        ((64, 64), ["--degradation", "jpeg:quality=9", "--fit", "pad"], "is 64x64, larger than 32x64: use --fit crop"),
        ((32, 64), ["--degradation", "upsample:factor=5"], "factor 5 does not divide the generator's 32x64 pixels"),
    ],
)
def test_what_does_not_fit_is_said(
    tall: Path,
    tmp_path: Path,
    size: tuple[int, int],
    flags: Sequence[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    save(Image.new("RGB", size, "red"), tmp_path / "imgs/a.png")
    (tmp_path / "short.yaml").write_text(SHORT)
    given = ["--config", str(tmp_path / "short.yaml"), "--generator", str(tall), "--output_dir", str(tmp_path / "out")]
    code = main(["fit", str(tmp_path / "imgs"), *given, "--trainer.accelerator", "cpu", *flags])
    assert code == (1 if message else 0)
    assert message in capsys.readouterr().err


def test_inspect(tall: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(tall)]) == 0
    found = {line[:13].strip(): line[14:] for line in capsys.readouterr().out.splitlines()}
    assert found["resolution"] == "32x64 px"
    assert found["channels"] == "16 at 2x4, 16 at 4x8, 16 at 8x16, 16 at 16x32, 8 at 32x64"


def test_benchmark(tall: Path, picture: Image.Image, tmp_path: Path) -> None:
    for name in ("a", "b"):
        save(picture, tmp_path / f"clean/{name}.png")
    (tmp_path / "short.yaml").write_text(SHORT.replace("perceptual: embedded", ""))
    given = ["--clean_dir", str(tmp_path / "clean"), "--output_dir", str(tmp_path / "bench"), "--generator", str(tall)]
    tasks = ["--tasks", "upsampling:S,inpainting:M,uncropping:M", "--perceptual", "embedded"]
    assert main(["benchmark", *given, *tasks, "--methods", str(tmp_path / "short.yaml"), "--quiet"]) == 0
    assert "at 32x64 px" in (tmp_path / "bench/table.md").read_text()
    with Image.open(tmp_path / "bench/plots/inpainting-M.png") as sheet:
        assert sheet.size[0] == 3 * 36 - 4
