"""Weights from the network, checked in full."""

import hashlib
import ipaddress
import re
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit

import torch

from rsi.errors import InputError

CHUNK = 2**20


def fetch(url: str, sha256: str, *, cache_dir: Path | None = None, filename: str | None = None) -> Path:
    """A file from the cache, or from the network if it is not there; its SHA-256 is checked either way.

    Args:
        url: Where the file is; https, or http on this machine.
        sha256: Its SHA-256, 64 hexadecimal digits.
        cache_dir: Folder to keep it in; ``checkpoints`` in torch.hub's folder by default.
        filename: Its name there; the last part of the URL by default.

    Returns:
        The path of the file.

    Raises:
        InputError: The URL or the SHA-256 is malformed, or the file cannot be had or has other content.
    """
    _check_source(url, sha256)
    folder = cache_dir or Path(torch.hub.get_dir()) / "checkpoints"
    path = folder / (filename or Path(urlsplit(url).path).name)
    if not path.is_file():
        _download(url, sha256.lower(), path)
    elif (found := _hash(path)) != sha256.lower():
        raise InputError(
            f"{path} has the SHA-256 {found} instead of {sha256}: delete it, or put the file from {url} there"
        )
    return path


def _check_source(url: str, sha256: str) -> None:
    if not re.fullmatch("[0-9a-fA-F]{64}", sha256):
        raise InputError(f"{sha256!r} is not a SHA-256: give 64 hexadecimal digits")
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname)):
        raise InputError(f"{url} is not an https address")


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _download(url: str, sha256: str, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(path), hash_prefix=sha256)
    except (OSError, HTTPException, RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            f"{url} cannot be downloaded ({reason}): put the file with SHA-256 {sha256} at {path}"
        ) from None


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(CHUNK):
            digest.update(block)
    return digest.hexdigest()
