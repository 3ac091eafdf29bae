"""Addresses that files may be had from."""

import ipaddress
from urllib.parse import urlsplit

from rsi.errors import InputError


def check_address(url: str, origin: str = "") -> None:
    """Refuse an address that anyone on the way could answer for.

    Args:
        url: The address: https, or http on this machine.
        origin: The address that redirects to it; from https nothing leads back to http.

    Raises:
        InputError: The address is another one.
    """
    parts = urlsplit(url)
    local = parts.scheme == "http" and _is_loopback(parts.hostname) and not origin.startswith("https:")
    if not (local or (parts.scheme == "https" and parts.hostname)):
        raise InputError(f"it redirects to {url}, not an https address" if origin else f"{url} is not an https address")


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
