import json
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.slow

ALL = "logs"
PATIENCE = 60_000  # milliseconds


class Server:
    """A TensorBoard that serves an output folder."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"

    def get(self, path: str, **body: Any) -> Any:
        data = json.dumps(body).encode() if body else None
        request = urllib.request.Request(f"{self.address}/data/{path}", data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def wait_for(self, run: str, tag: str) -> None:
        for _ in range(PATIENCE // 500):
            try:
                if tag in self.get("plugin/scalars/tags").get(run, {}):
                    return
            except OSError:
                pass
            time.sleep(0.5)
        raise AssertionError(f"TensorBoard has no {tag} of {run}")


@pytest.fixture(params=["true", "false"], ids=["fast", "plain"])
def server(board: Any, request: pytest.FixtureRequest) -> Iterator[Server]:
    """TensorBoard with either of its loaders, on a folder with everything a run leaves."""
    board(images=2)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    flags = ["--logdir", str(board.output), "--port", str(port), "--load_fast", request.param]
    with (board.output.parent / "tensorboard.log").open("w") as log:
        process = subprocess.Popen([sys.executable, "-m", "tensorboard.main", *flags], stdout=log, stderr=log)
        try:
            found = Server(port)
            found.wait_for(ALL, "final/loss")
            yield found
        finally:
            process.terminate()
            process.wait()


def open_dashboard(chromium: Browser, server: Server, name: str, troubles: list[str]) -> Page:
    page = chromium.new_page()
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto(f"{server.address}/#{name}")
    return page


def test_data_are_those_of_the_run(server: Server) -> None:
    assert set(server.get("runs")) == {"logs", "logs/W", "logs/W+", "logs/W++"}
    average = server.get("plugin/scalars/scalars?run=logs%2FW&tag=average%2Ftotal")
    assert [step for _, step, _ in average] == [0, 1, 2]
    images = server.get("plugin/images/tags")
    assert set(images["logs/W"]) == {"image a.jpg/steps", "image b.jpg/steps"}
    assert set(server.get("plugin/text/tags")[ALL]) == {"settings/text_summary", "results/text_summary"}


def test_table_of_settings_and_final_numbers(server: Server) -> None:
    experiment = server.get("plugin/hparams/experiment", experimentName="", includeMetrics=True)
    assert {"degradation", "lr_scale", "optimizer", "schedule"} <= {info["name"] for info in experiment["hparamInfos"]}
    metrics = [info["name"] for info in experiment["metricInfos"]]
    assert metrics[0]["tag"] == "final/fidelity"  # the one that is shown at first
    (group,) = server.get(
        "plugin/hparams/session_groups",
        experimentName="",
        startIndex=0,
        sliceSize=10,
        allowedStatuses=["STATUS_SUCCESS"],
        colParams=[{"metric": name} for name in metrics],
    )["sessionGroups"]
    assert group["hparams"]["perceptual"] == "embedded"
    assert "final/loss" in {value["name"]["tag"] for value in group["metricValues"]}


def test_dashboards_show_it_without_errors(server: Server, chromium: Browser) -> None:
    troubles: list[str] = []
    page = open_dashboard(chromium, server, "timeseries", troubles)
    for text in ("logs/W++", "image b.jpg", "average", "final", "fidelity"):
        expect(page.get_by_text(text, exact=True).first).to_be_attached(timeout=PATIENCE)
    page = open_dashboard(chromium, server, "images", troubles)
    expect(page.get_by_text("image a.jpg/steps").first).to_be_attached(timeout=PATIENCE)
    page = open_dashboard(chromium, server, "text", troubles)
    expect(page.get_by_text(re.compile("optimizer: ngd")).first).to_be_attached(timeout=PATIENCE)
    page = open_dashboard(chromium, server, "hparams", troubles)
    expect(page.get_by_text("lr_scale").first).to_be_attached(timeout=PATIENCE)
    assert troubles == []
