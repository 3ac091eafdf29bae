"""The mean of approximations beside that of the true operators, for every task of the benchmark."""

from pathlib import Path

import pytest
import torch

from rsi.benchmark.targets import write_target
from rsi.benchmark.tasks import Task, select_tasks
from rsi.data.reading import read_picture
from rsi.data.target_reader import read_target
from rsi.degradations import parse_degradation
from rsi.degradations.kept_pixels import with_kept_pixels
from rsi.numerics.randomness import ImageRandom, image_seed
from rsi.numerics.size import Size

FACES = sorted((Path(__file__).parents[2] / "examples" / "clean").glob("*.png"))
DRAWS = 16
GREY_LEVEL = 1 / 255


@pytest.mark.parametrize("task", select_tasks("single,composed,further"), ids=lambda task: task.id)
def test_approximations_are_as_bright_as_files(tmp_path: Path, task: Task) -> None:
    biases = [bias(task, face, tmp_path) for face in FACES]
    few_pixels = task.id in ("upsampling-XL", "UNA-M", "UNAP-M")  # 16 without noise, 256 with noise that JPEG spreads
    assert abs(sum(biases)) / len(biases) < (4 if few_pixels else 1.5) * GREY_LEVEL


def bias(task: Task, face: Path, folder: Path) -> float:
    """How much brighter the approximation draws a face than its target is, averaged over pixels."""
    clean = read_picture(face).rgb
    write_target(task, clean, face.stem, folder / (face.stem + task.suffix))
    operator = parse_degradation(task.degradation)
    target = read_target(folder, face.stem + task.suffix, resolution=Size.of(clean), factor=operator.factor)
    observed = (target.image * target.known).unsqueeze(0)
    bound = with_kept_pixels(operator.bind([target], Size.of(clean)), observed)
    draws = DRAWS if "noise" in task.degradation else 1
    randoms = [ImageRandom([image_seed(face.stem, 0)], f"draw {draw}") for draw in range(draws)]
    drawn = torch.stack([bound(clean.unsqueeze(0), random) * target.known for random in randoms]).mean(0)
    return float((drawn - observed).mean())
