"""The method with its networks, kept from one run of the page to the next."""

from functools import cache
from pathlib import Path

import torch
import yaml

from rsi.app.pipeline import Domain
from rsi.errors import InputError
from rsi.methods.restoration import PAPER_SCHEDULE, Restoration
from rsi.methods.schedule import Phase
from rsi.options.recipes import find_recipe

_kept: dict[str, Restoration] = {}


@cache
def domain_of(generator: str) -> Domain:
    """What a generator draws; its networks are read for it once.

    Raises:
        InputError: It cannot be read.
    """
    module = _module(generator)
    return Domain(module.resolution, module.generator.info)


def kept_module(generator: str, recipe: str | None) -> Restoration:
    """The method with its networks on the GPU, if there is one; those of the last generator are kept.

    Args:
        generator: A name or a file.
        recipe: The recipe with the schedule that the method is given; ``None`` for its own.

    Raises:
        InputError: The generator cannot be read, or the recipe has no schedule.
    """
    module = _module(generator)
    module.use_schedule(PAPER_SCHEDULE if recipe is None else schedule_of(recipe))
    return module


def _module(generator: str) -> Restoration:
    module = _kept.get(generator)
    if module is None:
        _kept.clear()  # before the next is read: two need not fit into memory
        module = Restoration(generator=generator)
        module.configure_model()
        _kept[generator] = module.to("cuda" if torch.cuda.is_available() else "cpu")
    return module


def schedule_of(recipe: str) -> tuple[Phase, ...]:
    """The schedule of a recipe.

    Raises:
        InputError: It has none.
    """
    content = yaml.safe_load(Path(find_recipe(recipe)).read_text(encoding="utf-8"))
    try:
        return tuple(Phase(**phase) for phase in content["model"]["schedule"])
    except (KeyError, TypeError):
        raise InputError(f"the recipe {recipe} has no model.schedule: give one that has, such as fast") from None
