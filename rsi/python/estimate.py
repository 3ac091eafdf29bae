"""What happened to an image of any kind."""

from functools import partial

from rsi.estimation.estimate import Estimate, estimate_evidence, evidence_of_picture
from rsi.estimation.networks import network_of
from rsi.python.images import Source, picture_of


def estimate(image: Source, generator: str = "avatars128", class_label: int | str | None = None) -> Estimate:
    """What happened to an image, found from the image alone.

    Args:
        image: A path or URL, a PIL image, an array ``[h, w, 3]`` of uint8 or of floats in [0, 1], or a tensor
            ``[3, h, w]`` of floats in [0, 1]; of any size, as it came, without resizing.
        generator: Whose images it is like: what JPEG hides is learned from these, once, in minutes.
        class_label: Its class, for a conditional generator, by number or ImageNet's name.

    Returns:
        The damages, each with its values, where they lie in nine of ten cases, and how they are known; ``text`` is what
        :func:`rsi.restore` takes as degradation.

    Raises:
        InputError: The image or the generator cannot be read.
    """
    return estimate_evidence(evidence_of_picture(picture_of(image)), partial(network_of, generator, class_label))
