import errno
import hashlib
import multiprocessing
import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import torch

import rsi.storage.transfer
from rsi.errors import InputError
from rsi.storage import download
from rsi.storage.cache import cached_path

CONTENT = bytes(range(256)) * 1024
HALF = len(CONTENT) // 2
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Answers as the first part of the path says; what it was asked for is kept in ``server.asked``."""

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Range"), self.headers.get("If-Range")))  # type: ignore[attr-defined]
        getattr(self, self.path.split("/")[1], self.whole)()

    def start(self, status: int, length: int | None, **headers: str) -> None:
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def whole(self) -> None:
        self.start(200, len(CONTENT))
        self.wfile.write(CONTENT)

    def ranges(self, tag: str = '"v1"', content: bytes = CONTENT, stop: int | None = None) -> None:
        """What a good server does, up to a stop."""
        wanted = self.headers.get("Range")
        if wanted is None or self.headers.get("If-Range", tag) != tag:
            self.start(200, len(content), ETag=tag)
            self.wfile.write(content[:stop])
        else:
            first = int(wanted.removeprefix("bytes=").removesuffix("-"))
            self.start(
                206, len(content) - first, ETag=tag, Content_Range=f"bytes {first}-{len(content) - 1}/{len(content)}"
            )
            self.wfile.write(content[first:])

    def breaks(self) -> None:
        self.ranges(stop=HALF)

    def changes(self) -> None:
        """Another version after every request."""
        self.ranges(tag=f'"v{len(self.server.asked)}"', stop=HALF if len(self.server.asked) == 1 else None)  # type: ignore[attr-defined]

    def ignores(self) -> None:
        """Breaks off once, and sends everything whatever it is asked for."""
        self.start(200, len(CONTENT), ETag='"v1"')
        self.wfile.write(CONTENT[: HALF if len(self.server.asked) == 1 else None])  # type: ignore[attr-defined]

    def cut(self) -> None:
        self.start(200, len(CONTENT))
        self.wfile.write(CONTENT[:HALF])

    def stalls(self) -> None:
        self.start(200, len(CONTENT), ETag='"v1"')
        self.wfile.write(CONTENT[:HALF])
        self.wfile.flush()
        time.sleep(1)

    def announces_more(self) -> None:
        self.start(200, len(CONTENT) + 1)
        self.wfile.write(CONTENT)

    def announces_less(self) -> None:
        self.start(200, len(CONTENT) - 1)
        self.wfile.write(CONTENT)

    def endless(self) -> None:
        self.start(200, None)
        self.wfile.write(CONTENT * 3)

    def wrong(self) -> None:
        self.start(200, len(CONTENT))
        self.wfile.write(CONTENT[::-1])

    def misplaced(self) -> None:
        """The beginning, whatever part was asked for."""
        self.start(206, len(CONTENT), ETag='"v1"', Content_Range=f"bytes 0-{len(CONTENT) - 1}/{len(CONTENT)}")
        self.wfile.write(CONTENT)

    def short(self) -> None:
        """Has less of the file than is already here."""
        self.start(*((416, 0) if self.headers.get("Range") else (200, len(CONTENT))))
        if not self.headers.get("Range"):
            self.wfile.write(CONTENT)

    def slow(self) -> None:
        self.start(200, len(CONTENT))
        for start in range(0, len(CONTENT), HALF):
            time.sleep(0.3)
            self.wfile.write(CONTENT[start : start + HALF])

    def redirect(self) -> None:
        self.start(302, 0, Location=self.path.removeprefix("/redirect"))

    def away(self) -> None:
        self.start(302, 0, Location="http://example.com/net.pkl")

    def loop(self) -> None:
        self.start(302, 0, Location=self.path)

    def missing(self) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    asked: list[tuple[str, str | None, str | None]]

    def handle_error(self, *_: object) -> None:
        pass  # the client has hung up


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as server:
        server.asked = []
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def url(server: Server) -> str:
    return f"http://127.0.0.1:{server.server_port}"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rsi.storage.transfer, "TIMEOUT", 0.3)
    monkeypatch.setattr(rsi.storage.transfer, "PAUSE", 0.0)
    monkeypatch.delenv("RSI_OFFLINE", raising=False)


def fetch(url: str, sha256: str | None, *, size: int | None = None, cache_dir: Path) -> Path:
    """A file from the network, kept in a folder of the test's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(download, "cached_path", lambda url: cache_dir / Path(urlsplit(url).path).name)
        return download.fetch(url, sha256, size=size)


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_a_file_is_downloaded_once(server: Server, url: str, tmp_path: Path) -> None:
    path = fetch(f"{url}/whole/net.pkl?download=1", SHA256.upper(), cache_dir=tmp_path / "new")
    assert path == tmp_path / "new" / "net.pkl"
    assert path.read_bytes() == CONTENT
    assert fetch(f"{url}/whole/net.pkl", SHA256, cache_dir=tmp_path / "new") == path
    assert server.asked == [("/whole/net.pkl?download=1", None, None)]
    assert visible(path.parent) == ["net.pkl"]


