from pathlib import Path

import pytest

from rsi.benchmark.methods import Method, select_methods
from rsi.benchmark.tasks import Task, select_tasks
from rsi.errors import InputError


def method(wanted: str) -> Method:
    (found,) = select_methods(wanted)
    return found


def task(wanted: str) -> Task:
    (found,) = select_tasks(wanted)
    return found


def build(wanted: str, of: str = "deartifacting:M") -> dict[str, str]:
    return method(wanted).build(task(of), generator="avatars128", perceptual="embedded").settings


def test_recipes_change_what_they_name_and_nothing_else() -> None:
    default = build("rsi")
    assert default["schedule"] == "W 150 x 0.08; W+ 150 x 0.02; W++ 150 x 0.005"
    for name, key, value in (
        ("w_only", "schedule", "W 450 x 0.08"),
        ("adam", "optimizer", "adam"),
        ("single_resolution", "loss", "single"),
        ("paper_loss", "loss", "paper"),
        ("pixel_colours", "loss", "program"),
    ):
        assert build(name) == {**default, key: value}


def test_recipe_of_the_paper_is_for_all_tasks_and_changes_what_the_product_does_otherwise() -> None:
    changed = {"loss": "paper", "keep_mask": "random", "noise_offset": "0.5"}
    assert build("paper", "denoising:M") == {**build("rsi", "denoising:M"), **changed}
    assert [every.id for every in select_tasks("single,composed") if not method("paper").takes(every)] == []


def test_recipe_fills_in_what_the_task_leaves_open(tmp_path: Path) -> None:
    (tmp_path / "darker.yaml").write_text("degradation: noise:k_p=1,offset=0.5\n")
    darker = str(tmp_path / "darker.yaml")
    assert method(darker).degradation_for(task("denoising:XL")) == "noise:k_p=6,offset=0.5,k_b=0.64"
    assert method(darker).degradation_for(task("NA")) == "noise:k_p=24,offset=0.5,k_b=0.16+jpeg"
    assert "offset=0.5" in build(darker, "denoising:S")["degradation"]


def test_other_methods_with_their_defaults_and_by_recipe(tmp_path: Path) -> None:
    (tmp_path / "long.yaml").write_text("method: lbrgm\nmodel: {steps: 900}\n")
    for wanted, kind, changed in (
        ("pulse", "pulse", {"steps": "250", "lr": "0.8"}),
        ("pulse_original", "pulse", {"steps": "100", "lr": "0.4", "keep_mask": "random"}),
        ("lbrgm", "lbrgm", {"draws": "200", "truncation": "0.8", "steps": "500", "lr": "0.05"}),
        ("lbrgm_original", "lbrgm", {"draws": "100", "truncation": "1.0", "steps": "2000", "lr": "0.1"}),
        (str(tmp_path / "long.yaml"), "lbrgm", {"draws": "200", "steps": "900"}),
    ):
        settings = build(wanted)
        assert settings.items() >= {"method": kind, "perceptual": "embedded", **changed}.items()


def test_methods_are_for_the_tasks_that_they_can_undo() -> None:
    for name in ("rsi", "pulse", "lbrgm"):
        assert [every.id for every in select_tasks("all") if not method(name).takes(every)] == []
    taken = {every.name for every in select_tasks("all") if method("ddrm").takes(every)}
    assert taken <= {every.name for every in select_tasks("ddrm")} | {"inpainting"}
    assert taken


def test_recipe_with_a_degradation_is_for_tasks_that_have_it() -> None:
    ablation = method("paper_noise")
    assert ablation.takes(task("UNAP"))
    assert not ablation.takes(task("upsampling:M"))
    assert [every.id for every in select_tasks("all") if not method("rsi").takes(every)] == []


def test_recipe_of_the_user(tmp_path: Path) -> None:
    path = tmp_path / "slow.yaml"
    path.write_text("lr_scale: 0.1\ngenerator: other.pkl\nbatch_size: 1\n")
    found = method(str(path))
    assert found.name == "slow"
    settings = found.build(task("UNAP"), generator="avatars128", perceptual="embedded").settings
    assert (settings["lr_scale"], settings["generator"]) == ("0.1", "avatars128")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.yaml", "a: [", "a.yaml is not a YAML file"),
        ("a.yaml", "just words", "a.yaml is not a recipe: give settings of rsi fit"),
        ("a.yaml", "method: dip", 'there is no method "dip": use one of rsi, pulse'),
        ("a.yaml", "degradation: {class_path: my.Blur}", "names a degradation by its class"),
        ("targets.yaml", "lr_scale: 1.0", 'the name "targets" of a method is taken'),
        ("rsi.yaml", "lr_scale: 1.0", 'the name "rsi" of a method is taken'),
    ],
)
def test_unusable_recipes(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=message):
        select_methods(f"rsi,{tmp_path / name}")


OWN = """
from typing import Any
import torch
from rsi import Restoration, RestorationMethod
from rsi.methods.generator_based import GeneratorMethod
from rsi.methods.restoration import PAPER_SCHEDULE

class Mine(Restoration):
    method = "mine"

class Bare(RestorationMethod[Any]):
    method = "bare"

class Nameless(Restoration):
    pass

class NoTask(Restoration):
    method = "no_task"
    def __init__(self, generator="avatars128"):
        super().__init__(generator)

class NoGenerator(Restoration):
    method = "no_generator"
    def __init__(self, degradation):
        super().__init__(degradation=degradation)

class Needs(Restoration):
    method = "needs"
    def __init__(self, generator, degradation, weight):
        super().__init__(generator, degradation)

class Failing(Restoration):
    method = "failing"
    def __init__(self, generator, degradation):
        super().__init__(generator, degradation)
        self.table = {}["weights"]

class Plain:
    pass
"""


@pytest.fixture
def own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"own_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    return name


def test_method_of_the_users_own(own_module: str) -> None:
    own = method(f"{own_module}.Mine")
    assert own.name == "mine"
    module = own.build(task("denoising:M"), generator="avatars128", perceptual="embedded")
    assert type(module).__name__ == "Mine"
    assert module.settings == {**build("rsi", "denoising:M"), "method": "mine"}
    assert list(module.sources) == [f"module {own_module}"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Other", r'has no class "Other": use own_\w+\.Mine or own_\w+\.Bare or'),
        ("Plain", r'Plain" is no subclass of rsi.RestorationMethod: use'),
        ("Bare", r'Bare" lacks configure_model, initial_variables, predict, prepare, resolution, take_step: give'),
        ("Nameless", r'has the name "rsi" of another method: write method = "my_method" into the class'),
        ("NoTask", r"NoTask\" takes no degradation: add them to the arguments of __init__"),
        ("NoGenerator", r"NoGenerator\" takes no generator: add them"),
        ("Needs", r"Needs\" has to be given weight: give defaults to these arguments of __init__"),
    ],
)
def test_what_a_method_of_the_users_own_lacks_is_named(own_module: str, name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        select_methods(f"rsi,{own_module}.{name}")


def test_method_of_the_users_own_that_cannot_be_made_or_found(own_module: str) -> None:
    with pytest.raises(InputError, match=r"Failing\" fails in .*own_\w+\.py, line \d+, .*: KeyError: 'weights'"):
        build(f"{own_module}.Failing")
    with pytest.raises(InputError, match=r'method "nowhere.Mine": there is no module "nowhere", neither in this'):
        select_methods("nowhere.Mine")


def test_unknown_method() -> None:
    with pytest.raises(
        InputError, match=r'there is no method "dip": use some of rsi, pulse, lbrgm, ddrm, adam, .*w_only'
    ):
        select_methods("rsi,dip")
