"""Coverage-guided fuzzing of the readers of generators; needs atheris.

``python tests/fuzz/fuzz_pickles.py CORPUS -max_total_time=600``: CORPUS is a folder, which gets a few small files of
every format to start from. A finding is any exception but ``InputError``, a message of several lines, or an import or a
call of anything that a file names, which an audit hook looks for.
"""

import codecs
import pickle
import sys
import tempfile
from collections import OrderedDict
from pathlib import Path
from types import ModuleType

import atheris

sys.path.insert(0, str(Path(__file__).parents[1]))

with atheris.instrument_imports(include=["rsi"]):
    import torch
    from literal_stylegan3 import random_generator
    from safetensors.torch import save_file
    from stylegan2_files import Network, basicsr, mmgeneration, rosinality, tensorflow, tensorflow_parts

    from rsi.errors import InputError
    from rsi.generators import Generator, StyleGAN2Architecture, load_generator, save_generator
    from rsi.generators.stylegan3.settings import StyleGAN3Settings

FORBIDDEN = ("import", "exec", "compile", "open", "os.", "subprocess.", "socket.", "pickle.find_class", "ctypes.")
CODECS = ("ascii", "latin-1", "raw_unicode_escape", "unicode_escape", "utf-8")  # imported when first used
SIZES = StyleGAN2Architecture(
    z_dim=2, c_dim=0, w_dim=2, img_resolution=8, mapping_layers=1, channel_base=8, channel_max=2
)
STYLEGAN3 = StyleGAN3Settings(2, 0, 2, 16, channel_base=16, channel_max=2, num_layers=3, margin_size=2)
READING = [False]
FILE = Path(tempfile.mkdtemp()) / "generator"


def forbid(event: str, arguments: tuple[object, ...]) -> None:
    """Raise when something is run while a file is read, which is opened alone."""
    if READING[0] and event.startswith(FORBIDDEN) and not (event == "open" and str(arguments[0]) == str(FILE)):
        READING[0] = False
        raise RuntimeError(f"a file caused {event} {arguments}")


def read(data: bytes) -> None:
    """Read the bytes as a generator."""
    FILE.write_bytes(data)
    READING[0] = True
    try:
        load_generator(FILE)
    except InputError as error:
        if len(str(error).splitlines()) != 1:
            raise AssertionError("the message has several lines") from error
    finally:
        READING[0] = False


def write_seeds(corpus: Path) -> None:
    """Snapshot dictionaries without networks, the opcodes of a checkpoint, and the smallest generator of each kind."""
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
    generator = Generator(SIZES)
    state = generator.state_dict()
    torch.save({"g_ema": rosinality(state), "latent_avg": generator.w_avg}, corpus / "rosinality")
    torch.save({"g_ema": rosinality(state)}, corpus / "legacy", _use_new_zipfile_serialization=False)
    torch.save({"params_ema": basicsr(state)}, corpus / "basicsr")
    torch.save({"meta": {"iter": 1}, "state_dict": mmgeneration(state)}, corpus / "mmgeneration")
    torch.save([state, generator.w_avg], corpus / "nvidia")
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, corpus / "bare")
    save_generator(generator, corpus / "own")
    save_generator(random_generator(STYLEGAN3), corpus / "stylegan3")
    (corpus / "tensorflow").write_bytes(pickle.dumps((None, None, tensorflow(tensorflow_parts(state))), 4))


def name_modules() -> None:
    """Make networks pickle under the name of NVIDIA's TensorFlow program."""
    module = ModuleType("dnnlib.tflib.network")
    vars(module)["Network"] = Network
    Network.__module__ = module.__name__
    sys.modules |= dict.fromkeys(("dnnlib", "dnnlib.tflib", module.__name__), module)


if __name__ == "__main__":
    name_modules()
    write_seeds(Path(sys.argv[1]))
    for name in ("dnnlib", "dnnlib.tflib", "dnnlib.tflib.network"):
        del sys.modules[name]
    for codec in CODECS:
        codecs.lookup(codec)
    for seed in Path(sys.argv[1]).iterdir():  # what reading imports itself
        read(seed.read_bytes())
    sys.addaudithook(forbid)
    atheris.Setup(sys.argv, read)
    atheris.Fuzz()