def test_it_says_what_it_does(url: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    fetch(f"{url}/whole/net.pkl", SHA256, size=len(CONTENT), cache_dir=tmp_path)
    assert capfd.readouterr().err == "downloading net.pkl, 0.3 MB\n"


def test_the_default_folder_is_that_of_torch_hub(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    assert download.fetch(f"{url}/whole/net.pkl", SHA256) == tmp_path / "checkpoints" / "net.pkl"


def test_a_broken_off_download_goes_on_where_it_was(server: Server, url: str, tmp_path: Path) -> None:
    assert fetch(f"{url}/breaks/x.pkl", SHA256, cache_dir=tmp_path).read_bytes() == CONTENT
    assert [asked[1:] for asked in server.asked] == [(None, None), (f"bytes={HALF}-", '"v1"')]
    assert visible(tmp_path) == ["x.pkl"]


def test_so_does_the_next_process(server: Server, url: str, tmp_path: Path) -> None:
    (tmp_path / "x.pkl.part").write_bytes(CONTENT[:100])
    (tmp_path / "x.pkl.part.version").write_text('"v1"')
    fetch(f"{url}/ranges/x.pkl", SHA256, cache_dir=tmp_path)
    assert [asked[1:] for asked in server.asked] == [("bytes=100-", '"v1"')]


@pytest.mark.parametrize("behaviour", ["changes", "ignores"])
def test_another_version_or_no_ranges_start_anew(server: Server, url: str, tmp_path: Path, behaviour: str) -> None:
    assert fetch(f"{url}/{behaviour}/x.pkl", SHA256, cache_dir=tmp_path).read_bytes() == CONTENT
    assert len(server.asked) == 2


@pytest.mark.parametrize("behaviour", ["ranges", "misplaced", "short", "wrong"])
def test_a_damaged_beginning_is_thrown_away(url: str, tmp_path: Path, behaviour: str) -> None:
    (tmp_path / "x.pkl.part").write_bytes(b"x" * 100)
    if behaviour == "wrong":
        with pytest.raises(InputError, match="what came has the SHA-256"):
            fetch(f"{url}/wrong/x.pkl", SHA256, cache_dir=tmp_path)
        assert visible(tmp_path) == []
    elif behaviour == "misplaced":
        assert fetch(f"{url}/misplaced/x.pkl", SHA256, cache_dir=tmp_path).read_bytes() == CONTENT
    else:
        assert fetch(f"{url}/{behaviour}/x.pkl", SHA256, cache_dir=tmp_path).read_bytes() == CONTENT


def test_a_server_that_always_breaks_off(url: str, tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=rf"{url}/cut/x.pkl cannot be downloaded \(the connection broke off; 0.1 MB are"
    ):
        fetch(f"{url}/cut/x.pkl", SHA256, cache_dir=tmp_path)
    assert (tmp_path / "x.pkl.part").read_bytes() == CONTENT[:HALF]


def test_a_server_that_falls_silent(url: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the server sent nothing for 0.3 s; 0.1 MB are kept, the next try goes on"):
        fetch(f"{url}/stalls/x.pkl", SHA256, cache_dir=tmp_path)
    assert (tmp_path / "x.pkl.part").stat().st_size == HALF
    assert fetch(f"{url}/ranges/x.pkl", SHA256, cache_dir=tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("size", [None, len(CONTENT)])
@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ("announces_more", "the connection broke off|announces 262145 bytes instead of 262144"),
        ("announces_less", "what came has the SHA-256|announces 262143 bytes instead of 262144"),
        ("endless", "what came has the SHA-256|sends more than 262144 bytes"),
        ("wrong", rf"what came has the SHA-256 {hashlib.sha256(CONTENT[::-1]).hexdigest()} and was removed"),
    ],
)
def test_lies(url: str, tmp_path: Path, behaviour: str, message: str, size: int | None) -> None:
    expected = f"{size} bytes, SHA-256 {SHA256}" if size else f"SHA-256 {SHA256}"
    with pytest.raises(
        InputError, match=rf"cannot be downloaded \((the server )?({message}).*put the file .*{expected}\) at .*x.pkl"
    ):
        fetch(f"{url}/{behaviour}/x.pkl", SHA256, size=size, cache_dir=tmp_path)
    assert not (tmp_path / "x.pkl").exists()


def test_redirects(url: str, tmp_path: Path) -> None:
    assert fetch(f"{url}/redirect/whole/x.pkl", SHA256, cache_dir=tmp_path).read_bytes() == CONTENT
    with pytest.raises(InputError, match=r"it redirects to http://example.com/net.pkl, not an https address"):
        fetch(f"{url}/away/y.pkl", SHA256, cache_dir=tmp_path)
    with pytest.raises(InputError, match="more than 5 redirects"):
        fetch(f"{url}/loop/y.pkl", SHA256, cache_dir=tmp_path)
    with pytest.raises(InputError, match=r"it redirects to http://localhost/x"):
        rsi.storage.transfer.check_address("http://localhost/x", origin="https://example.com")


def test_a_corrupted_file_in_the_cache_is_refused_and_left(url: str, tmp_path: Path) -> None:
    path = tmp_path / "net.pkl"
    path.write_bytes(CONTENT[:-1] + b"x")
    with pytest.raises(
        InputError, match=rf"{path} has the SHA-256 [0-9a-f]+ instead of {SHA256}: delete it, or .* {url}"
    ):
        fetch(f"{url}/net.pkl", SHA256, cache_dir=tmp_path)
    assert path.exists()


def test_a_file_that_is_not_on_the_server(server: Server, url: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be downloaded \(HTTP 404 Not Found\)"):
        fetch(f"{url}/missing/x", SHA256, cache_dir=tmp_path)
    assert len(server.asked) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_full_disk(url: str, tmp_path: Path) -> None:
    (tmp_path / "x.pkl.part").symlink_to("/dev/full")
    with pytest.raises(InputError, match=rf"No space left on device\): make space in {tmp_path}$"):
        fetch(f"{url}/whole/x.pkl", SHA256, cache_dir=tmp_path)


def test_without_a_server_a_cached_file_still_serves(tmp_path: Path) -> None:
    url = "http://127.0.0.1:9/net.pkl"
    with pytest.raises(InputError, match=rf"no connection to 127.0.0.1\): .*SHA-256 {SHA256}\) at {tmp_path}/net.pkl"):
        fetch(url, SHA256, cache_dir=tmp_path)
    (tmp_path / "net.pkl").write_bytes(CONTENT)
    assert fetch(url, SHA256, cache_dir=tmp_path).read_bytes() == CONTENT


def test_offline(server: Server, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RSI_OFFLINE", "1")
    with pytest.raises(
        InputError, match=rf"{tmp_path}/x.pkl is missing and downloads are switched off: put .*{SHA256}"
    ):
        fetch(f"{url}/x.pkl", SHA256, cache_dir=tmp_path)
    (tmp_path / "x.pkl").write_bytes(CONTENT)
    assert fetch(f"{url}/x.pkl", SHA256, cache_dir=tmp_path).read_bytes() == CONTENT
    assert server.asked == []


def test_a_file_that_nobody_vouches_for_has_to_stay_the_same(url: str, tmp_path: Path) -> None:
    path = fetch(f"{url}/whole/x.pkl", None, cache_dir=tmp_path)
    assert (tmp_path / "x.pkl.sha256").read_text() == f"{SHA256}  x.pkl\n"
    assert fetch(f"{url}/whole/x.pkl", None, cache_dir=tmp_path) == path
    path.write_bytes(CONTENT[::-1])
    with pytest.raises(InputError, match=rf"instead of {SHA256}: delete it, or put the file .*SHA-256 unknown"):
        fetch(f"{url}/whole/x.pkl", None, cache_dir=tmp_path)


def test_nor_is_a_part_of_it_trusted_without_a_version(server: Server, url: str, tmp_path: Path) -> None:
    (tmp_path / "x.pkl.part").write_bytes(b"x" * 100)
    assert fetch(f"{url}/ranges/x.pkl", None, cache_dir=tmp_path).read_bytes() == CONTENT
    assert [asked[1] for asked in server.asked] == [None]


def _fetch(url: str, folder: Path, results: Any) -> None:
    results.put(fetch(url, SHA256, cache_dir=folder).read_bytes() == CONTENT)


def test_one_process_downloads_and_the_others_wait(
    server: Server, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rsi.storage.transfer, "TIMEOUT", 10)
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    arguments = f"{url}/slow/x.pkl", tmp_path, results
    processes = [context.Process(target=_fetch, args=arguments) for _ in range(3)]
    for process in processes:
        process.start()
    assert [results.get(timeout=30) for _ in processes] == [True] * 3
    for process in processes:
        process.join()
    assert len(server.asked) == 1


def test_cache_that_cannot_be_written_still_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.pkl"
    path.write_bytes(CONTENT)
    monkeypatch.setattr(Path, "touch", refuse)  # root may write anywhere, whatever the modes
    assert fetch("https://example.com/x.pkl", None, cache_dir=tmp_path) == path
    assert fetch("https://example.com/x.pkl", SHA256, cache_dir=tmp_path) == path
    assert (
        f"{path}.sha256 cannot be written (Read-only file system): x.pkl is trusted as it is" in capsys.readouterr().err
    )
    assert visible(tmp_path) == ["x.pkl"]


def refuse(path: Path, **more: object) -> None:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))


def test_without_a_home_nothing_is_put_into_a_folder_named_tilde(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as for a user without an entry in passwd
    for variable in ("HOME", "TORCH_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(InputError, match="this user has no home folder to keep files in: set TORCH_HOME to a folder"):
        download.fetch("https://example.com/x.pkl", SHA256)
    assert visible(tmp_path) == []
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert cached_path("https://example.com/x.pkl") == tmp_path / "hub" / "checkpoints" / "x.pkl"


@pytest.mark.skipif(find_spec("socks") is not None, reason="PySocks is installed")
@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY", "all_proxy"])
@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks4"])
def test_socks_proxy_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, scheme: str
) -> None:
    monkeypatch.setenv(variable, f"{scheme}://me:secret@127.0.0.1:9")
    with pytest.raises(InputError, match=rf"the proxy {scheme}://127.0.0.1:9 needs PySocks: pip install PySocks\)"):
        fetch("https://example.com/x.pkl", SHA256, cache_dir=tmp_path)


@pytest.mark.parametrize(
    ("proxy", "message"),
    [
        ("http://127.0.0.1:9", "no connection to the proxy http://127.0.0.1:9"),
        ("127.0.0.1:9", "no connection to the proxy 127.0.0.1:9"),
        ("ftp://127.0.0.1:9", "the proxy ftp://127.0.0.1:9 cannot be used: Proxy URL had unsupported scheme ftp"),
        ("http://", "the proxy http:// cannot be used: Please check proxy URL"),
    ],
)
def test_proxy_that_does_not_work_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proxy: str, message: str
) -> None:
    monkeypatch.setenv("https_proxy", proxy)
    with pytest.raises(InputError, match=f"cannot be downloaded \\({message}"):
        fetch("https://example.com/x.pkl", SHA256, cache_dir=tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/a",
        "file:///etc/passwd",
        "ftp://127.0.0.1/a",
        "http://127.0.0.1.example.com/a",
        "https:///a",
        "a",
    ],
)
def test_other_addresses(url: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not an https address"):
        fetch(url, SHA256, cache_dir=tmp_path)


@pytest.mark.parametrize("sha256", ["", "abc", "g" * 64, SHA256 + "\n"])
def test_malformed_checksums(sha256: str) -> None:
    with pytest.raises(InputError, match="is not a SHA-256: give 64 hexadecimal digits"):
        download.fetch("https://example.com/a", sha256)
