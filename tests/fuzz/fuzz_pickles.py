"""Coverage-guided fuzzing of the reader of NVIDIA's pickles; needs atheris.

``python tests/fuzz/fuzz_pickles.py CORPUS -max_total_time=600``: CORPUS is a folder, which gets a few small pickles to
start from. A finding is any exception but ``InputError``, a message of several lines, or an import or a call of
anything that a pickle names, which an audit hook looks for.
"""

import codecs
import pickle
import sys
from collections import OrderedDict
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["rsi"]):
    from rsi.errors import InputError
    from rsi.generators.nvidia_pickle import read_nvidia_pickle

FORBIDDEN = ("import", "exec", "compile", "open", "os.", "subprocess.", "socket.", "pickle.find_class", "ctypes.")
CODECS = ("ascii", "latin-1", "raw_unicode_escape", "unicode_escape", "utf-8")  # imported when first used
READING = [False]


def forbid(event: str, arguments: tuple[object, ...]) -> None:
    """Raise when something is run while a pickle is read."""
    if READING[0] and event.startswith(FORBIDDEN):
        READING[0] = False
        raise RuntimeError(f"a pickle caused {event} {arguments}")


def read(data: bytes) -> None:
    """Read the bytes as a checkpoint."""
    READING[0] = True
    try:
        read_nvidia_pickle(data)
    except InputError as error:
        if len(str(error).splitlines()) != 1:
            raise AssertionError("the message has several lines") from error
    finally:
        READING[0] = False


def write_seeds(corpus: Path) -> None:
    """A snapshot dictionary without networks, and the opcodes that a checkpoint is made of."""
    corpus.mkdir(parents=True, exist_ok=True)
    snapshot = {
        "G": None,
        "D": None,
        "G_ema": OrderedDict(a=(1, 2.0, "x", b"y", True, {3}, [None])),
        "augment_pipe": None,
    }
    for protocol in (2, 3, 4, 5):
        (corpus / f"snapshot-{protocol}").write_bytes(pickle.dumps(snapshot, protocol))
    call = b"\x80\x03}X\x05\0\0\0G_emactorch_utils.persistence\n_reconstruct_persistent_obj\n}X\x05\0\0\0state}s\x85Rs."
    (corpus / "persistent").write_bytes(call)


if __name__ == "__main__":
    write_seeds(Path(sys.argv[1]))
    for codec in CODECS:
        codecs.lookup(codec)
    sys.addaudithook(forbid)
    atheris.Setup(sys.argv, read)
    atheris.Fuzz()
