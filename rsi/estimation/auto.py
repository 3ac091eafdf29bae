"""Every target's own damages, as its file says them or as they are found in it: ``--degradation auto``."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor, nn

from rsi.data.target import Target, checksum
from rsi.degradations import Composition, Degradation, Downsampling, Inpainting, parse_degradation
from rsi.degradations.kept_pixels import with_kept_pixels
from rsi.degradations.spec import parse_harmless
from rsi.errors import InputError
from rsi.estimation.estimate import Estimate, estimate_target, one_of_each
from rsi.estimation.evidence import Finding
from rsi.estimation.networks import network_of
from rsi.numerics.randomness import ImageRandom
from rsi.numerics.size import Size

ESTIMATES = 256  # that are kept, of targets that were read and wait for their batch
BEFORE_SIZE = ("blur", "sepia")  # a grey target is compared without colour in any case
AFTER_SIZE = ("resized", "noise", "gaussian", "jpeg")


class EstimatedDegradation(Degradation):
    """What each target's file says, or else what is found in it; damages that are guessed are told, not undone.

    Args:
        generator: Whose images the targets are like.
        class_label: Its class, by number or ImageNet's name.
    """

    factor = None
    finds_damage = True

    def __init__(self, generator: str, class_label: int | str | None = None) -> None:
        super().__init__()
        self._network = partial(network_of, generator, class_label)
        self._estimates: dict[str, Estimate] = {}

    def forward(self, x: Tensor, random: ImageRandom) -> Tensor:  # noqa: ARG002 - it only refuses
        """Always an error: what happened has to be found in targets first.

        Raises:
            InputError: Always.
        """
        raise InputError("auto finds damages in targets: bind it to some")

    def bind(self, targets: Sequence[Target], resolution: Size) -> "EachItsOwn":
        """The damages of the targets.

        Raises:
            InputError: A target's size does not divide the resolution, or its file says what cannot be used.
        """
        operators, told = zip(*(self._of(target, resolution) for target in targets), strict=True)
        return EachItsOwn(operators, told)

    def _of(self, target: Target, resolution: Size) -> tuple[Degradation, dict[str, float | str]]:
        """What is undone in a target, and what results say of it."""
        if stated := target.stated_degradation:
            return parse_harmless(stated).bind([target], resolution), {"said": stated}
        estimate = self.estimate(target)
        return _operator(estimate, target, resolution), _told(estimate)

    def estimate(self, target: Target) -> Estimate:
        """What is found in a target; found once."""
        key = checksum([target])
        if key not in self._estimates:
            self._estimates[key] = estimate_target(target, self._network)
        if len(self._estimates) > ESTIMATES:
            del self._estimates[next(iter(self._estimates))]
        return self._estimates[key]


class EachItsOwn(Degradation):
    """A degradation for each image of a batch.

    Args:
        operators: One an image, bound to its target.
        told: What results say of each, by name.
    """

    def __init__(self, operators: Sequence[Degradation], told: Sequence[dict[str, float | str]]) -> None:
        super().__init__()
        self.operators = nn.ModuleList(operators)
        self.factor = operators[0].factor
        self._told = told

    def forward(self, x: Tensor, random: ImageRandom) -> Tensor:
        """Every image through its own approximation, ``[B, 3, H, W]``."""
        images = zip(self.operators, torch.split(x, 1), random.each(), strict=True)
        return torch.cat([operator(image, own) for operator, image, own in images])

    @torch.no_grad()
    def degrade(self, x: Tensor, random: ImageRandom) -> Tensor:
        """Every image through its own true operator, ``[B, 3, H, W]``."""
        images = zip(self._each(), torch.split(x, 1), random.each(), strict=True)
        return torch.cat([operator.degrade(image, own) for operator, image, own in images])

    def keeping(self, keep: Tensor) -> "EachItsOwn":
        """Each operator for the pixels that its target shows as lost, 0 in ``keep``, ``[B, 1, h, w]``."""
        kept = [with_kept_pixels(*pair) for pair in zip(self._each(), torch.split(keep, 1), strict=True)]
        return EachItsOwn(kept, self._told)

    def taking_off(self, photons: float) -> "EachItsOwn":
        """Each operator with so many photons taken off."""
        return EachItsOwn([operator.taking_off(photons) for operator in self._each()], self._told)

    def read_parameters(self, index: int) -> dict[str, float | str]:
        """What was found in the image, and how it is known."""
        return self._told[index] | self._each()[index].read_parameters(0)

    def _each(self) -> list[Degradation]:
        return [operator for operator in self.operators if isinstance(operator, Degradation)]


def _operator(estimate: Estimate, target: Target, resolution: Size) -> Degradation:
    """The operator for what is sure about a target."""
    own = Size.of(target.image)
    factor = max(1, resolution.width // own.width)
    if Size(own.height * factor, own.width * factor) != resolution:
        raise InputError(f"{target.name!r} is {own}, which does not divide {resolution}: resize it")
    found = one_of_each(estimate.sure)
    before = [parse_degradation(_at_full_size(one, factor).text) for one in found if one.stage in BEFORE_SIZE]
    sized = [Downsampling(factor)] if factor > 1 else []
    after = [parse_degradation(one.text) for one in found if one.stage in AFTER_SIZE]
    stages: list[Degradation] = [*before, *sized, *after]
    if not target.known.all() or any(one.stage == "inpaint" for one in found):
        stages.append(Inpainting(_known(estimate, target)))
    operator = Composition(stages) if stages else parse_degradation("upsample:factor=1")
    return operator.bind([target], resolution)


def _at_full_size(finding: Finding, factor: int) -> Finding:
    """A finding whose lengths are in pixels of the generator's images, not of smaller targets."""
    lengths = {name: float(value) * factor for name, value in finding.settings.items() if name == "sigma"}
    return replace(finding, settings={**finding.settings, **lengths})


def _known(estimate: Estimate, target: Target) -> Tensor:
    """The target's known pixels without the holes that were found, ``[1, 1, h, w]``."""
    left, top, width, height = target.frame
    known = target.known.clone()
    known[0, top : top + height, left : left + width] *= torch.from_numpy(estimate.known).to(known)
    return known.unsqueeze(0)


def _told(estimate: Estimate) -> dict[str, float | str]:
    guesses = "+".join(finding.text for finding in estimate.guesses)
    known = ",".join(finding.how for finding in estimate.sure)
    return {
        "found": estimate.text or "nothing",
        **({"known": known} if known else {}),
        **({"guessed": guesses} if guesses else {}),
    }
