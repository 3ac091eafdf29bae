import gc
import threading
import weakref
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from photographs import photograph
from PIL import Image

from rsi.app.holes import known_of, same_pixels, shown_copy
from rsi.app.networks import domain_of, kept_module
from rsi.app.pipeline import open_photograph
from rsi.app.run import Asked, Failed, Job, Restored, Run, Step
from rsi.app.same import commands_of, python_of
from rsi.app.sessions import Sessions
from rsi.commands.main import main
from rsi.generators import load_generator, save_generator
from rsi.methods.restoration import PAPER_SCHEDULE, Restoration

DRAWING = Path(__file__).parents[2] / "examples" / "targets" / "jpeg" / "face_000.jpg"
LEAST_EXPLAINED = 0.84
RECIPE = "model: {schedule: [{space: W, steps: 2, lr: 0.8}, {space: W++, steps: 2, lr: 0.03}]}"


@pytest.fixture
def recipe(tmp_path: Path) -> str:
    path = tmp_path / "recipe.yaml"
    path.write_text(RECIPE)
    return str(path)


def test_tells_of_every_step_and_ends_within_one_when_it_is_stopped(recipe: str) -> None:
    job = Job(open_photograph(DRAWING), "jpeg", None, Asked("avatars128", recipe))
    news = [event for event in Run([job], threading.Event()).news() if event is not None]
    assert [type(event) for event in news] == [Step] * 4 + [Restored]
    assert [(event.space, event.step, event.steps) for event in news if isinstance(event, Step)] == [
        ("W", 1, 4),
        ("W", 2, 4),
        ("W++", 3, 4),
        ("W++", 4, 4),
    ]
    left = [event.left for event in news if isinstance(event, Step)]
    assert (left[0], left[-1]) == (None, 0)
    assert all(before and before > 0 for before in left[1:-1])
    stop = threading.Event()
    steps = 0
    for event in Run([job, job], stop).news():
        steps += isinstance(event, Step)
        stop.set()
        assert not isinstance(event, Restored)
    assert steps <= 2


def test_time_that_is_left_counts_the_photographs_that_come_and_what_was_measured_of_those_before(recipe: str) -> None:
    job = Job(open_photograph(DRAWING), "jpeg", None, Asked("avatars128", recipe))
    steps = [event for event in Run([job, job], threading.Event()).news() if isinstance(event, Step)]
    left = [step.left for step in steps]
    assert left[0] is None
    assert all(seconds and seconds > 0 for seconds in left[1:])


