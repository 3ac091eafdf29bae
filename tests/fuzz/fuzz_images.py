"""Coverage-guided fuzzing of the reader of images, TIFF files and masks; needs atheris.

``python tests/fuzz/fuzz_images.py CORPUS -max_total_time=600 -rss_limit_mb=16000``: CORPUS is a folder, which gets
small intact pictures to start from; the fuzzer keeps some kilobytes of every call. A finding is any exception but
``InputError``, a value out of range, or a message of several lines.
"""

import contextlib
import io
import sys
import tempfile
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["rsi", "PIL", "tifffile"]):
    import numpy as np
    import tifffile
    from PIL import Image

    from rsi.data.masks import known_in_file
    from rsi.data.target_reader import read_target
    from rsi.errors import InputError
    from rsi.numerics.size import Size

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "AVIF")
Image.MAX_IMAGE_PIXELS = 1_000_000  # the largest picture that is read otherwise takes seconds and gigabytes
FOLDER = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))


def read(data: bytes) -> None:
    """Read the bytes as a target with a mask colour, and as a mask."""
    path = FOLDER / "a.png"
    path.write_bytes(data)
    try:
        target = read_target(
            FOLDER, path.name, resolution=Size.square(32), factor=None, seed=0, fit="crop", mask_color="#000000"
        )
        assert target.image.isfinite().all()
        assert target.image.min() >= 0
        assert target.image.max() <= 1
        assert target.image.shape[-1] == target.image.shape[-2] == target.known.shape[-1] <= 32
    except InputError as error:
        check_message(error)
    try:
        mask = known_in_file(path)
        assert ((mask == 0) | (mask == 1)).all()
        assert mask.any()
    except InputError as error:
        check_message(error)


def check_message(error: InputError) -> None:
    """A message is one line."""
    if len(str(error).splitlines()) != 1:
        raise AssertionError("the message has several lines") from error


def write_seeds(corpus: Path) -> None:
    """Small intact pictures of all formats and several modes."""
    corpus.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif[0x0112] = 6
    for mode in ("L", "LA", "RGB", "RGBA", "P", "PA", "1", "I;16", "CMYK", "YCbCr"):
        for kind in FORMATS:
            buffer = io.BytesIO()
            try:
                Image.new(mode, (9, 5)).save(buffer, kind, **({"exif": exif} if kind != "BMP" else {}))
            except (OSError, ValueError):
                continue
            (corpus / f"{mode.replace(';', '')}.{kind.lower()}").write_bytes(buffer.getvalue())
    write_tiffs(corpus)


def write_tiffs(corpus: Path) -> None:
    """Small intact TIFF files of many sample types, layouts and compressions."""
    colours = np.linspace(0, 1, 16 * 16 * 3).reshape(16, 16, 3)
    layouts: tuple[dict[str, Any], ...] = (
        {},
        {"tile": (16, 16)},
        {"byteorder": ">"},
        {"bigtiff": True},
        {"planarconfig": "separate"},
        {"compression": "lzw", "predictor": True},
        *({"compression": kind} for kind in ("zlib", "lerc", "zstd", "packbits", "jpeg", "webp", "jpeg2000", "jpegxl")),
    )
    for white, dtype in ((255, "u1"), (65535, "u2"), (255, "i4"), (1, "f2"), (1, "f4")):
        for number, layout in enumerate(layouts):
            samples = (colours * white).astype(dtype)
            if "planarconfig" in layout:
                samples = np.moveaxis(samples, -1, 0).copy()
            with contextlib.suppress(ValueError, RuntimeError):
                tifffile.imwrite(corpus / f"{dtype}-{number}.tif", samples, photometric="rgb", **layout)


if __name__ == "__main__":
    write_seeds(Path(sys.argv[1]))
    atheris.Setup(sys.argv, read)
    atheris.Fuzz()
