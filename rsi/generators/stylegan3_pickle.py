"""The sizes of a StyleGAN3 generator from the modules of NVIDIA's checkpoint."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from rsi.errors import InputError
from rsi.generators.alias_free import AliasFreeArchitecture
from rsi.generators.assembly import Shapes
from rsi.generators.inert_pickle import Call, dictionary
from rsi.generators.schedule import Schedule

INPUT = "synthesis.input.freqs"
FROM_SHAPES = ("z_dim", "c_dim", "w_dim", "mapping_layers")


def schedule_architecture(
    generator: Mapping[Any, Any], synthesis: Mapping[Any, Any], shapes: Shapes
) -> AliasFreeArchitecture:
    """The architecture that the settings of a generator give.

    Args:
        generator: The attributes of the generator, ``_init_kwargs`` among them.
        synthesis: The attributes of its synthesis network.
        shapes: The shape of every tensor by name.

    Raises:
        InputError: A setting is missing or impossible, or the layers are not those that the settings give.
    """
    given = dictionary(generator.get("_init_kwargs"))
    if given.get("img_channels", 3) != 3:
        raise InputError(f"the generator makes images of {given['img_channels']!r:.20} channels: only RGB is supported")
    settings: dict[str, Any] = {**mapping_sizes(shapes)}
    settings |= {name: _setting(given, name, kind) for name, kind in _settings().items() if name in given}
    if "img_resolution" not in settings:
        raise InputError("the settings of G_ema have no img_resolution")
    architecture = Schedule(**settings).architecture
    names = [layer.name for layer in architecture.layers]
    if "layer_names" in synthesis and synthesis["layer_names"] != names:
        raise InputError(f"the layers of G_ema are not those that its settings give, {names[0]} to {names[-1]}")
    return architecture


def mapping_sizes(shapes: Shapes) -> dict[str, int]:
    """The sizes of the mapping network.

    Raises:
        InputError: It has none.
    """
    first = shapes.get("mapping.fc0.weight", ())
    if len(first) != 2:
        raise InputError("there is no tensor mapping.fc0.weight with 2 axes")
    embed = shapes.get("mapping.embed.weight", (0, 0))
    layers = sum(name.startswith("mapping.fc") and name.endswith(".weight") for name in shapes)
    return {"z_dim": first[1] - embed[0], "c_dim": embed[-1], "w_dim": first[0], "mapping_layers": layers}


def _settings() -> dict[str, Any]:
    """The settings that count, with their types as they are written in :class:`Schedule`."""
    return {field.name: field.type for field in fields(Schedule) if field.name not in FROM_SHAPES}


def _setting(given: Mapping[Any, Any], name: str, kind: Any) -> Any:  # noqa: ANN401 - types and values of settings
    value = given[name]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {int: type(value) is int, float: is_number, bool: type(value) is bool}
    if not fits.get(kind, is_number or value is None):
        shown = value.name if isinstance(value, Call) else repr(value)
        raise InputError(f"the setting {name} of G_ema is {shown[:50]}")
    return value
