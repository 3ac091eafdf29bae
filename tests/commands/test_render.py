from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from rsi.commands.main import main
from rsi.generators import load_generator


@dataclass(frozen=True)
class Run:
    generator: Path
    latent: Path
    restored: Path


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, tiny_generator: Path) -> Run:
    folder = tmp_path_factory.mktemp("run")
    generator = folder / "g.safetensors"
    generator.write_bytes(tiny_generator.read_bytes())
    (folder / "imgs").mkdir()
    Image.new("RGB", (32, 32), (200, 120, 90)).save(folder / "imgs/a.jpg")
    config = Path(__file__).parents[1] / "conf" / "short.yaml"
    where = ["--target_dir", str(folder / "imgs"), "--output_dir", str(folder / "out"), "--report", "false"]
    assert main(["fit", "--generator", str(generator), "--config", str(config), *where]) == 0
    return Run(generator, folder / "out/latents/a.safetensors", folder / "out/a.png")


def _pixels(path: Path) -> torch.Tensor:
    with Image.open(path) as picture:
        return torch.tensor(list(picture.convert("RGB").tobytes()), dtype=torch.float32)


def _rewritten(latent: Path, to: Path, tensors: dict[str, torch.Tensor], drop: str = "") -> Path:
    with safe_open(latent, "pt") as file:
        facts = {name: value for name, value in file.metadata().items() if name != drop}
    save_file({**load_file(latent), **tensors}, to, facts)
    return to


def test_a_latent_gives_the_restored_image_again(finished: Run, tmp_path: Path) -> None:
    assert main(["render", str(finished.latent), str(tmp_path / "again.png")]) == 0
    assert torch.equal(_pixels(tmp_path / "again.png"), _pixels(finished.restored))


@pytest.mark.parametrize(("suffix", "kind"), [(".jpg", "JPEG"), (".JPEG", "JPEG"), (".webp", "WEBP"), (".tif", "TIFF")])
def test_the_picture_is_of_the_kind_that_its_name_says(finished: Run, tmp_path: Path, suffix: str, kind: str) -> None:
    output = tmp_path / f"again{suffix}"
    assert main(["render", str(finished.latent), str(output)]) == 0
    with Image.open(output) as picture:
        assert picture.format == kind
    assert (_pixels(output) - _pixels(finished.restored)).abs().mean() < 4


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif", ".bmp"])
def test_full_disk_leaves_no_part_of_a_picture(
    finished: Run,
    tmp_path: Path,
    suffix: str,
    full_disk: Callable[[int], AbstractContextManager[None]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    with full_disk(100):
        assert main(["render", str(finished.latent), str(tmp_path / f"again{suffix}")]) == 2
    assert f"again{suffix}: File too large: mend it and give the same command again" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["again", "again.txt", "again.gif", "again.safetensors"])
def test_a_name_of_no_picture_is_refused(
    finished: Run, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["render", str(finished.latent), str(tmp_path / name)]) == 2
    assert "does not say which picture to write: give a name that ends in .png" in capsys.readouterr().err
    assert not (tmp_path / name).exists()


def test_an_existing_file_is_replaced_only_on_demand(
    finished: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "precious.png"
    output.write_text("precious")
    assert main(["render", str(finished.latent), str(output)]) == 2
    assert "precious.png exists: give another name or --overwrite" in capsys.readouterr().err
    assert output.read_text() == "precious"
    assert main(["render", str(finished.latent), str(output), "--overwrite"]) == 0
    assert torch.equal(_pixels(output), _pixels(finished.restored))


@pytest.mark.parametrize("which", ["latent", "generator"])
def test_neither_latent_nor_generator_is_replaced(
    finished: Run, tmp_path: Path, which: str, capsys: pytest.CaptureFixture[str]
) -> None:
    copies = {"latent": tmp_path / "latent.png", "generator": tmp_path / "generator.png"}
    copies["latent"].write_bytes(finished.latent.read_bytes())
    copies["generator"].write_bytes(finished.generator.read_bytes())
    before = copies[which].read_bytes()
    arguments = [str(copies["latent"]), str(copies[which]), "--generator", str(copies["generator"])]
    assert main(["render", *arguments, "--overwrite"]) == 2
    assert f"{which}.png is read by this command and would be replaced" in capsys.readouterr().err
    assert copies[which].read_bytes() == before


def test_another_generator_is_refused_unless_it_is_meant(
    finished: Run, tmp_path: Path, noisy_generator: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["render", str(finished.latent), str(tmp_path / "again.png"), "--generator", str(noisy_generator)]
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert load_generator(finished.generator).info.sha256 in told
    assert load_generator(noisy_generator).info.sha256 in told
    assert "give the right one with --generator, or --any_generator" in told
    assert not (tmp_path / "again.png").exists()
    assert main([*arguments, "--any_generator"]) == 0


def test_a_latent_of_an_older_version_names_no_checksum_and_is_drawn(finished: Run, tmp_path: Path) -> None:
    old = _rewritten(finished.latent, tmp_path / "old.safetensors", {}, drop="generator_sha256")
    assert main(["render", str(old), str(tmp_path / "again.png")]) == 0
    assert torch.equal(_pixels(tmp_path / "again.png"), _pixels(finished.restored))


def test_numbers_that_cannot_be_drawn_are_named(
    finished: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = load_file(finished.latent)["codes"]
    broken = codes.clone()
    broken[0] = torch.nan
    cases = {
        "codes is float16, and rsi fit writes float32": {"codes": codes.half()},
        "codes is bfloat16, and rsi fit writes float32": {"codes": codes.bfloat16()},
        "codes has numbers that are not finite": {"codes": broken},
        "codes have the shape [1, 7]": {"codes": torch.zeros(7)},
        "the generator has no noise_0 of [1, 3, 3]": {"noise_0": torch.zeros(1, 3, 3)},
        "the generator has no noise_99 of [1, 1, 1]": {"noise_99": torch.zeros(1, 1, 1)},
    }
    for message, tensors in cases.items():
        latent = _rewritten(finished.latent, tmp_path / "latent.safetensors", tensors)
        assert main(["render", str(latent), str(tmp_path / "again.png")]) == 2
        assert message in capsys.readouterr().err
    assert not (tmp_path / "again.png").exists()


def test_what_is_no_latent_is_said(tmp_path: Path, tiny_generator: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text.safetensors").write_text("no latent")
    for path in (tiny_generator, tmp_path / "text.safetensors", tmp_path, tmp_path / "missing.safetensors"):
        assert main(["render", str(path), str(tmp_path / "again.png")]) == 2
        assert "is not a latent: give a .safetensors file from the latents folder" in capsys.readouterr().err


def test_a_tilde_is_the_home_folder(finished: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(finished.generator.parent))
    monkeypatch.chdir(tmp_path)
    arguments = ["~/out/latents/a.safetensors", "~/again.png", "--generator", "~/g.safetensors"]
    assert main(["render", *arguments]) == 0
    assert torch.equal(_pixels(finished.generator.with_name("again.png")), _pixels(finished.restored))
    assert not (tmp_path / "~").exists()
