"""What the benchmark degrades images with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

import torch
from torch import Tensor

from rsi.benchmark.stage_text import stage_text
from rsi.degradations import LEVEL_SETTINGS, LEVELS, STROKES, draw_strokes
from rsi.errors import InputError
from rsi.numerics.randomness import ImageRandom
from rsi.numerics.size import Size

Group = Literal["single", "composed", "ddrm", "further"]
GROUPS: tuple[Group, ...] = get_args(Group)
DrawKnown = Callable[[ImageRandom, Size], Tensor]

OPERATORS = {"upsampling": "upsample", "denoising": "noise", "deartifacting": "jpeg", "inpainting": "inpaint"}
FURTHER = ("blur", "resized", "sepia", "fade")
CAST = "cast:red=.9/.1/0/.05,blue=.05/.1/.6/0"
LETTERS = {"U": "upsample", "N": "noise", "A": "jpeg", "P": "inpaint"}
COMPOSITIONS = ("NA", "AP", "UA", "NP", "UN", "UP", "UNP", "UAP", "UNA", "NAP", "UNAP")


@dataclass(frozen=True)
class Task:
    """One way to degrade an image, for a method to undo.

    Attributes:
        group: The table that it belongs to.
        name: Its name there.
        level: How strong it is, ``XS`` to ``XL``.
        stages: What happens to an image, in order, each in the grammar of
            :func:`rsi.degradations.parse_degradation` with all its settings.
        draw_known: Draws ``[B, 1, H, W]``, 1 where a pixel is kept, for the stage ``inpaint``.
        told: What a method is told in place of the stages, where it is to find their settings itself.
    """

    group: Group
    name: str
    level: str
    stages: tuple[str, ...]
    draw_known: DrawKnown | None = None
    told: str | None = None

    @property
    def id(self) -> str:
        """Name and level, as folders are called."""
        return f"{self.name}-{self.level}"

    @property
    def ends_as_jpeg(self) -> bool:
        """Whether the target is a JPEG file, which says itself how it was coded."""
        return self.stages[-1].startswith("jpeg")

    @property
    def suffix(self) -> str:
        """The suffix of its targets."""
        return ".jpg" if self.ends_as_jpeg else ".png"

    @property
    def degradation(self) -> str:
        """What a method is told, in the grammar of :func:`rsi.degradations.parse_degradation`."""
        if self.told is not None:
            return self.told
        return "+".join((*self.stages[:-1], "jpeg") if self.ends_as_jpeg else self.stages)


def keep_corner(random: ImageRandom, size: Size) -> Tensor:
    """Masks that keep the top left quarter of an image, ``[B, 1, H, W]``, 1 where a pixel is kept."""
    known = torch.zeros(len(random), 1, *size)
    known[..., : size.height // 2, : size.width // 2] = 1
    return known


def all_tasks() -> tuple[Task, ...]:
    """The tasks of the paper's tables 1 to 3 in their order: 4 x 5 single ones, 11 compositions and 6 more.

    How strong the tasks of table 3 are is not published. Here they count as level M: factor 8, sigma 0.5 for images
    in [0, 1], and 9 strokes; uncropping leaves the top left quarter.
    """
    single = [_task("single", name, level, [OPERATORS[name]]) for name in OPERATORS for level in LEVELS]
    composed = [_task("composed", name, "M", [LETTERS[letter] for letter in name]) for name in COMPOSITIONS]
    return (*single, *composed, *_against_ddrm())


def further_tasks() -> tuple[Task, ...]:
    """Tasks that are not the paper's: what else happens to pictures, given or, where ``told`` says so, to be fitted."""
    levels = [_task("further", name, level, [name]) for name in FURTHER for level in LEVELS]
    alone = {"defocus": "blur:radius=4", "motion": "blur:length=13,angle=30", "gray": "gray"}
    fitted = {"toning": ("sepia:strength=1", "sepia"), "fading": (_stage("fade", "M"), "fade"), "cast": (CAST, "cast")}
    return (
        *levels,
        *(Task("further", name, "M", (stage,)) for name, stage in alone.items()),
        *(Task("further", name, "M", (stage,), told=told) for name, (stage, told) in fitted.items()),
    )


def select_tasks(wanted: str) -> tuple[Task, ...]:
    """The tasks that a text names.

    Args:
        wanted: ``all`` for those of the paper, ``single``, ``composed``, ``ddrm``, ``further``, ``NAME`` for all levels
            of a task or ``NAME:LEVEL``; several are joined with commas. Upper and lower case are the same.

    Raises:
        InputError: A name or level is unknown.
    """
    chosen = {task.id: task for word in wanted.split(",") for task in _select(word.strip())}
    return tuple(task for task in (*all_tasks(), *further_tasks()) if task.id in chosen)


def _select(word: str) -> Sequence[Task]:
    if word == "all":
        return all_tasks()
    tasks = (*all_tasks(), *further_tasks())
    if word in GROUPS:
        return [task for task in tasks if task.group == word]
    name, _, level = word.partition(":")
    named = [task for task in tasks if task.name.lower() == name.lower()]
    if not named:
        names = ", ".join(dict.fromkeys(task.name for task in tasks))
        raise InputError(f'there is no task "{name}": use all, {", ".join(GROUPS)}, or some of {names}')
    found = [task for task in named if not level or task.level.lower() == level.lower()]
    if not found:
        levels = ", ".join(task.level for task in named)
        raise InputError(f'{named[0].name} has no level "{level}": use {levels}')
    return found


def _task(group: Group, name: str, level: str, operators: Sequence[str]) -> Task:
    draw = partial(draw_strokes, strokes=STROKES[level]) if "inpaint" in operators else None
    return Task(group, name, level, tuple(_stage(operator, level) for operator in operators), draw)


def _stage(operator: str, level: str) -> str:
    return stage_text(operator, LEVEL_SETTINGS.get(operator, {}).get(level, {}))


def _against_ddrm() -> list[Task]:
    stages: dict[str, tuple[str, DrawKnown | None]] = {
        "average_pooling": ("average_pooling:factor=8", None),
        "nearest_neighbour": ("nearest:factor=8", None),
        "linear_noise": ("gaussian:sigma=0.5,headroom=3", None),
        "clamped_noise": ("gaussian:sigma=0.5", None),
        "strokes": ("inpaint", partial(draw_strokes, strokes=STROKES["M"])),
        "uncropping": ("inpaint", keep_corner),
    }
    return [Task("ddrm", name, "M", (stage,), draw) for name, (stage, draw) in stages.items()]
