import importlib
from pathlib import Path

import pytest
import torch

from rsi.degradations import parse_degradation
from rsi.errors import InputError
from rsi.numerics.randomness import ImageRandom

SOUND = """
from rsi import Degradation

class Dark(Degradation):
    def __init__(self, share: float = 0.5):
        super().__init__()
        if share < 0:
            raise ValueError("share is negative")
        self.share = share

    def forward(self, x, random):
        return x * self.share

class Needs(Degradation):
    def __init__(self, share: float):
        super().__init__()

class Unready(Degradation):
    def __init__(self):
        self.layer = torch.nn.Identity()

class Chained(Degradation):
    def __init__(self):
        try:
            {}["a"]
        except KeyError as error:
            raise RuntimeError("no a") from error

class Refusing(Degradation):
    def __init__(self):
        super().__init__()
        from rsi.errors import InputError
        raise InputError("give a sigma")

class Plain:
    pass

import torch
"""


@pytest.fixture(autouse=True)
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "own_sound": SOUND,
        "own_syntax": "import torch\n\ndef f(:\n    pass\n",
        "own_import": "import a_library_not_installed\n",
        "own_failing": "import math\n\nROOT = math.sqrt(-1)\n",
        "own_deeper": "import own_failing\n",
    }
    for name, text in files.items():
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()


def test_a_class_path_is_a_degradation_alone_and_in_compositions() -> None:
    x = torch.full((1, 3, 8, 8), 0.8)
    random = ImageRandom([0])
    assert torch.equal(parse_degradation("own_sound.Dark")(x, random), x / 2)
    assert parse_degradation("own_sound.Dark + upsample:factor=2")(x, random).shape == (1, 3, 4, 4)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            "own_import.Blur",
            r"fails in .*own_import\.py, line 1, 'import a_library_not_installed': ModuleNotFound",
        ),
        ("own_syntax.Blur", r"fails in .*own_syntax\.py, line 3, 'def f\(:': SyntaxError: invalid syntax"),
        ("own_failing.Blur", r"fails in .*own_failing\.py, line 3, 'ROOT = math\.sqrt\(-1\)': ValueError: math domain"),
        ("own_deeper.Blur", r"fails in .*own_failing\.py, line 3, 'ROOT = math\.sqrt\(-1\)': ValueError: math domain"),
        ("own_sound.Unready", r"fails in .*own_sound\.py, line 20, 'self\.layer = .*': AttributeError: cannot assign"),
        ("own_sound.Chained", r"fails in .*own_sound\.py, line 27, 'raise .*': RuntimeError: no a"),
        ("own_sound.Refusing", "^give a sigma$"),
        ("own_sound.Needs", r"cannot be made: .* missing 1 required positional argument: 'share'"),
        ("own_sound.Blur", 'own_sound has no class "Blur": use own_sound.Dark or own_sound.Needs or'),
        ("own_sound.Plain", 'degradation "own_sound.Plain" is no subclass of rsi.Degradation: use own_sound.Dark or'),
        ("own_sound.torch", 'degradation "own_sound.torch" is no subclass of rsi.Degradation'),
        ("own_nowhere.Blur", 'there is no module "own_nowhere", neither in this folder nor installed'),
        ("own_sound.inner.Blur", 'there is no module "own_sound.inner", neither'),
        ("own_sound.Dark:share=1", "own_sound.Dark takes no settings here: give them as --degradation.NAME VALUE"),
        ("jpeg.quality=12", 'unknown degradation "jpeg.quality=12"'),
    ],
)
def test_what_is_wrong_with_it_is_said_in_a_line(spec: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        parse_degradation(spec)
    assert "\n" not in str(caught.value)
