"""Which kind of picture a file is, by how it begins and by its suffix."""

import re
from pathlib import Path

from rsi.storage.listing import OnBad, ignore
from rsi.storage.location import is_url

READABLE = ("PNG", "JPEG", "WebP", "TIFF", "BMP", "AVIF", "HEIC")
READABLE_IN_WORDS = f"{', '.join(READABLE[:-1])} and {READABLE[-1]}"


def _suffixes(words: str) -> tuple[str, ...]:
    return tuple(f".{word}" for word in words.split())


SUFFIXES = _suffixes(
    "png apng jpg jpeg jpe jfif jfi jif pjpeg pjp jps mpo jpg_large jpg_medium jpg_small jpg_orig webp tif tiff tf8 "
    "btf bmp dib avif heic heif hif"
)
"""Files that end so are taken for pictures that are read, without a look inside."""

HEAD = 512
"""How many bytes tell the kind of a file."""

_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"RIFF....WEBP", "WebP"),
    (b"II\\*\0|MM\0\\*|II\\+\0|MM\0\\+", "TIFF"),
    (b"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0", "BMP"),
    (b"GIF8[79]a", "GIF"),
    (b"8BPS", "Photoshop"),
    (b"gimp xcf", "GIMP"),
    (b"\0\0\0\x0cJXL |\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cjP  |\xff\x4f\xff\x51", "JPEG 2000"),
    (b"II\xbc[\0\x01]", "JPEG XR"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
    (rb"#\?(RADIANCE|RGBE)", "Radiance HDR"),
    (rb"P[1-6]\s+(#|\d)", "PNM"),
    (rb"P[fF]\s+\d", "PFM"),
    (rb"P7\s+WIDTH", "PAM"),
    (b"DDS ", "DirectDraw"),
    (b"qoif", "QOI"),
    (b"BPG\xfb", "BPG"),
    (b"SIMPLE  =", "FITS"),
    (b".{128}DICM", "DICOM"),
    (b"FUJIFILMCCD-RAW|IIU\0|IIR[OS]|MMOR|II\x1a\0\0\0HEAPCCDR|....ftypcrx ", "camera raw"),
    (rb"\s*(<\?xml.*?)?(<!DOCTYPE svg.*?)?<svg", "SVG"),
)
_KINDS = tuple((re.compile(pattern, re.DOTALL), kind) for pattern, kind in _BEGINNINGS)
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_AVIF_BRANDS = {b"avif", b"avis"}

_CAMERA_RAW = _suffixes(
    "3fr arw cr2 cr3 crw dcr dng erf fff iiq kdc mef mos mrw nef nrw orf pef raf raw rw2 rwl sr2 srf srw x3f"
)
_UNFINISHED = _suffixes("part partial crdownload download")
_OTHERS = {
    ".gif": "GIF",
    ".psd": "Photoshop",
    ".psb": "Photoshop",
    ".xcf": "GIMP",
    ".jxl": "JPEG XL",
    ".jxr": "JPEG XR",
    ".wdp": "JPEG XR",
    ".exr": "OpenEXR",
    ".hdr": "Radiance HDR",
    ".dds": "DirectDraw",
    ".qoi": "QOI",
    ".bpg": "BPG",
    ".svg": "SVG",
    ".svgz": "SVG",
    ".tga": "Targa",
    ".pcx": "PCX",
    ".ico": "icon",
    ".icns": "icon",
    ".pfm": "PFM",
    ".fits": "FITS",
    ".dcm": "DICOM",
    **dict.fromkeys((".jp2", ".j2k", ".jpf", ".jpx", ".jpc"), "JPEG 2000"),
    **dict.fromkeys((".pbm", ".pgm", ".ppm", ".pnm", ".pam"), "PNM"),
}
NO_PICTURES = frozenset(
    _suffixes(
        "txt json jsonl xml csv tsv yaml yml toml ini md html htm pdf log py ipynb sh xmp aae npy npz pt pth pkl "
        "safetensors ckpt h5 parquet db mp4 mov avi mkv webm mp3 wav zip tar gz tgz bz2 xz zst 7z rar"
    )
)
"""Suffixes of files that are never looked into."""


def kind_of(head: bytes) -> str | None:
    """The kind of picture that begins with these bytes, one of ``READABLE`` or another; ``None`` for anything else.

    Sources: the magic numbers of the formats' specifications; brands of ISO/IEC 23008-12, B.4, and of AVIF 1.1, 6.
    """
    for pattern, kind in _KINDS:
        if pattern.match(head):
            return kind
    return _kind_by_brand(head) if head[4:8] == b"ftyp" else None


def kind_of_file(name: str, head: bytes | None) -> str | None:
    """The kind of picture a file is, by its content and, where that does not say it, by its suffix.

    Args:
        name: What the file is called; the raw files of cameras begin like TIFF files and are told by their suffix.
        head: How it begins, if it was looked into.
    """
    suffix = suffix_of(name)
    if suffix in _CAMERA_RAW:
        return "camera raw"
    kind = None if head is None else kind_of(head)
    if suffix in _UNFINISHED:
        return kind and "unfinished download"
    return kind or _OTHERS.get(suffix)


def is_picture(folder: Path, name: str, on_other: OnBad = ignore) -> bool:
    """Whether a file is a picture that is read: by its suffix, else, if it is local, by how it begins.

    Args:
        folder: The folder of the file.
        name: Its path in it.
        on_other: Told the name and the kind of a picture that is not read.
    """
    if name.lower().endswith(SUFFIXES):
        return True
    if suffix_of(name) in NO_PICTURES:
        return False
    kind = kind_of_file(name, None if is_url(folder) else _head(folder / name))
    if kind is not None and kind not in READABLE:
        on_other(name, kind)
    return kind in READABLE


def suffix_of(name: str) -> str:
    """The suffix with its dot, in small letters."""
    stem, _, suffix = name.rpartition(".")
    return f".{suffix.lower()}" if stem and "/" not in suffix else ""


def _head(path: Path) -> bytes | None:
    """How a file begins; ``None`` if it cannot be read."""
    try:
        with path.open("rb", buffering=0) as file:
            return file.read(HEAD)
    except OSError:
        return None


def _kind_by_brand(head: bytes) -> str | None:
    length = int.from_bytes(head[:4], "big")
    brands = {head[start : start + 4] for start in range(8, min(length, len(head)), 4)}
    if brands & _AVIF_BRANDS:
        return "AVIF"
    return "HEIC" if brands & _HEIC_BRANDS else None
