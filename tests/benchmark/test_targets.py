from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rsi.benchmark.clean import CleanImages
from rsi.benchmark.targets import make_targets, write_target
from rsi.benchmark.tasks import Task, all_tasks, select_tasks
from rsi.data.target_reader import read_target
from rsi.degradations import parse_degradation
from rsi.errors import InputError
from rsi.numerics.randomness import ImageRandom, image_seed
from rsi.numerics.size import Size

MakeFolder = Callable[[int], Path]


def task(wanted: str) -> Task:
    (found,) = select_tasks(wanted)
    return found


@pytest.fixture
def clean(clean_folder: MakeFolder) -> CleanImages:
    return CleanImages(clean_folder(32), Size.square(32))


@pytest.mark.parametrize("every", all_tasks(), ids=lambda task: task.id)
def test_targets_are_what_their_degradation_needs(every: Task, clean: CleanImages, tmp_path: Path) -> None:
    names = make_targets(every, clean, tmp_path / "targets")
    assert names == [f"{stem}{every.suffix}" for stem in ("a", "b", "sub/c")]
    degradation = parse_degradation(every.degradation)
    for name in names:
        target = read_target(tmp_path / "targets", name, resolution=Size.square(32), factor=degradation.factor, seed=0)
        bound = degradation.bind([target], Size.square(32))
        assert bound(torch.rand(1, 3, 32, 32), ImageRandom([0])).shape[1:] == target.image.shape
        assert not target.notes


def test_target_that_a_full_disk_cuts_off_is_not_taken_for_one(
    clean: CleanImages, tmp_path: Path, full_disk: Callable[[int], AbstractContextManager[None]]
) -> None:
    with full_disk(100), pytest.raises(OSError, match="File too large"):
        make_targets(task("deartifacting:M"), clean, tmp_path / "targets")
    assert list((tmp_path / "targets").iterdir()) == []


def test_same_targets_whatever_the_order_and_number(clean: CleanImages, tmp_path: Path) -> None:
    for wanted in ("UNAP", "denoising:M", "inpainting:S", "upsampling:S", "linear_noise"):
        (name,) = make_targets(task(wanted), CleanImages(clean.folder, Size.square(32), limit=1), tmp_path / wanted)
        write_target(task(wanted), clean.read("b"), "b", tmp_path / f"{wanted}-b.png")
        make_targets(task(wanted), clean, tmp_path / f"{wanted}-all")
        assert (tmp_path / wanted / name).read_bytes() == (tmp_path / f"{wanted}-all" / name).read_bytes()
        assert (tmp_path / f"{wanted}-b.png").read_bytes() == (tmp_path / f"{wanted}-all" / "b.png").read_bytes()


def test_random_numbers_are_those_of_image_and_task(clean: CleanImages, tmp_path: Path) -> None:
    image = clean.read("a")
    for stem, wanted in (("a", "inpainting:M"), ("b", "inpainting:M"), ("a", "strokes")):
        write_target(task(wanted), image, stem, tmp_path / f"{stem}-{wanted}.png")
    contents = {path.read_bytes() for path in tmp_path.glob("*-*.png")}
    assert len(contents) == 3


def test_jpeg_target_is_what_libjpeg_writes_of_the_earlier_stages(clean: CleanImages, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    write_target(task("UA"), clean.read("a"), "a", path)
    random = ImageRandom([image_seed("a", 0)], "UA-M")
    small = parse_degradation("upsample:factor=8").degrade(clean.read("a")[None], random)
    expected = parse_degradation("jpeg:quality=12").degrade(small, random)[0]
    written = Image.open(path)
    assert written.format == "JPEG"
    assert np.array_equal(np.asarray(written), (expected * 255).round().byte().permute(1, 2, 0).numpy())


def test_holes_are_transparent(clean: CleanImages, tmp_path: Path) -> None:
    write_target(task("uncropping"), clean.read("a"), "a", tmp_path / "a.png")
    pixels = np.asarray(Image.open(tmp_path / "a.png"))
    assert pixels.shape == (32, 32, 4)
    assert (pixels[:16, :16, 3] == 255).all()
    assert (pixels[16:] == 0).all()
    assert (pixels[:, 16:] == 0).all()
    kept = (clean.read("a")[:, :16, :16] * 255).round().byte().permute(1, 2, 0).numpy()
    assert np.array_equal(pixels[:16, :16, :3], kept)


def test_targets_that_are_there_are_kept(clean: CleanImages, tmp_path: Path) -> None:
    make_targets(task("denoising:M"), clean, tmp_path / "targets")
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "targets").rglob("*.png")}
    next(iter(times)).unlink()
    make_targets(task("denoising:M"), clean, tmp_path / "targets")
    changed = [path for path, time in times.items() if path.stat().st_mtime_ns != time]
    assert changed == [next(iter(times))]


def test_clean_image_of_another_size(clean_folder: MakeFolder, tmp_path: Path) -> None:
    images = CleanImages(clean_folder(64), Size.square(32))
    with pytest.raises(InputError, match=r"a.png' is 64x64, the generator makes 32x32: resize it"):
        make_targets(task("denoising:M"), images, tmp_path / "targets")


def test_changed_clean_image_is_refused(clean: CleanImages, tmp_path: Path) -> None:
    record = tmp_path / "out" / "clean.json"
    CleanImages(clean.folder, Size.square(32), limit=1).claim(record)
    clean.claim(record)
    Image.new("RGB", (32, 32)).save(clean.folder / "b.png")
    with pytest.raises(InputError, match=r"b.png' is not the image that .*out was made from: choose another"):
        clean.claim(record)


def test_limit(clean: CleanImages) -> None:
    assert CleanImages(clean.folder, Size.square(32), limit=2).stems == ("a", "b")
    with pytest.raises(InputError, match="limit is 0: it must be at least 1"):
        CleanImages(clean.folder, Size.square(32), limit=0)
