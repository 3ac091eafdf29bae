"""What the results of the pictures of a folder are called."""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence

from rsi.results.layout import RESULT_SUFFIXES
from rsi.storage.folding import folded, name_checksum


def output_names(
    names: Sequence[str], among: Iterable[str], is_input: Callable[[str], bool] = lambda _: True
) -> list[str]:
    """What the results of images are named, without a suffix, unique among those of a run.

    It is the name without its suffix, ``a`` for ``a.png``; if that belongs to another input too, as for
    ``a.png`` and ``a.jpg``, or is another input's whole name, the suffix stays. Names that differ by case or by
    Unicode normalisation alone, which some file systems ignore, get a checksum besides, as folders do in a listing.

    Args:
        names: Some inputs, with their suffixes.
        among: All inputs that they could be confused with, themselves among them; read once.
        is_input: Whether one of these is an input at all; asked only of those that may take a name.
    """
    wanted = {folded(form) for name in names for form in (name, _stem(name))}
    claims: Counter[str] = Counter()
    twins: Counter[str] = Counter()
    for other in among:
        whole = folded(other)
        claimed = wanted.intersection((whole, folded(_stem(other))))
        if claimed and is_input(other):
            claims.update(claimed)
            twins.update(claimed.intersection([whole]))
    return [
        _with_checksum(name) if twins[folded(name)] > 1 else name if claims[folded(_stem(name))] > 1 else _stem(name)
        for name in names
    ]


def hidden_folder(output: str, folders: Container[str]) -> str:
    """The folder whose place a file of the results would take; empty if there is none.

    Args:
        output: What the results are called, without a suffix.
        folders: The folders beside the input, each as :func:`rsi.storage.folding.folded` has it.
    """
    files = (f"{output}{suffix}" for suffix in RESULT_SUFFIXES)
    return next((file for file in files if folded(f"{file}/") in folders), "")


def folder_name(entry: str, folders: Counter[str]) -> str:
    """What the results of a folder's pictures are below; a name that several share gets a checksum besides.

    Args:
        entry: The folder, with a slash at its end.
        folders: How many there are beside it of each name, as :func:`rsi.storage.folding.folded` has them.
    """
    return f"{_with_checksum(entry[:-1])}/" if folders[folded(entry)] > 1 else entry


def _with_checksum(name: str) -> str:
    return f"{name}~{name_checksum(name)}"


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name
