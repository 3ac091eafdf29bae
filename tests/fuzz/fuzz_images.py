"""Coverage-guided fuzzing of the image reader; needs atheris.

``python tests/fuzz/fuzz_images.py CORPUS -max_total_time=600 -rss_limit_mb=16000``: CORPUS is a folder, which gets
small intact pictures to start from; the fuzzer keeps some kilobytes of every call. A finding is any exception but
``InputError``, a value out of range, or a message of several lines.
"""

import io
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["rsi", "PIL"]):
    from PIL import Image

    from rsi.data.folder import read_target
    from rsi.errors import InputError

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP")
Image.MAX_IMAGE_PIXELS = 1_000_000  # the largest picture that is read otherwise takes seconds and gigabytes
FOLDER = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))


def read(data: bytes) -> None:
    """Read the bytes as a target with a mask."""
    (FOLDER / "a.png").write_bytes(data)
    try:
        target = read_target(FOLDER, "a.png", resolution=32, factor=None, seed=0, fit="crop", mask_color="#000000")
    except InputError as error:
        if len(str(error).splitlines()) != 1:
            raise AssertionError("the message has several lines") from error
        return
    assert target.image.isfinite().all()
    assert target.image.min() >= 0
    assert target.image.max() <= 1
    assert target.image.shape[-1] == target.image.shape[-2] == target.known.shape[-1] <= 32


def write_seeds(corpus: Path) -> None:
    """Small intact pictures of all formats and several modes."""
    corpus.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif[0x0112] = 6
    for mode in ("L", "RGB", "RGBA", "P", "1", "I;16", "CMYK"):
        for kind in FORMATS:
            buffer = io.BytesIO()
            try:
                Image.new(mode, (9, 5)).save(buffer, kind, **({"exif": exif} if kind != "BMP" else {}))
            except (OSError, ValueError):
                continue
            (corpus / f"{mode.replace(';', '')}.{kind.lower()}").write_bytes(buffer.getvalue())


if __name__ == "__main__":
    write_seeds(Path(sys.argv[1]))
    atheris.Setup(sys.argv, read)
    atheris.Fuzz()
