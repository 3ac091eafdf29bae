import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from rsi import InputError, Phase, Restored, restore
from rsi.commands.main import main
from rsi.python.images import Array

TARGETS = Path(__file__).parents[2] / "examples" / "targets"
JPEG, NOISE = TARGETS / "jpeg" / "face_000.jpg", TARGETS / "noise" / "face_000.png"
SHORT: dict[str, Any] = {"schedule": [Phase("W", 2, 0.08), Phase("W+", 1, 0.02)]}


def pixels(restored: Restored[Image.Image]) -> Array:
    return np.asarray(restored.image)


def test_path_pil_image_and_file_of_rsi_fit_are_the_same_picture(tmp_path: Path) -> None:
    (tmp_path / "targets").mkdir()
    shutil.copy(JPEG, tmp_path / "targets")
    short = "model: {schedule: [{space: W, steps: 2, lr: 0.08}, {space: W+, steps: 1, lr: 0.02}]}"
    (tmp_path / "short.yaml").write_text(short)
    fit = ["fit", "--target_dir", str(tmp_path / "targets"), "--config", str(tmp_path / "short.yaml")]
    assert main([*fit, "--output_dir", str(tmp_path / "out"), "--quiet"]) == 0
    by_command = np.asarray(Image.open(tmp_path / "out" / "face_000.png"))
    assert np.array_equal(pixels(restore(JPEG, **SHORT)), by_command)
    assert np.array_equal(pixels(restore(str(JPEG), **SHORT)), by_command)
    assert np.array_equal(pixels(restore(Image.open(JPEG), **SHORT)), by_command)  # JPEG draws no random numbers


def test_strength_leads_from_the_mean_of_the_codes_to_the_codes() -> None:
    full, half, none = (restore(JPEG, strength=strength, **SHORT) for strength in (1, 0.5, 0))
    codes = full.latent["codes"]
    assert torch.allclose(none.latent["codes"], codes.mean(0).expand_as(codes), atol=1e-6)
    assert torch.allclose(half.latent["codes"], (codes + none.latent["codes"]) / 2, atol=1e-6)
    assert not np.array_equal(pixels(full), pixels(none))


def test_result_is_of_the_kind_that_came_in() -> None:
    bytes_in = np.asarray(Image.open(NOISE))
    floats_in = (bytes_in / 255).astype(np.float32)
    tensor_in = torch.from_numpy(floats_in).movedim(-1, 0)
    of_bytes, of_floats, of_tensor = (restore(some, "noise:M", **SHORT) for some in (bytes_in, floats_in, tensor_in))
    assert of_bytes.image.dtype == np.uint8
    assert of_floats.image.dtype == np.float32
    assert isinstance(of_tensor.image, torch.Tensor)
    assert of_bytes.image.shape == of_floats.image.shape == (128, 128, 3)
    assert np.array_equal(of_bytes.image, np.asarray(Image.fromarray((of_floats.image * 255).round().astype(np.uint8))))
    torch.testing.assert_close(of_tensor.image.movedim(0, -1).numpy(), of_floats.image)


def test_list_gives_a_list_and_places_do_not_matter() -> None:
    noisy = np.asarray(Image.open(NOISE))
    turned = noisy[:, ::-1].copy()
    alone = restore(noisy, "noise:M", **SHORT)
    first, second = restore([turned, noisy], "noise:M", **SHORT)
    assert np.array_equal(second.image, alone.image)
    assert not np.array_equal(first.image, second.image)


