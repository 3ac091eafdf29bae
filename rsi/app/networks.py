"""The method with its networks, kept from one run of the page to the next."""

from functools import lru_cache
from pathlib import Path

import torch
import yaml

from rsi.app.pipeline import Domain
from rsi.errors import InputError
from rsi.methods.restoration import Restoration
from rsi.methods.schedule import Phase
from rsi.options.recipes import find_recipe


def domain_of(generator: str) -> Domain:
    """What a generator draws.

    Raises:
        InputError: It cannot be read.
    """
    module = kept_module(generator, None)
    return Domain(module.resolution, module.generator.info)


@lru_cache(maxsize=2)
def kept_module(generator: str, recipe: str | None) -> Restoration:
    """The method with its networks on the GPU, if there is one; the last two are kept.

    Raises:
        InputError: The generator cannot be read, or the recipe has no schedule.
    """
    module = Restoration(generator=generator, schedule=None if recipe is None else list(schedule_of(recipe)))
    module.configure_model()
    return module.to("cuda" if torch.cuda.is_available() else "cpu")


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
