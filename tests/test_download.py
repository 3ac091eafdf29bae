import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch

from rsi.download import fetch
from rsi.errors import InputError

CONTENT = bytes(range(256)) * 100
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/missing"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT[: len(CONTENT) // 2] if self.path.startswith("/cut") else CONTENT)
        self.server.served.append(self.path)  # type: ignore[attr-defined]

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.served = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def url(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_port}"


def test_a_file_is_downloaded_once(server: ThreadingHTTPServer, url: str, tmp_path: Path) -> None:
    path = fetch(f"{url}/net.pkl?download=1", SHA256.upper(), cache_dir=tmp_path / "new")
    assert path == tmp_path / "new" / "net.pkl"
    assert path.read_bytes() == CONTENT
    assert fetch(f"{url}/net.pkl", SHA256, cache_dir=tmp_path / "new") == path
    assert server.served == ["/net.pkl?download=1"]  # type: ignore[attr-defined]
    assert list(path.parent.iterdir()) == [path]


def test_the_default_folder_is_that_of_torch_hub(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    assert fetch(f"{url}/a", SHA256, filename="b.pkl") == tmp_path / "checkpoints" / "b.pkl"


def test_wrong_bytes_are_not_kept(url: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"{url}/x.pkl cannot .* put the file with SHA-256 {'0' * 64} at .*x.pkl"):
        fetch(f"{url}/x.pkl", "0" * 64, cache_dir=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_cut_off_download_is_not_kept(url: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be downloaded"):
        fetch(f"{url}/cut.pkl", SHA256, cache_dir=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_corrupted_file_in_the_cache_is_refused_and_left(url: str, tmp_path: Path) -> None:
    path = tmp_path / "net.pkl"
    path.write_bytes(CONTENT[:-1] + b"x")
    with pytest.raises(
        InputError, match=rf"{path} has the SHA-256 [0-9a-f]+ instead of {SHA256}: delete it, or .* {url}"
    ):
        fetch(f"{url}/net.pkl", SHA256, cache_dir=tmp_path)
    assert path.exists()


def test_a_file_that_is_not_on_the_server(url: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be downloaded \(HTTP Error 404"):
        fetch(f"{url}/missing", SHA256, cache_dir=tmp_path)


def test_without_a_server_a_cached_file_still_serves(tmp_path: Path) -> None:
    url = "http://127.0.0.1:9/net.pkl"
    with pytest.raises(InputError, match=rf"put the file with SHA-256 {SHA256} at {tmp_path}/net.pkl"):
        fetch(url, SHA256, cache_dir=tmp_path)
    (tmp_path / "net.pkl").write_bytes(CONTENT)
    assert fetch(url, SHA256, cache_dir=tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/a",
        "file:///etc/passwd",
        "ftp://127.0.0.1/a",
        "http://127.0.0.1.example.com/a",
        "a",
    ],
)
def test_other_addresses(url: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not an https address"):
        fetch(url, SHA256, cache_dir=tmp_path)


@pytest.mark.parametrize("sha256", ["", "abc", "g" * 64, SHA256 + "\n"])
def test_malformed_checksums(sha256: str) -> None:
    with pytest.raises(InputError, match="is not a SHA-256: give 64 hexadecimal digits"):
        fetch("https://example.com/a", sha256)