def test_jpegs_of_different_coding_are_restored_together(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.jpg", "b.jpg", "c.jpg")]
    for path, subsampling in zip(paths, (0, 2, 0), strict=True):
        Image.open(JPEG).save(path, quality=12, subsampling=subsampling)
    restored = restore(paths, **SHORT)
    assert [one.parameters["sampling"] for one in restored] == ["4:4:4", "4:2:0", "4:4:4"]
    assert np.array_equal(pixels(restored[2]), pixels(restore(paths[2], **SHORT)))


def test_all_that_is_known_of_a_result() -> None:
    restored = restore(JPEG, samples=2, **SHORT)
    assert restored.name == "face_000.jpg"
    assert list(restored.phases) == ["W", "W+"]
    assert np.array_equal(np.asarray(restored.phases["W+"]), pixels(restored))
    assert restored.latent["codes"].shape == (12, 128)
    assert restored.fidelity > 0
    assert restored.fidelity_map.shape == (128, 128)
    assert restored.parameters == {"quality": 12, "sampling": "4:2:0"}
    (other,) = restored.samples
    assert not np.array_equal(pixels(other), pixels(restored))
    assert restored._repr_png_().startswith(b"\x89PNG")
    assert restored.comparison().width > 3 * 128


def test_mask_is_a_picture_an_array_or_a_file(tmp_path: Path) -> None:
    clean = np.asarray(Image.open(TARGETS.parent / "clean" / "face_000.png").convert("RGB"))
    known = np.ones((128, 128), bool)
    known[40:80, 40:80] = False
    Image.fromarray(known).save(tmp_path / "mask.png")
    spoilt = np.where(known[..., None], clean, 99).astype(np.uint8)
    masks = (known, Image.fromarray(known), tmp_path / "mask.png")
    images = [restore(spoilt, "inpaint", mask=mask, **SHORT).image for mask in masks]
    assert np.array_equal(images[0], images[1])
    assert np.array_equal(images[0], images[2])
    with pytest.raises(InputError, match="a mask is for one image"):
        restore([spoilt, spoilt], "inpaint", mask=known, **SHORT)


def test_second_call_keeps_the_networks_and_another_degradation_shares_them() -> None:
    first = restore(JPEG, **SHORT)
    again = restore(NOISE, "noise:M", **SHORT)
    assert first.parameters != again.parameters
    assert np.array_equal(pixels(restore(JPEG, **SHORT)), pixels(first))


def test_folder_is_restored_as_rsi_fit_does(tmp_path: Path) -> None:
    (tmp_path / "targets").mkdir()
    shutil.copy(JPEG, tmp_path / "targets")
    (tmp_path / "short.yaml").write_text("model: {schedule: [{space: W, steps: 1, lr: 0.08}]}")
    options: dict[str, Any] = {"config": str(tmp_path / "short.yaml"), "batch_size": 1}
    (row,) = restore(tmp_path / "targets", "jpeg", output_dir=tmp_path / "out", **options)
    assert (row.file, row.status) == ("face_000.jpg", "restored")
    assert (tmp_path / "out" / "index.html").is_file()


@pytest.mark.parametrize(
    ("image", "settings", "message"),
    [
        (3, {}, "a int is no image: give a path"),
        (np.zeros((3, 3, 3, 3), np.uint8), {}, r"the array is \[3, 3, 3, 3\]"),
        (np.zeros((8, 8, 3), np.int32), {}, "the array is of int32"),
        (np.full((8, 8, 3), 2.0), {}, "the images have values from 2 to 2"),
        (torch.zeros(1, 3, 8, 8), {}, r"the tensor is \[1, 3, 8, 8\]"),
        (TARGETS / "jpeg", {}, "is a folder: say with output_dir where its results go"),
        ("nowhere.png", {}, "nowhere.png' cannot be read: No such file"),
        (NOISE, {}, "has no JPEG header to use"),
        (JPEG, {"samples": 0}, "samples is 0: give 1 or more"),
        (JPEG, {"strength": 2, **SHORT}, "strength is 2: give 0 to 1"),
        (JPEG, {"strength": 0.5, "output_dir": "out"}, "strength 0.5 is for images, not for a folder with output_dir"),
        (JPEG, {"method": "dip"}, 'there is no method "dip"'),
        (JPEG, {"stepz": 1}, "rsi has no such setting: .*stepz"),
    ],
)
def test_what_cannot_be_used_is_said(image: Any, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        restore(image, **settings)
