"""README, docs and CONTRIBUTING are typed in, in a copy of the project with the sizes of `--env=test` everywhere."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from waiting import wait_until

ROOT = Path(__file__).parents[1]
ACTIVATE = "source .venv/bin/activate"
COMPLETE = 'eval "$(_APPAREL_EYE_COMPLETE=bash_source apparel-eye)"'
MISSPELT = "kedro run --params train.bakbone=resnet50"
SERVE = (
    "MLFLOW_TRACKING_URI=sqlite:///mlflow.db mlflow models serve -m models:/apparel-eye-skirt_length@best "
    "--env-manager=local"
)
REQUEST = (
    """echo '{"dataframe_records": [{"photo": "'$(base64 -w0 skirt.jpg)'", "name": "skirt.jpg"}, """
    """{"photo": "PGh0bWw+"}]}' > request.json"""
)
ASK = "curl -s http://127.0.0.1:5000/invocations -H 'Content-Type: application/json' -d @request.json"


@dataclass(frozen=True)
class Ends:
    """A command that ends: what it says, what it makes below the project, and how it leaves."""

    says: str = ""
    makes: tuple[str, ...] = ()
    exit_code: int = 0


@dataclass(frozen=True)
class Serves:
    """A command that goes on: what asks its server, a path or another command, and a part of the answer."""

    asked: str
    answer: str


COMMANDS: dict[str, Ends | Serves | None] = {
    "make demo": Ends("Submitted candidate", ("data/demo/07_model_output/skirt_length/submission.csv",)),
    "make test": None,  # runs this
    ACTIVATE: Ends(),
    "kedro run --env=cpu --params raw=photos,category=heel_height": Ends(
        "There is no question.csv", ("data/08_reporting/heel_height/scores.json",)
    ),
    "apparel-eye predict new_photos --category heel_height": Ends(
        "predictions",
        ("data/07_model_output/heel_height/predictions.csv", "data/08_reporting/heel_height/contact_sheet.png"),
    ),
    "make mlflow": Serves("/", "<title>MLflow</title>"),
    "make viz": Serves("/api/main", "train.large"),
    COMPLETE: Ends(),
    "apparel-eye doctor --env=demo": Ends("categories: skirt_length"),
    "apparel-eye parameters train.loss --env=cpu": Ends("train.loss.name"),
    "kedro viz run --env=demo": Serves("/api/main", "train.large"),
    "KEDRO_ENV=demo kedro viz build --include-previews": Ends("build", ("build/index.html", "build/api/main")),
    "kedro run --env=demo --params boost.xgboost.max_depth=3,report.num_mistakes=6": Ends(
        "train.large · fine_tune: finished before", ("data/demo/06_models/skirt_length/xgboost.json",)
    ),
    MISSPELT: Ends("did you mean train.backbone?", exit_code=2),
    "python -m drawn_garments data/01_raw --categories coat_length --photos 20 --questions 5": Ends(
        "", ("data/01_raw/base/Annotations/label.csv",)
    ),
    "kedro run --env=cpu --pipeline=train --params category=coat_length": Ends(
        "train.large · fine_tune", ("data/06_models/coat_length/large.safetensors",)
    ),
    "kedro run --env=cpu --pipeline=predict --params photos=new_photos,category=heel_height": Ends("predictions"),
    "apparel-eye register --env=demo --category skirt_length": Ends("is now version 1 of apparel-eye-skirt_length"),
    SERVE: Serves(ASK, "HTML (download error page?)"),
    REQUEST: Ends("", ("request.json",)),
    ASK: None,  # asked while the server runs
    "make lint": Ends("Contracts: "),
    "make docs": Ends("", ("build/site/index.html", "build/site/parameters.html")),
    "python docs/draw_garments.py data/demo": Ends("", ("docs/garments.png",)),
    "make clean": Ends(),
}


