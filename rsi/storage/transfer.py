"""One file over HTTP, going on where an earlier transfer broke off."""

import ipaddress
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests
from requests.exceptions import InvalidSchema, InvalidURL, ProxyError
from requests.utils import get_environ_proxies, select_proxy

from rsi.errors import InputError

BLOCK = 2**14  # bytes; of one that is not whole nothing is kept
ENOUGH = 2**20  # bytes that make an attempt worth it
TIMEOUT = 30.0  # seconds without a byte
PAUSE = 1.0  # seconds before another attempt
ATTEMPTS = 3  # in a row that bring less than that
MAX_REDIRECTS = 5
REDIRECTS = (301, 302, 303, 307, 308)

Progress = Callable[[int, int | None], None]


class BrokenOffError(Exception):
    """A transfer ended before the file did; another attempt may go on."""


@dataclass(frozen=True)
class Transfer:
    """A file on its way.

    Attributes:
        url: Where it is; see :func:`check_address`.
        part: Where its bytes are collected; beside it ``.version`` keeps which version of the file they are of.
        size: How many bytes the file has; ``None`` if unknown.
        checked: The whole file will be compared with a checksum, so that going on with an unknown version is safe.
    """

    url: str
    part: Path
    size: int | None
    checked: bool

    def run(self, progress: Progress) -> None:
        """Receive what is missing of the file, in several attempts if it breaks off.

        Args:
            progress: Told the bytes so far and all bytes, if known.

        Raises:
            InputError: The server has no such file, or one of another size, or sends nothing any more; what it has sent
                is kept. Or the proxy of the environment cannot be used.
        """
        fruitless = 0
        while True:
            before = self.received
            try:
                return self._attempt(progress)
            except (InvalidSchema, InvalidURL) as error:  # of a proxy: the address itself has been checked
                raise InputError(self._describe_proxy(error)) from None
            except (BrokenOffError, requests.RequestException) as error:
                fruitless = 0 if self.received - before >= ENOUGH else fruitless + 1
                if fruitless == ATTEMPTS:
                    raise InputError(self._describe(error)) from None
            time.sleep(PAUSE)

    @property
    def received(self) -> int:
        """How many bytes are there."""
        return self.part.stat().st_size if self.part.is_file() else 0

    def discard(self) -> None:
        """Remove what is there."""
        self.part.unlink(missing_ok=True)
        self._version_file.unlink(missing_ok=True)

    @property
    def _version_file(self) -> Path:
        return self.part.with_name(f"{self.part.name}.version")

    def _attempt(self, progress: Progress) -> None:
        with requests.Session() as session, _open(session, self.url, self._headers()) as response:
            offset, total = self._place(response)
            if self.size is not None and total not in (None, self.size):
                raise InputError(f"the server announces {total} bytes instead of {self.size}")
            self._remember_version(response)
            self._append(response, offset, lambda count: progress(count, total))
        if total is not None and self.received < total:
            raise BrokenOffError(f"it broke off after {self.received} of {total} bytes")

    def _headers(self) -> dict[str, str]:
        """Ask for the rest of the same version of the file."""
        headers = {"Accept-Encoding": "identity", "User-Agent": "rsi"}
        version = self._version_file.read_text() if self._version_file.is_file() else ""
        if self.received and not version and not self.checked:
            self.discard()
        if self.received:
            headers["Range"] = f"bytes={self.received}-"
            headers |= {"If-Range": version} if version else {}
        return headers

    def _place(self, response: requests.Response) -> tuple[int, int | None]:
        """Where in the file the answer begins, and how long the whole file is."""
        if response.status_code == 206:
            found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
            if found and int(found[1]) == self.received:
                return self.received, None if found[2] == "*" else int(found[2])
        elif response.status_code == 200:
            length = response.headers.get("Content-Length", "")
            return 0, int(length) if length.isdecimal() else None
        elif response.status_code != 416:
            raise InputError(f"HTTP {response.status_code} {response.reason}")
        self.discard()  # the server means another part of the file, or has less of it than is here
        raise BrokenOffError("the server sent another part of the file than asked for")

    def _remember_version(self, response: requests.Response) -> None:
        """Keep the entity tag, if it is a strong one, or the date."""
        tag = response.headers.get("ETag", "")
        self._version_file.write_text(tag if tag.startswith('"') else response.headers.get("Last-Modified", ""))

    def _append(self, response: requests.Response, offset: int, progress: Callable[[int], None]) -> None:
        with self.part.open("r+b" if offset else "wb") as file:
            file.seek(offset)
            for chunk in response.iter_content(BLOCK):
                file.write(chunk)
                progress(file.tell())
                if self.size is not None and file.tell() > self.size:
                    self.discard()
                    raise InputError(f"the server sends more than {self.size} bytes")

    def _describe(self, error: Exception) -> str:
        if isinstance(error, requests.Timeout) or "timed out" in str(error):
            reason = f"the server sent nothing for {TIMEOUT:g} s"
        elif isinstance(error, ProxyError):
            reason = f"no connection to the proxy {self._proxy()}"
        elif isinstance(error, requests.ConnectionError):
            reason = f"no connection to {urlsplit(self.url).hostname}"
        else:
            reason = "the connection broke off" if isinstance(error, requests.RequestException) else str(error)
        kept = f"; {self.received / 1e6:.1f} MB are kept, the next try goes on there" if self.received else ""
        return f"{reason}{kept}"

    def _describe_proxy(self, error: Exception) -> str:
        if "SOCKS" in str(error):
            return f"the proxy {self._proxy()} needs PySocks: pip install PySocks"
        return f"the proxy {self._proxy()} cannot be used: {error}"

    def _proxy(self) -> str:
        """The proxy that the environment names, without its password."""
        proxy = select_proxy(self.url, get_environ_proxies(self.url)) or ""
        scheme, separator, rest = proxy.rpartition("://")
        return f"{scheme}{separator}{rest.rpartition('@')[2]}"


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


def _open(session: requests.Session, url: str, headers: dict[str, str]) -> requests.Response:
    """The answer to a request, after redirects that are allowed."""
    for _ in range(MAX_REDIRECTS + 1):
        response = session.get(url, headers=headers, stream=True, timeout=TIMEOUT, allow_redirects=False)
        if response.status_code not in REDIRECTS:
            return response
        target = urljoin(url, response.headers.get("Location", ""))
        response.close()
        check_address(target, origin=url)
        url = target
    raise InputError(f"more than {MAX_REDIRECTS} redirects")
