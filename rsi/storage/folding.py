"""Names that some file system takes for one."""

import hashlib
import os
import unicodedata


def folded(name: str) -> str:
    """The same text for all names that some file system may take for one: case, accents' form and the dots of i."""
    if name.isascii():
        return name.lower()
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).upper().casefold())
    return text.replace("i\u0307", "i")


def composed(name: str) -> str:
    """A name with each accented letter in one piece (NFC); Apple's file systems and archives take them apart (NFD)."""
    return unicodedata.normalize("NFC", name)


def name_checksum(name: str) -> str:
    """Eight digits that tell a name from those that a file system may take for the same."""
    return hashlib.sha256(os.fsencode(name)).hexdigest()[:8]
