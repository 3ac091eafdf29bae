"""Whether a file is still the one it was."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from rsi.storage.atomic import naming
from rsi.storage.location import file_system, is_url, read_bytes

CHUNK = 2**20


@dataclass(frozen=True)
class Fingerprint:
    """What a file was when it was read.

    Attributes:
        size: Its bytes.
        modified: When it was changed last, in the words of its file system; empty if that does not say.
        sha256: Of its content, 64 hexadecimal digits.
    """

    size: int
    modified: str
    sha256: str


def fingerprint(path: Path) -> Fingerprint:
    """The fingerprint of a file, a path or a URL.

    Raises:
        OSError: It cannot be read.
    """
    return Fingerprint(*_size_and_time(path), _sha256(path))


def is_unchanged(path: Path, known: Fingerprint) -> bool:
    """Whether a file has the content that it had; it is read only where its size is the same and its time is not."""
    try:
        size, modified = _size_and_time(path)
        if size != known.size:
            return False
        return bool(modified and modified == known.modified) or _sha256(path) == known.sha256
    except OSError:
        return False


def _size_and_time(path: Path) -> tuple[int, str]:
    if not is_url(path):
        status = path.stat()
        return status.st_size, str(status.st_mtime_ns)
    system, remote = file_system(path)
    system.invalidate_cache()
    facts = system.info(remote)
    changed = next((facts[key] for key in ("ETag", "etag", "LastModified", "mtime", "updated") if facts.get(key)), "")
    return int(facts["size"] or 0), str(changed)


def _sha256(path: Path) -> str:
    return hashlib.sha256(read_bytes(path)).hexdigest() if is_url(path) else file_sha256(path)


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file of this machine, 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with naming(path), path.open("rb") as file:
        while block := file.read(CHUNK):
            digest.update(block)
    return digest.hexdigest()
