import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from rsi.commands.main import main


def test_other_hosts_are_refused(app: Any) -> None:
    assert requests.get(app.url, timeout=30).status_code == 200
    assert requests.get(app.url, headers={"Host": "evil.example"}, timeout=30).status_code == 400


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
def test_other_origins_send_nothing(app: Any, origin: str) -> None:
    answer = requests.post(
        f"{app.url}/gradio_api/upload", files={"files": b"x"}, headers={"Origin": origin}, timeout=30
    )
    assert answer.status_code == 403
    assert answer.text == "this page takes nothing from other sites"


def test_own_origin_sends(app: Any) -> None:
    answer = requests.post(
        f"{app.url}/gradio_api/upload", files={"files": b"x"}, headers={"Origin": app.url}, timeout=30
    )
    assert answer.status_code == 200


def test_files_outside_are_refused(app: Any, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    for path in (tmp_path / "secret.txt", "/etc/hostname", f"{app.folder}/../secret.txt"):
        answer = requests.get(f"{app.url}/gradio_api/file={path}", timeout=30)
        assert answer.status_code in (403, 404)


def test_too_large_files_are_refused(serve_app: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rsi.app.server.LARGEST", "1kb")
    app = serve_app()
    answer = requests.post(f"{app.url}/gradio_api/upload", files={"files": b"x" * 4096}, timeout=30)
    assert answer.status_code == 413
    assert not [path for path in app.folder.rglob("*") if path.is_file() and path.stat().st_size > 1024]


def test_password_is_asked_for(serve_app: Callable[..., Any]) -> None:
    app = serve_app(auth=("ann", "secret"))
    assert requests.get(f"{app.url}/config", timeout=30).status_code == 401
    session = requests.Session()
    assert session.post(f"{app.url}/login", data={"username": "ann", "password": "x"}, timeout=30).status_code == 400
    assert session.post(f"{app.url}/login", data={"username": "ann", "password": "secret"}, timeout=30).ok
    assert session.get(f"{app.url}/config", timeout=30).status_code == 200


def test_host_beyond_the_machine_needs_a_password(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["app", "--host", "0.0.0.0", "--no_browser"]) == 2
    assert "say with --auth USER:PASSWORD who may enter" in capsys.readouterr().err


def test_recipe_without_a_schedule_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["app", "--quick", "adam", "--no_browser"]) == 2
    assert "the recipe adam has no model.schedule" in capsys.readouterr().err


@pytest.mark.slow
def test_command_prints_where_it_is_and_cleans_up() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "rsi", "app", "--no_browser"], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[0]
        assert requests.get(url, timeout=30).status_code == 200
        process.send_signal(2)
        process.wait(60)
    assert url.startswith("http://127.0.0.1:")
    assert process.returncode == 0
