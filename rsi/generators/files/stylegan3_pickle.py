"""The sizes of a StyleGAN3 generator, and of StyleGAN-XL's, from the modules of a checkpoint."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from rsi.errors import InputError
from rsi.generators.files.inert_pickle import dictionary, shown
from rsi.generators.files.stored_numbers import stored_number, stored_numbers
from rsi.generators.sizes import Shapes, mapping_sizes
from rsi.generators.stylegan3.architecture import Layer, StyleGAN3Architecture
from rsi.generators.stylegan3.settings import StyleGAN3Settings

MARGIN = 10  # NVIDIA's default, as are the next two
CUTOFF = 2.0
OUTPUT_SCALE = 0.25
FROM_SHAPES = ("z_dim", "c_dim", "w_dim", "mapping_layers")


def stylegan3_architecture(
    modules: Mapping[str, Mapping[Any, Any]], shapes: Shapes, *, staged: bool
) -> StyleGAN3Architecture:
    """The architecture that the settings of a generator give, or the attributes of its layers.

    Args:
        modules: The attributes of all modules by their prefix, such as ``synthesis.``; the generator's own is empty.
        shapes: The shape of every tensor by name.
        staged: It is a super-resolution stage of StyleGAN-XL: what is below it is not among its settings.

    Raises:
        InputError: A setting or an attribute is missing or impossible, or the layers are not those that the settings
            give.
    """
    settings = dictionary(modules[""].get("_init_kwargs"))
    sizes = mapping_sizes(shapes)
    if not staged:
        scheduled = _scheduled(settings, modules["synthesis."], sizes)
        return replace(scheduled, embed_dim=sizes["embed_dim"], class_means=_has_class_means(shapes))
    layers = _layers(modules, shapes)
    attributes = modules["synthesis.input."]
    return StyleGAN3Architecture(
        **sizes,
        class_means=_has_class_means(shapes),
        input_rate=stored_number(attributes.get("sampling_rate", layers[0].in_size - 2 * MARGIN)),
        input_cutoff=stored_number(attributes.get("bandwidth", CUTOFF)),
        output_scale=stored_number(modules["synthesis."].get("output_scale", OUTPUT_SCALE)),
        layers=layers,
    )


def _scheduled(
    given: Mapping[Any, Any], synthesis: Mapping[Any, Any], sizes: Mapping[str, int]
) -> StyleGAN3Architecture:
    if given.get("img_channels", 3) != 3:
        raise InputError(
            f"the generator makes images of {shown(given['img_channels'])} channels: only RGB is supported"
        )
    settings: dict[str, Any] = {name: sizes[name] for name in FROM_SHAPES}
    settings |= {name: _setting(given, name, kind) for name, kind in _settings().items() if name in given}
    if "img_resolution" not in settings:
        raise InputError("the settings of G_ema have no img_resolution")
    architecture = StyleGAN3Settings(**settings).architecture
    names = [layer.name for layer in architecture.layers]
    if "layer_names" in synthesis and synthesis["layer_names"] != names:
        raise InputError(f"the layers of G_ema are not those that its settings give, {names[0]} to {names[-1]}")
    return architecture


def _has_class_means(shapes: Shapes) -> bool:
    return len(shapes.get("mapping.w_avg", ())) > 1


def _layers(modules: Mapping[str, Mapping[Any, Any]], shapes: Shapes) -> tuple[Layer, ...]:
    names = modules["synthesis."].get("layer_names")
    if not isinstance(names, list) or not all(
        isinstance(name, str) and f"synthesis.{name}." in modules for name in names
    ):
        raise InputError("layer_names of G_ema.synthesis does not list its layers")
    return tuple(_layer(name, modules[f"synthesis.{name}."], shapes) for name in names)


def _layer(name: str, attributes: Mapping[Any, Any], shapes: Shapes) -> Layer:
    """The sizes of one layer, from its attributes and the shapes of its tensors."""

    def number(attribute: str) -> float:
        try:
            return stored_number(attributes.get(attribute))
        except InputError as error:
            raise InputError(f"{attribute} of {name}: {error}") from None

    def whole(attribute: str) -> int:
        value = number(attribute)
        if value != value // 1:
            raise InputError(f"{attribute} of {name}: {value} is no whole number")
        return int(value)

    weight = shapes.get(f"synthesis.{name}.weight", ())
    up, down = (shapes.get(f"synthesis.{name}.{way}_filter") or (1,) for way in ("up", "down"))
    if len(weight) != 4:
        raise InputError(f"there is no tensor synthesis.{name}.weight with 4 axes")
    layer = Layer(
        name=name,
        in_channels=weight[1],
        out_channels=weight[0],
        in_size=whole("in_size"),
        out_size=whole("out_size"),
        kernel=weight[2],
        up=whole("up_factor"),
        down=whole("down_factor"),
        up_taps=up[0],
        down_taps=down[0],
        radial=len(down) > 1,
        clamp=None if attributes.get("conv_clamp") is None else float(number("conv_clamp")),
    )
    padding = stored_numbers(attributes.get("padding", []))
    if padding != 2 * [layer.zeros_before, layer.zeros_behind]:
        raise InputError(f"padding of {name} is {padding[:4]}, which does not fit its sides")
    return layer


def _settings() -> dict[str, Any]:
    """The settings that count, with their types as they are written in :class:`StyleGAN3Settings`."""
    return {field.name: field.type for field in fields(StyleGAN3Settings) if field.name not in FROM_SHAPES}


def _setting(given: Mapping[Any, Any], name: str, kind: Any) -> Any:  # noqa: ANN401 - types and values of settings
    value = given[name]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {int: type(value) is int, float: is_number, bool: type(value) is bool}
    if not fits.get(kind, is_number or value is None):
        raise InputError(f"the setting {name} of G_ema is {shown(value)}")
    return value
