"""The hub is played by a server on this machine."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from apparel_eye.errors import SystemEnvironmentError, UsageError
from apparel_eye.networks import hub

COMMIT = "0123456789abcdef0123456789abcdef01234567"
WEIGHTS = bytes(range(256)) * 64
PAGE = b"<html>Please log in</html>"

FETCH = """
import json, sys
from apparel_eye.errors import ApparelEyeError
from apparel_eye.networks.hub import cached, check_reachable, fetch

connected, slept = [], []

def count(event, arguments):
    if event in ("socket.connect", "time.sleep"):
        (connected if event == "socket.connect" else slept).append(arguments[-1])

sys.addaudithook(count)
for step in sys.argv[1:]:
    action, name = step.split()
    if action == "flip":
        content = bytearray(path.read_bytes())
        content[7] ^= 1
        path.resolve().write_bytes(content)
        continue
    try:
        if action == "fetch":
            path = fetch(name)
            result = {"path": str(path)}
        else:
            result = {"cached": str(cached(name)), "asked": check_reachable(name)}
    except ApparelEyeError as error:
        result = {"exit_code": error.exit_code, "message": str(error)}
    print(json.dumps({**result, "connections": len(connected), "slept": sum(slept)}), flush=True)
"""


class Hub(BaseHTTPRequestHandler):
    """Answers by the architecture that is asked for."""

    asked: list[str] = []

    def do_HEAD(self) -> None:
        self.answer(len(WEIGHTS))

    def do_GET(self) -> None:
        contents = {"test_vit2": PAGE.ljust(len(WEIGHTS)), "test_convnext": PAGE}
        content = contents.get(self.architecture, WEIGHTS)
        self.answer(len(content))
        self.wfile.write(content)

    @property
    def architecture(self) -> str:
        return self.path.removeprefix("/timm/").partition(".")[0]

    def answer(self, length: int) -> None:
        self.asked.append(self.path)
        self.send_response(404 if self.architecture == "test_efficientnet" else 200)
        self.send_header("Content-Length", str(length))
        if self.architecture == "test_vit":
            self.send_header("Content-Type", "text/html")
        elif self.architecture == "test_efficientnet":
            self.send_header("X-Error-Code", "EntryNotFound")
        else:
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("ETag", f'"{hashlib.sha256(WEIGHTS).hexdigest()}"')
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def environment(endpoint: str, home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    return {**kept, "HF_ENDPOINT": endpoint, "HF_HOME": str(home), "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}


def fetched(steps: list[str], endpoint: str, home: Path, *prefix: str) -> list[dict[str, Any]]:
    command = [*prefix, sys.executable, "-c", FETCH, *steps]
    done = subprocess.run(command, env=environment(endpoint, home), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hub")


@pytest.fixture(scope="module")
def answers(home: Path) -> dict[str, dict[str, Any]]:
    """Of a process that fetches one file after the other, by what happens to it."""
    steps = {
        "whole": "fetch test_resnet",
        "cached": "fetch test_resnet",
        "": "flip test_resnet",
        "changed in the cache": "fetch test_resnet",
        "fetched again": "fetch test_resnet",
        "page": "fetch test_vit",
        "page of the right length": "fetch test_vit2",
        "page as the file": "fetch test_convnext",
        "not there": "fetch test_efficientnet",
        "asked for what is cached": "ask test_resnet",
        "asked for what is not": "ask test_nfnet",
        "asked for what the hub lacks": "ask test_efficientnet",
    }
    with served() as endpoint:
        return dict(zip(filter(None, steps), fetched(list(steps.values()), endpoint, home), strict=True))


def test_a_file_is_fetched_as_it_is(answers: dict[str, dict[str, Any]]) -> None:
    assert Path(answers["whole"]["path"]).read_bytes() == WEIGHTS


def test_a_file_is_fetched_once(answers: dict[str, dict[str, Any]]) -> None:
    assert answers["cached"]["path"] == answers["whole"]["path"]
    fetches = [path for path in Hub.asked if path.startswith("/timm/test_resnet.") and COMMIT in path]
    assert len(fetches) == 2 * 2  # question and answer, at first and after the damage


@pytest.mark.fault(105)
@pytest.mark.parametrize("damage", ["changed in the cache", "page", "page of the right length"])
def test_what_is_not_the_hubs_file_is_refused(answers: dict[str, dict[str, Any]], damage: str) -> None:
    assert answers[damage]["exit_code"] == 4
    assert "hash mismatch" in answers[damage]["message"]


@pytest.mark.fault(105)
def test_a_page_in_the_place_of_the_file_is_refused(answers: dict[str, dict[str, Any]]) -> None:
    assert answers["page as the file"]["exit_code"] == 4
    assert f"should be of size {len(WEIGHTS)} but has size {len(PAGE)}" in answers["page as the file"]["message"]


@pytest.mark.fault(105)
def test_a_bad_file_is_removed(answers: dict[str, dict[str, Any]], home: Path) -> None:
    assert Path(answers["fetched again"]["path"]).read_bytes() == WEIGHTS
    kept = [path for path in home.rglob("*") if path.is_file() and path.read_bytes().startswith(PAGE[:6])]
    assert kept == []


def test_a_file_that_the_hub_lacks_is_named(answers: dict[str, dict[str, Any]]) -> None:
    assert answers["not there"]["exit_code"] == 4
    assert "/timm/test_efficientnet.r160_in1k/resolve/main/model.safetensors" in answers["not there"]["message"]


def test_the_hub_can_be_asked_without_fetching(answers: dict[str, dict[str, Any]]) -> None:
    assert answers["asked for what is cached"]["cached"] == answers["fetched again"]["path"]
    assert answers["asked for what is not"]["cached"] == "None"
    assert [path for path in Hub.asked if path.startswith("/timm/test_nfnet.") and COMMIT in path] == []
    assert "cannot be had from the hub" in answers["asked for what the hub lacks"]["message"]


@pytest.mark.fault(104)
def test_what_was_fetched_is_there_without_a_network(answers: dict[str, dict[str, Any]], home: Path) -> None:
    [again] = fetched(["fetch test_resnet"], "http://127.0.0.1:9", home)
    assert again["path"] == answers["fetched again"]["path"]


@pytest.mark.fault(104)
def test_without_a_network_the_ways_out_are_told_after_few_attempts(tmp_path: Path) -> None:
    apart = ["unshare", "--map-root-user", "--net"]
    if not shutil.which("unshare") or subprocess.run([*apart, "true"], capture_output=True, check=False).returncode:
        apart = []  # where that is not allowed, nobody answers at the port
    [answer] = fetched(["fetch test_resnet"], "http://127.0.0.1:9", tmp_path, *apart)
    assert answer["exit_code"] == 4
    assert answer["connections"] <= 4
    assert answer["slept"] <= 1
    for part in (
        "the weights of test_resnet cannot be had from the hub",
        "/timm/test_resnet.r160_in1k/resolve/main/model.safetensors",
        "`hf download timm/test_resnet.r160_in1k model.safetensors --local-dir weights`",
        "--params train.pretrained=weights/model.safetensors",
        "--env=cpu",
    ):
        assert part in answer["message"]


@pytest.mark.fault(104)
def test_a_name_server_that_keeps_silent_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    answered, waited = Event(), []

    def keep_silent(url: str, timeout: float) -> None:
        waited.append(timeout)
        answered.wait()

    monkeypatch.setattr(hub, "get_hf_file_metadata", keep_silent)
    monkeypatch.setattr(hub, "try_to_load_from_cache", lambda repository, file, revision: None)
    with pytest.raises(SystemEnvironmentError, match="cannot be had from the hub"):
        hub.fetch("test_resnet")
    answered.set()
    assert waited == [hub._TIMEOUT]
    assert hub._TIMEOUT < 5


def test_weights_that_are_not_on_the_hub_are_refused() -> None:
    with pytest.raises(UsageError, match=r"hub has no weights of legacy_seresnet50\.in1k.*train\.pretrained=FILE"):
        hub.fetch("legacy_seresnet50.in1k")
