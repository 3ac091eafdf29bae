"""Weights of the small perceptual networks, which are safetensors files."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib import resources
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from rsi.errors import InputError


@contextmanager
def open_weights(path: Path | None, asset: str, kind: str) -> Iterator[tuple[dict[str, Tensor], dict[str, str]]]:
    """The tensors and the metadata of a network's file; an error inside the context is told as the file's fault.

    Args:
        path: The file; left out, one that comes with the package.
        asset: The name of that one.
        kind: What the file should be, for errors.

    Raises:
        InputError: The file is missing, damaged or of another kind.
    """
    shipped = resources.files("rsi.generators") / "assets" / asset
    with resources.as_file(shipped) if path is None else nullcontext(path) as found:
        try:
            with safe_open(found, "pt") as file:
                yield {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
        except FileNotFoundError:
            raise InputError(f"{found} does not exist: give the file of a perceptual network") from None
        except KeyError as error:
            raise InputError(f"{found} is not {kind}: its metadata have no {error.args[0]}") from None
        except (SafetensorError, OSError):
            raise InputError(f"{found} is not {kind}: it is no intact safetensors file") from None
        except (RuntimeError, ValueError) as error:
            reason = str(error).splitlines()[-1].strip()
            raise InputError(f"{found} is not {kind}: {reason}") from None