def commands_of(text: str) -> list[str]:
    """Lines of the code blocks for a shell, in order."""
    blocks = re.findall(r"^```(?:console|bash|sh|shell)\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines() if line.strip()]


def files_of(nav: list[object]) -> Iterator[str]:
    """Pages of the site in the order of its menu."""
    for entry in nav:
        for page in entry.values() if isinstance(entry, dict) else [entry]:
            yield from files_of(page) if isinstance(page, list) else [str(page)]


SITE = yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
PAGES = [ROOT / "README.md", *(ROOT / "docs" / page for page in files_of(SITE["nav"])), ROOT / "CONTRIBUTING.md"]
TEXTS = {page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8") for page in PAGES}
TYPED = list(dict.fromkeys(command for text in TEXTS.values() for command in commands_of(text)))
RUN = [command for command in TYPED if COMMANDS.get(command, Ends()) is not None and command != "make clean"]


def block_after(text: str) -> str:
    """The first block of plain text that follows, on the page that has it."""
    [page] = [page for page in TEXTS.values() if text in page]
    [block] = re.findall(r"^```text\n(.*?)^```", page.split(text)[1], flags=re.DOTALL | re.MULTILINE)[:1]
    return block


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory, empty_tracking: Path, write_photo: Callable[..., Path]) -> Path:
    """A copy of the project with an environment, the sizes of `--env=test` in all others, and a reader's photos."""
    root = tmp_path_factory.mktemp("readme") / "project"
    root.mkdir()
    for name in ("conf", "src", "tests", "docs", "benchmarks"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "constraints.txt", "mkdocs.yml", "README.md", ".telemetry"):
        shutil.copy(ROOT / name, root)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (root / "Makefile").write_text(re.sub(r"--photos \d+ --questions \d+", "--photos 10 --questions 2", makefile))
    for env in ("cpu", "demo", "local"):
        shutil.copytree(ROOT / "conf" / "test", root / "conf" / env, dirs_exist_ok=True)
    install_links(root / ".venv")
    shutil.copy(empty_tracking, root / "mlflow.db")
    for number in range(24):
        write_photo(root / "photos" / "heel_height" / ("flat", "high")[number % 2] / f"{number:04}.jpg", number)
    shutil.copytree(root / "photos" / "heel_height" / "flat", root / "new_photos")
    write_photo(root / "skirt.jpg", 24)
    if (ROOT / ".mypy_cache").is_dir():
        shutil.copytree(ROOT / ".mypy_cache", root / ".mypy_cache")
    return root


def install_links(venv: Path) -> None:
    """What `make` would install is what runs this."""
    venv.mkdir()
    for part in Path(sys.prefix).iterdir():
        (venv / part.name).symlink_to(part)
    (venv / ".ready").unlink(missing_ok=True)
    (venv / ".ready").touch()


def start(command: str, checkout: Path, **variables: str) -> subprocess.Popen[str]:
    """Type a command; after the one that activates the environment, its commands are found."""
    is_active = command not in TYPED[: TYPED.index(ACTIVATE)]
    inherited = {name: value for name, value in os.environ.items() if name not in ("MLFLOW_TRACKING_URI", "KEDRO_ENV")}
    return subprocess.Popen(
        ["bash", "-c", f"{ACTIVATE} && {command}" if is_active else command],
        cwd=checkout,
        env={**inherited, "BROWSER": "true", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def test_every_command_is_known() -> None:
    assert set(TYPED) == set(COMMANDS)


@pytest.mark.parametrize("command", [command for command in RUN if not isinstance(COMMANDS.get(command), Serves)])
def test_a_command_does_what_the_page_says(checkout: Path, command: str) -> None:
    expected = COMMANDS[command]
    assert isinstance(expected, Ends)
    before = time.time_ns()
    process = start(command, checkout)
    said, _ = process.communicate()
    assert process.returncode == expected.exit_code, said
    assert expected.says in said
    assert "Traceback" not in said
    if command == MISSPELT:
        assert said == block_after(command)
    for name in expected.makes:
        assert (checkout / name).stat().st_size > 0
        assert (checkout / name).stat().st_mtime_ns >= before, f"{name} is older than the command that makes it"


@pytest.mark.parametrize("command", [command for command in RUN if isinstance(COMMANDS.get(command), Serves)])
def test_a_server_answers(checkout: Path, command: str) -> None:
    expected = COMMANDS[command]
    assert isinstance(expected, Serves)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Kedro-Viz finds a port by itself; MLflow's answers need no more workers, each of which takes seconds to start
    few_workers = {"MLFLOW_WORKERS": "1", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    process = start(command, checkout, MLFLOW_PORT=str(port), **few_workers)
    try:
        address = next(address_in(process))
        path_or_command = expected.asked
        is_path = path_or_command.startswith("/")
        answer = ask(process, address + path_or_command) if is_path else asked_by(checkout, address)
        assert expected.answer in answer
    finally:
        stop(process)


def asked_by(checkout: Path, address: str) -> str:
    """What the page's own question is answered."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    process = start(ASK.replace("http://127.0.0.1:5000", address), checkout)
    return process.communicate()[0]


def address_in(process: subprocess.Popen[str]) -> Iterator[str]:
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        found = re.search(r"http://(?:localhost|127\.0\.0\.1|0\.0\.0\.0):(\d+)", line)
        if found:
            yield f"http://localhost:{found[1]}"
    raise AssertionError("".join(said))


def ask(server: subprocess.Popen[str], address: str) -> str:
    """The answer, as soon as there is one."""
    said: list[str] = []

    def has_answered() -> bool:
        with contextlib.suppress(OSError), urllib.request.urlopen(address) as answer:
            said.append(answer.read().decode("utf-8"))
        return bool(said)

    wait_until(has_answered, server)
    return said[0]


def stop(process: subprocess.Popen[str]) -> None:
    """End a server with all its workers."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_the_tab_key_completes_commands(checkout: Path) -> None:
    process = start(f"{COMPLETE}; complete -p apparel-eye", checkout)
    assert "-F _apparel_eye_completion apparel-eye" in process.communicate()[0]
    process = start(
        "apparel-eye", checkout, COMP_WORDS="apparel-eye pre", COMP_CWORD="1", _APPAREL_EYE_COMPLETE="bash_complete"
    )
    assert process.communicate()[0] == "plain,predict\n"


def test_clean_leaves_the_readers_results_but_not_the_demo(checkout: Path) -> None:
    process = start("make clean", checkout)
    said, _ = process.communicate()
    assert process.returncode == 0, said
    assert not (checkout / ".venv").exists()
    assert not (checkout / "data" / "demo").exists()
    assert (checkout / "photos").is_dir()
