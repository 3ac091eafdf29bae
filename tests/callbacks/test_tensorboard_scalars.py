import csv
from typing import Any

import pytest
import torch
from pytorch_lightning import Callback

from rsi.errors import Interrupted

TERMS = {"gradient_norm", "distance", "l1", "perceptual_32", "total"}


def values(read: Any, run: str, tag: str) -> list[tuple[int, float]]:
    return [(event.step, event.value) for event in read.Scalars(run, tag)]


class EndAt(Callback):
    """Ends a run as a signal does."""

    def __init__(self, step: int) -> None:
        self.left = step

    def on_train_batch_end(self, *args: Any) -> None:
        self.left -= 1
        if not self.left:
            raise Interrupted(130)


def test_every_phase_is_a_run_and_every_image_a_group(board: Any) -> None:
    board()
    read = board.read()
    assert set(read.Runs()) == {"logs", "logs/W", "logs/W+", "logs/W++"}
    tags = {tag for tag in read.Runs()["logs/W+"]["scalars"] if not tag.startswith("average")}
    assert tags >= {f"image {name}.jpg/{term}" for name in "abc" for term in TERMS}
    assert {tag.partition("/")[0] for tag in tags} == {f"image {name}.jpg" for name in "abc"}
    for run, steps in (("W", [0, 1, 2]), ("W+", [3, 4]), ("W++", [5, 6])):
        assert [step for step, _ in values(read, f"logs/{run}", "image c.jpg/total")] == steps


def test_last_loss_is_that_of_the_table(board: Any) -> None:
    board()
    with (board.output / "results.csv").open(newline="") as file:
        losses = {row["file"]: float(row["loss"]) for row in csv.DictReader(file)}
    read = board.read()
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        assert values(read, "logs/W++", f"image {name}/total")[-1][1] == pytest.approx(losses[name], abs=1e-5)


def test_averages_are_over_all_images_though_one_has_charts(board: Any) -> None:
    board()
    alone = [values(board.read(), "logs/W", f"image {name}.jpg/total") for name in "abc"]
    board(images=1, overwrite=True)
    read = board.read()
    assert {tag.split("/")[0] for tag in read.Runs()["logs/W"]["scalars"]} == {"image a.jpg", "average"}
    average = values(read, "logs/W", "average/total")
    assert [step for step, _ in average] == [0, 1, 2]
    expected = torch.tensor([[value for _, value in image] for image in alone]).mean(0)
    assert [value for _, value in average] == pytest.approx(expected.tolist(), rel=1e-4)


def test_step_size_and_distance_follow_the_phases(board: Any) -> None:
    board(lr_scale=1.0)
    read = board.read()
    for run, lr in (("W", 0.08), ("W+", 0.02), ("W++", 0.005)):
        step_sizes = [value for _, value in values(read, f"logs/{run}", "average/step_size")]
        assert step_sizes == pytest.approx([lr] * len(step_sizes), rel=1e-5)
        distances = [value for _, value in values(read, f"logs/{run}", "image a.jpg/distance")]
        assert distances[0] == pytest.approx(lr, rel=1e-4)
        assert distances[-1] <= lr * len(distances) * 1.001
    assert min(value for _, value in values(read, "logs/W", "image a.jpg/gradient_norm")) > 0


@pytest.mark.parametrize("step", [4, 7, 9])
def test_interrupted_run_ends_with_the_same_averages(board: Any, step: int) -> None:
    board()
    whole = board.read()
    board.output = board.output.with_name("interrupted")
    with pytest.raises(Interrupted):
        board([EndAt(step)])
    board()
    read = board.read()
    for run in ("W", "W+", "W++"):
        expected = dict(values(whole, f"logs/{run}", "average/total"))
        assert dict(values(read, f"logs/{run}", "average/total")) == pytest.approx(expected, rel=1e-5)


def test_overwriting_leaves_nothing_of_the_runs_before(board: Any) -> None:
    board()
    board(overwrite=True, lr_scale=1.0)
    read = board.read()
    step_sizes = [value for _, value in values(read, "logs/W", "average/step_size")]
    assert step_sizes == pytest.approx([0.08] * 3, rel=1e-5)
    assert len(values(read, "logs/W", "image a.jpg/total")) == 3
