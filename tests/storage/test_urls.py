import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image
from processes import flags, make_images

from rsi.commands.main import main
from rsi.results.folder import ResultFolder
from rsi.storage.location import file_system, locate


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def memory() -> Iterator[str]:
    """The URL of a folder in memory."""
    yield "memory://urls"
    system, path = file_system(locate("memory://urls"))
    system.rm(path, recursive=True)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The URL of a folder of three images, one in a folder inside it, that a web server shows."""
    folder = make_images(tmp_path / "served", 2)
    make_images(folder / "sub", 1)
    handler = functools.partial(_Silent, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/served"
        server.shutdown()


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its name
        return None


def test_targets_and_results_by_url(
    memory: str, tiny_generator: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    targets, local = make_images(tmp_path / "targets", 2), tmp_path / "local"
    remote = locate(f"{memory}/in")
    (remote / "sub").mkdir(parents=True)
    for name, place in (("0.jpg", remote / "0.jpg"), ("1.jpg", remote / "sub" / "[1].jpg")):
        place.write_bytes((targets / name).read_bytes())
    command = flags(Path("in"), Path("out"), tiny_generator)
    command[command.index("in")], command[command.index("out")] = f"{memory}/in", f"{memory}/out"
    assert main(command) == 0
    assert main(flags(targets, local, tiny_generator)) == 0
    results = locate(f"{memory}/out")
    assert (results / "0.png").read_bytes() == (local / "0.png").read_bytes()
    for name in ("sub/[1].png", "comparisons/0.png", "latents/0.safetensors", "config.yaml", "results.csv"):
        assert (results / name).is_file()
    assert [row.file for row in ResultFolder(f"{memory}/out").rows()] == ["0.jpg", "sub/[1].jpg"]
    assert any(path.name.startswith("events.out") for path in (results / "logs").rglob("*"))
    capsys.readouterr()
    assert main(command) == 0
    assert "2 of them finished before" in capsys.readouterr().out
    (results / "0.png").unlink()
    assert main(command) == 0
    assert (results / "0.png").read_bytes() == (local / "0.png").read_bytes()
    assert main([*command, "--seed", "1"]) == 2
    assert "memory://urls/out holds results of another seed: choose another" in capsys.readouterr().err
    assert not list((tmp_path / "cache").rglob("*.png"))


def test_targets_of_a_web_server(served: str, tiny_generator: Path, tmp_path: Path) -> None:
    command = flags(Path("in"), tmp_path / "out", tiny_generator)
    command[command.index("in")] = served
    assert main(command) == 0
    assert [row.file for row in ResultFolder(tmp_path / "out").rows()] == ["0.jpg", "1.jpg", "sub/0.jpg"]


def test_masks_by_url(memory: str, tiny_generator: Path, tmp_path: Path) -> None:
    masks = locate(f"{memory}/masks")
    masks.mkdir(parents=True)
    mask = Image.new("L", (32, 32), "white")
    mask.paste(0, (8, 8, 20, 20))
    with (masks / "0.png").open("wb") as file:
        mask.save(file, "PNG")
    more = {"mask_dir": f"{memory}/masks", "degradation": "inpaint"}
    assert main(flags(make_images(tmp_path / "targets", 2), tmp_path / "out", tiny_generator, **more)) == 1
    rows = {row.file: row for row in ResultFolder(tmp_path / "out").rows()}
    assert rows["0.jpg"].status == "restored"
    assert rows["1.jpg"].notes == "'1.jpg' has no mask: put it at 'memory://urls/masks/1.png'"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nowhere://faces", "rsi: nowhere://faces cannot be opened: Unsupported filesystem: 'nowhere'"),
        ("http://127.0.0.1:1/faces", "rsi: http://127.0.0.1:1/faces cannot be reached: Cannot connect to host"),
        ("memory://nowhere", "rsi: the target folder 'memory://nowhere' does not exist"),
    ],
)
def test_url_that_cannot_be_read(
    url: str, message: str, tiny_generator: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = flags(Path("in"), tmp_path / "out", tiny_generator)
    command[command.index("in")] = url
    assert main(command) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith(message)


def test_file_url_is_a_path(tiny_generator: Path, tmp_path: Path) -> None:
    targets = make_images(tmp_path / "targets", 1)
    command = flags(targets, tmp_path / "out", tiny_generator)
    command[command.index(str(targets))] = targets.as_uri()
    assert main(command) == 0
    assert (tmp_path / "out" / "0.png").is_file()
    assert not (tmp_path / "cache" / "rsi").exists()