def test_networks_are_in_memory_once(recipe: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rsi.app.networks.Restoration", partial(Restoration, perceptual="embedded"))
    again = str(tmp_path / "again.safetensors")
    save_generator(load_generator("avatars128"), Path(again))
    own, usual = weakref.ref(kept_module("avatars128", None)), [phase.steps for phase in PAPER_SCHEDULE]
    assert [phase.steps for phase in kept_module("avatars128", None).schedule] == usual
    assert kept_module("avatars128", recipe) is own()
    assert [phase.steps for phase in kept_module("avatars128", recipe).schedule] == [2, 2]
    assert kept_module("avatars128", recipe).settings["schedule"] == "W 2 x 0.8; W++ 2 x 0.03"
    assert domain_of(again).resolution == domain_of("avatars128").resolution
    gc.collect()
    assert own() is None


def test_what_fails_is_told_and_the_others_are_restored(recipe: str, tmp_path: Path) -> None:
    Image.new("RGB", (100, 90), "white").save(tmp_path / "wall.png")
    asked = Asked("avatars128", recipe)
    jobs = [
        Job(open_photograph(tmp_path / "wall.png"), "jpeg:quality=12", None, asked),
        Job(open_photograph(DRAWING), "blur:kernel=a", None, asked),
        Job(open_photograph(DRAWING), "jpeg", None, asked),
    ]
    news = [event for event in Run(jobs, threading.Event()).news() if isinstance(event, Failed | Restored)]
    assert [type(event) for event in news] == [Failed, Failed, Restored]
    assert isinstance(news[0], Failed)
    assert "no face was found in wall.png (100 x 90)" in news[0].reason


@pytest.mark.slow
def test_photograph_becomes_what_the_command_beside_it_makes(
    recipe: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photograph("astronaut").save(tmp_path / "astronaut.png")
    known = Image.new("L", (512, 512), 255)
    known.paste(0, (200, 60, 240, 90))
    opened = open_photograph(tmp_path / "astronaut.png")
    job = Job(opened, "jpeg:quality=30+inpaint", known, Asked("avatars128", recipe, strength=0.5))
    session = Sessions(tmp_path / "tabs").of("tab")
    (restored,) = (event for event in Run([job], threading.Event()).news() if isinstance(event, Restored))
    done = session.finish(restored)
    command = commands_of(job, domain_of("avatars128"))
    assert "--cut_faces" in command
    monkeypatch.chdir(done.files.everything.parent)
    assert main([*command.split()[1:], "--output_dir", "out"]) == 0
    files = done.files.picture, "out/astronaut.png"
    page, shell = (np.asarray(Image.open(file).convert("RGB")) for file in files)
    outside = np.ones((512, 512), bool)
    outside[:400, 50:400] = False
    assert np.array_equal(page[outside], np.asarray(opened.photo.picture)[outside])
    assert np.array_equal(page, shell)


def test_what_the_generator_does_not_draw_is_told(recipe: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rsi.methods.explained.LEAST_EXPLAINED", LEAST_EXPLAINED)
    photograph("astronaut").save(tmp_path / "astronaut.png")
    job = Job(open_photograph(tmp_path / "astronaut.png"), "jpeg:quality=30", None, Asked("avatars128", recipe))
    (failed,) = (event for event in Run([job], threading.Event()).news() if isinstance(event, Failed))
    assert failed.reason.startswith("this generator does not draw such pictures: choose another")


def test_photographs_that_are_dropped_together_have_damages_of_their_own(tmp_path: Path) -> None:
    session = Sessions(tmp_path / "tabs").of("tab")
    targets = DRAWING.parents[1]
    assert session.drop([str(targets / file) for file in ("jpeg/face_000.jpg", "upsample/face_003.png")]) == []
    jobs = [dropped.job(Asked("avatars128")) for dropped in session.dropped.values()]
    assert [job.degradation for job in jobs] == ["jpeg", "upsample"]


def test_python_beside_it_draws_the_same_at_any_strength(
    recipe: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Job(open_photograph(DRAWING), "jpeg", None, Asked("avatars128", recipe, strength=0.25))
    (restored,) = (event for event in Run([job], threading.Event()).news() if isinstance(event, Restored))
    program = python_of(job, domain_of("avatars128"))
    assert "strength=0.25" in program
    monkeypatch.chdir(tmp_path)
    (tmp_path / DRAWING.name).write_bytes(DRAWING.read_bytes())
    exec(program)
    assert np.array_equal(np.asarray(Image.open("face_000_restored.png")), np.asarray(restored.whole))
    full = replace(job, asked=Asked("avatars128", recipe))
    assert "strength" not in python_of(full, domain_of("avatars128"))


def test_holes_are_where_was_brushed_whatever_the_size() -> None:
    layer = Image.new("RGBA", (64, 32))
    assert known_of({"layers": []}, (128, 64)) is None
    assert known_of({"layers": [layer]}, (128, 64)) is None
    layer.paste((255, 0, 255, 255), (0, 0, 16, 8))
    known = known_of({"layers": [layer]}, (128, 64))
    assert known is not None
    assert known.size == (128, 64)
    assert known.getbbox() is not None
    assert np.array_equal(np.asarray(known) == 0, np.pad(np.ones((16, 32), bool), ((0, 48), (0, 96))))


def test_large_photographs_are_shown_small_and_small_ones_large() -> None:
    assert shown_copy(Image.new("RGB", (4000, 3000))).size == (1024, 768)
    before, after = same_pixels(Image.new("RGB", (16, 16)), Image.new("RGB", (128, 128)))
    assert before.size == after.size == (512, 512)


def test_closed_tab_ends_its_run_and_its_files_go(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path / "tabs")
    first, second = sessions.of("a"), sessions.of("b")
    alone, shared = tmp_path / "alone" / "face.jpg", tmp_path / "shared" / "face.jpg"
    for upload in (alone, shared):
        upload.parent.mkdir()
        upload.write_bytes(DRAWING.read_bytes())
    assert first.drop([str(alone), str(shared)]) == []
    assert second.drop([str(shared)]) == []
    assert [*first.dropped] == ["face.jpg", "face (2).jpg"]
    assert first.dropped["face.jpg"].opened.path.read_bytes() == DRAWING.read_bytes()
    sessions.close("a")
    assert first.stop.is_set()
    assert not first.folder.exists()
    assert not alone.exists()
    assert shared.exists()
    assert second.dropped["face.jpg"].opened.path.exists()
