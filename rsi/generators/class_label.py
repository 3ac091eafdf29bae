"""One class of a conditional generator."""

from dataclasses import replace

import torch
from torch.nn import functional as F

from rsi.errors import InputError
from rsi.generators.generator import Generator
from rsi.generators.statistics import mean_code

IMAGENET = 1000  # classes


@torch.no_grad()
def select_class(generator: Generator, label: int | str | None) -> Generator:
    """The generator of one class: unconditional, and its mean code is that of the class.

    For one class the embedded label is constant. As part of the input of the mapping network's first layer it adds a
    constant to the output, which goes into the bias here. The mean code is computed anew where the stored
    one is over all classes.

    Args:
        generator: Any generator; it is not changed.
        label: The class, from 0, or its name in ImageNet; ``None`` for a generator without classes.

    Raises:
        InputError: The generator has no such class, no classes at all, or has classes and none is given.
    """
    classes, name = generator.architecture.c_dim, generator.info.name
    if not classes and label is None:
        return generator
    if not classes:
        raise InputError(f"the generator {name} has no classes: leave out --class_label {label}")
    if label is None:
        raise InputError(
            f"the generator {name} has {classes} classes, and its mean code mixes them: choose one with "
            f"--class_label 0 to {classes - 1}"
        )
    number = class_number(label, classes)
    if not 0 <= number < classes:
        raise InputError(
            f"the generator {name} has {classes} classes: give --class_label 0 to {classes - 1}, not {number}"
        )
    return _of_one_class(generator, number)


def class_number(label: int | str, classes: int) -> int:
    """The number of a class: itself, or that of a name in ImageNet.

    Raises:
        InputError: There is no class of this name, or the generator does not have ImageNet's.
    """
    try:
        return int(label)
    except ValueError:
        names = _imagenet_names() if classes == IMAGENET else []
    if label not in names:
        known = "give one of ImageNet's names as torchvision has them, or a number" if names else "give a number"
        raise InputError(f"there is no class {label!r:.100}: {known} from 0 to {classes - 1}")
    return names.index(str(label))


def _of_one_class(generator: Generator, label: int) -> Generator:
    state = generator.state_dict()
    sizes = generator.architecture
    one_hot = F.one_hot(torch.tensor([label]), sizes.c_dim).to(generator.w_avg)
    embedded = generator.mapping.embed(one_hot)[0]
    embedded = embedded * (embedded.square().mean() + 1e-8).rsqrt()
    weight = state["mapping.fc0.weight"]
    inputs = weight.shape[1]
    shift = weight[:, sizes.z_dim :] @ embedded / inputs**0.5
    state = {name: tensor for name, tensor in state.items() if not name.startswith("mapping.embed.")}
    state["mapping.fc0.weight"] = weight[:, : sizes.z_dim] * (sizes.z_dim / inputs) ** 0.5
    state["mapping.fc0.bias"] = state["mapping.fc0.bias"] + shift
    with torch.device("meta"):
        single = Generator(sizes.of_one_class(), replace(generator.info, class_label=label, lr_scale=None))
    means = state.pop("mapping.w_avg")
    single.load_state_dict({**state, "mapping.w_avg": means[label] if means.ndim > 1 else means}, assign=True)
    if means.ndim == 1:
        single.mapping.w_avg = mean_code(single)
    return single


def _imagenet_names() -> list[str]:
    from torchvision.models import ResNet50_Weights  # takes a second, and hardly anyone gives a name

    names: list[str] = ResNet50_Weights.IMAGENET1K_V1.meta["categories"]
    return names
