"""Restore one face under every task and draw the pictures of the documentation: ``python make_docs_pictures.py``."""

import io
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import torch
from PIL import Image
from playwright.sync_api import sync_playwright
from torch import Tensor

from rsi.commands.main import main
from rsi.data.pictures import side_by_side, split_row, stack
from rsi.data.reading import read_picture
from rsi.degradations import (
    JPEG,
    LEVELS,
    STROKES,
    Degradation,
    Denoising,
    Downsampling,
    Inpainting,
    draw_strokes,
    parse_degradation,
    quantise,
)
from rsi.methods.loss import MultiresolutionLoss
from rsi.numerics.randomness import ImageRandom, image_seed
from rsi.numerics.size import Size
from rsi.perceptual import load_perceptual
from rsi.report.difference import colored
from rsi.results.layout import PAGE

HERE = Path(__file__).parent
PICTURES = HERE.parent / "docs" / "pictures"
TASKS = {"upsample": "upsample", "noise": "noise:M", "jpeg": "jpeg", "inpaint": "inpaint"}
FACE = "face_000"
SIDE = 160

KINDS = (
    ("blur:sigma=3", "blur:radius=4", "blur:length=13", "blur:length=13,angle=30"),
    ("gray", "gray:film=pan", "gray:film=ortho", "gray:film=blue"),
    ("sepia:strength=1", "cast:blue=0/0/.6/0", "cast:green=0/.7/0/.1", "fade:M"),
    (
        "resized:factor=4,filter=bilinear",
        "resized:factor=4,filter=bicubic",
        "resized:factor=4,filter=lanczos",
        "resized:factor=2.67",
    ),
)

Row = tuple[Sequence[Tensor], Sequence[str]]


def restore(task: str, degradation: str, folder: Path) -> Path:
    """Restore the sample target of a task; returns the folder of the results."""
    targets, results = folder / "targets" / task, folder / task
    targets.mkdir(parents=True)
    (sample,) = (HERE / "targets" / task).glob(f"{FACE}.*")
    shutil.copy(sample, targets)
    main(["fit", "--target_dir", str(targets), "--degradation", degradation, "--output_dir", str(results)])
    return results


def path_row(results: Path) -> Row:
    """Target, phases and ground truth of one face."""
    way = split_row(Image.open(results / "comparisons" / f"{FACE}.png"))
    images = [*(_pixels(picture) for _, picture in way), _clean()]
    return images, [*(caption for caption, _ in way), "ground truth"]


def fidelity_row(results: Path) -> Row:
    """Target, restoration and where they differ, of one face."""
    way = split_row(Image.open(results / "comparisons" / f"{FACE}.png"))
    difference = Image.open(results / "fidelity" / f"{FACE}.png")
    shown = Image.new("RGB", difference.size, "lightgrey")
    shown.paste(colored(difference), mask=difference.getchannel("A"))
    images = [_pixels(way[0][1]), _pixels(way[-1][1]), _pixels(shown)]
    return images, ["target", "restored", "fidelity map"]


def operator_rows() -> Iterator[Row]:
    """A clean face, the face as files have it after each degradation, and as the method's operator has it."""
    clean = _clean()
    for name, operator in _operators(clean.shape[-1]).items():
        random = ImageRandom([image_seed(FACE, 0)])
        true = operator.degrade(clean.unsqueeze(0), random)[0]
        approximate = quantise(operator(clean.unsqueeze(0), random))[0]
        yield [clean, true, approximate], ["clean", f"{name}: true", "differentiable"]


def level_rows() -> Iterator[Row]:
    """A face as files have it after each degradation at each level."""
    for name in ("upsample", "noise", "jpeg", "blur", "resized", "sepia", "fade"):
        yield _degraded({f"{name}:{level}": parse_degradation(f"{name}:{level}") for level in LEVELS})
    random, side = ImageRandom([image_seed(FACE, 0)]), _clean().shape[-1]
    holes = {level: Inpainting(draw_strokes(random, Size.square(side), STROKES[level])) for level in LEVELS}
    yield _degraded({f"strokes:{level}": holes[level] for level in LEVELS})


def kind_rows() -> Iterator[Row]:
    """A face after the degradations that are of several kinds."""
    for specs in KINDS:
        yield _degraded({spec: parse_degradation(spec) for spec in specs})


def pyramid_row() -> Row:
    """The resolutions at which the loss compares a target."""
    target = read_picture(HERE / "targets" / "jpeg" / f"{FACE}.jpg").rgb.unsqueeze(0)
    pyramid = MultiresolutionLoss(load_perceptual("embedded")).prepare(target, torch.ones_like(target[:, :1]))
    levels = [level[0] for level in pyramid.levels]
    captions = [f"{level.shape[-1]} px, perceptual" for level in levels]
    return [*levels, pyramid.smallest[0]], [*captions, f"{pyramid.smallest.shape[-1]} px, L1"]


def draw(rows: Sequence[Row], output: Path) -> None:
    """Write rows of images below each other."""
    output.parent.mkdir(parents=True, exist_ok=True)
    stack([side_by_side(images, captions, SIDE) for images, captions in rows]).save(output, quality=85, method=6)


def photograph(page: Path, output: Path) -> None:
    """Write a picture of a report page with its first image open, as Debian's chromium shows it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        window = browser.new_page(viewport={"width": 1200, "height": 720})
        window.goto(page.as_uri())
        window.locator(".card button").first.click()
        window.mouse.move(0, 0)
        screen = Image.open(io.BytesIO(window.screenshot()))
        browser.close()
    screen.convert("RGB").save(output, quality=85, method=6)


def draw_all(pictures: Path = PICTURES) -> None:
    """Write all pictures."""
    draw([*operator_rows()], pictures / "operators.webp")
    draw([*level_rows()], pictures / "levels.webp")
    draw([*kind_rows()], pictures / "kinds.webp")
    draw([pyramid_row()], pictures / "pyramid.webp")
    with tempfile.TemporaryDirectory() as folder:
        results = {task: restore(task, degradation, Path(folder)) for task, degradation in TASKS.items()}
        for task, result in results.items():
            draw([path_row(result)], pictures / f"{task}.webp")
        draw([fidelity_row(result) for result in results.values()], pictures / "fidelity.webp")
        photograph(results["jpeg"] / PAGE, pictures / "report.webp")


def _degraded(operators: Mapping[str, Degradation]) -> Row:
    random = ImageRandom([image_seed(FACE, 0)])
    images = [operator.degrade(_clean().unsqueeze(0), random)[0] for operator in operators.values()]
    return [_clean(), *images], ["clean", *operators]


def _clean() -> Tensor:
    return read_picture(HERE / "clean" / f"{FACE}.png").rgb


def _pixels(picture: Image.Image) -> Tensor:
    data = torch.frombuffer(bytearray(picture.convert("RGB").tobytes()), dtype=torch.uint8)
    return data.view(picture.height, picture.width, 3).permute(2, 0, 1) / 255


def _operators(side: int) -> dict[str, Degradation]:
    known = draw_strokes(ImageRandom([image_seed(FACE, 0)]), Size.square(side), STROKES["M"])
    return {
        "upsample": Downsampling(8),
        "noise": Denoising(24, 0.16),
        "jpeg": JPEG(12),
        "inpaint": Inpainting(known),
    }


if __name__ == "__main__":
    draw_all()
