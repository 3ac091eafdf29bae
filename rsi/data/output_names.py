"""What the results of images are called."""

from collections import Counter
from collections.abc import Iterable, Sequence


def output_names(names: Sequence[str], among: Iterable[str]) -> list[str]:
    """What the results of images are named, without a suffix, unique among those of a run.

    It is the name without its suffix, ``a`` for ``a.png``; if that belongs to another input too, as for
    ``a.png`` and ``a.jpg``, or is another input's whole name, the suffix stays. Case is ignored, as some file
    systems do.

    Args:
        names: Some inputs, with their suffixes.
        among: All inputs that they could be confused with, themselves among them; read once.
    """
    wanted = {_stem(name).casefold() for name in names}
    inputs = (other.casefold() for other in among)
    claims = Counter(key for other in inputs for key in (other, _stem(other)) if key in wanted)
    return [name if claims[_stem(name).casefold()] > 1 else _stem(name) for name in names]


def _stem(name: str) -> str:
    return name.rpartition(".")[0]
