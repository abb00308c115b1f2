"""The README is typed in, in a copy of the project whose environments have the sizes of `--env=test`."""

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
from typing import Any

import pytest
from kedro.config import OmegaConfigLoader
from kedro.io import DataCatalog

from apparel_eye.pipeline_registry import register_pipelines

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ACTIVATE = "source .venv/bin/activate"
CATEGORY = "skirt_length"
APART = ("predict", "ensemble")
"""Pipelines that start from what others have made."""
MISSPELT = "kedro run --params train.bakbone=resnet50"


@dataclass(frozen=True)
class Ends:
    """A command that ends: what it says, what it makes below the project, and how it leaves."""

    says: str = ""
    makes: tuple[str, ...] = ()
    exit_code: int = 0


@dataclass(frozen=True)
class Serves:
    """A command that goes on: a path that its server answers, and a part of the answer."""

    path: str
    answer: str


COMMANDS: dict[str, Ends | Serves | None] = {
    "make demo": Ends("Submitted candidate", ("data/demo/07_model_output/skirt_length/submission.csv",)),
    "make test": None,  # runs this
    "make mlflow": Serves("/", "<title>MLflow</title>"),
    "make viz": Serves("/api/main", "train.large"),
    ACTIVATE: Ends(),
    "kedro viz run --env=demo": Serves("/api/main", "train.large"),
    "KEDRO_ENV=demo kedro viz build --include-previews": Ends("build", ("build/index.html", "build/api/main")),
    "kedro run --env=cpu --params raw=photos,category=heel_height": Ends(
        "There is no question.csv", ("data/08_reporting/heel_height/scores.json",)
    ),
    "python -m drawn_garments data/01_raw --categories coat_length --photos 20 --questions 5": Ends(
        "", ("data/01_raw/base/Annotations/label.csv",)
    ),
    "kedro run --env=cpu --pipeline=train --params category=coat_length": Ends(
        "train.large · fine_tune", ("data/06_models/coat_length/large.safetensors",)
    ),
    "kedro run --env=cpu --pipeline=predict --params photos=new_photos,category=heel_height": Ends(
        "predictions",
        ("data/07_model_output/heel_height/predictions.csv", "data/08_reporting/heel_height/contact_sheet.png"),
    ),
    "kedro run --env=demo --params boost.xgboost.max_depth=3,report.num_mistakes=6": Ends(
        "train.large · fine_tune: finished before", ("data/demo/06_models/skirt_length/xgboost.json",)
    ),
    MISSPELT: Ends("did you mean train.backbone?", exit_code=2),
    "make lint": Ends("Contracts: "),
    "python docs/draw_garments.py data/demo": Ends("", ("docs/garments.png",)),
    "make clean": Ends(),
}


def commands_of(text: str) -> list[str]:
    """Lines of the code blocks for a shell, in order."""
    blocks = re.findall(r"^```(?:console|bash|sh|shell)\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines() if line.strip()]


TYPED = list(dict.fromkeys(commands_of(README)))
RUN = [command for command in TYPED if COMMANDS.get(command, Ends()) is not None and command != "make clean"]


def section(title: str) -> str:
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def block_after(text: str) -> str:
    """The first block of plain text that follows."""
    [block] = re.findall(r"^```text\n(.*?)^```", README.split(text)[1], flags=re.DOTALL | re.MULTILINE)[:1]
    return block


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory, empty_tracking: Path, write_photo: Callable[..., Path]) -> Path:
    """A copy of the project with an environment, the sizes of `--env=test` in all others, and a reader's photos."""
    root = tmp_path_factory.mktemp("readme") / "project"
    root.mkdir()
    for name in ("conf", "src", "tests", "docs", "benchmarks"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "constraints.txt", "README.md", ".telemetry"):
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
    is_active = ACTIVATE in TYPED and TYPED.index(command) > TYPED.index(ACTIVATE)
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
def test_a_command_does_what_the_readme_says(checkout: Path, command: str) -> None:
    expected = COMMANDS[command]
    assert isinstance(expected, Ends)
    before = time.time_ns()
    process = start(command, checkout)
    said, _ = process.communicate(timeout=300)
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
        assert expected.answer in ask(address + expected.path)
    finally:
        stop(process)


def address_in(process: subprocess.Popen[str]) -> Iterator[str]:
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        found = re.search(r"http://(?:localhost|127\.0\.0\.1|0\.0\.0\.0):(\d+)", line)
        if found:
            yield f"http://localhost:{found[1]}"
    raise AssertionError("".join(said))


def ask(address: str) -> str:
    for _ in range(100):
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                return str(answer.read().decode("utf-8"))
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"{address} does not answer")


def stop(process: subprocess.Popen[str]) -> None:
    """End a server with all its workers."""
    os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=5)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_clean_leaves_the_readers_results_but_not_the_demo(checkout: Path) -> None:
    process = start("make clean", checkout)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert not (checkout / ".venv").exists()
    assert not (checkout / "data" / "demo").exists()
    assert (checkout / "photos").is_dir()


def test_every_parameter_in_a_command_exists(parameters_of: Callable[[str], dict[str, Any]]) -> None:
    def has(tree: Any, path: list[str]) -> bool:
        return not path or (isinstance(tree, dict) and path[0] in tree and has(tree[path[0]], path[1:]))

    parameters = parameters_of("base")
    given = [pair.split("=")[0] for text in re.findall(r"--params[ =]([^\s`]+)", README) for pair in text.split(",")]
    assert {"raw", "category", "photos", "train.bakbone"} <= set(given)
    assert {key for key in given if not has(parameters, key.split("."))} == {"train.bakbone"}


def test_every_command_within_a_sentence_uses_what_there_is() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", README)) <= targets
    assert set(re.findall(r"--env=([a-z]+)", README)) <= {folder.name for folder in (ROOT / "conf").iterdir()}
    assert set(re.findall(r"--pipeline=([a-z_]+)", README)) <= set(register_pipelines())


def files_by_pipeline() -> Iterator[tuple[str, str]]:
    """The table's pipelines, and the files that it says they make."""
    pipeline = ""
    for line in section("Your own images").splitlines():
        if line.count("|") == 4:
            _, name, _, files, _ = line.split("|")
            pipeline = name.strip(" `") or pipeline
            for path in re.findall(r"`(\d\d_[^`]+)`", files):
                yield pipeline, path


def test_every_file_of_the_table_is_made_by_the_flow(results: Path) -> None:
    paths = [path for pipeline, path in files_by_pipeline() if pipeline not in APART]
    patterns = [path.replace("<category>", CATEGORY).replace("<candidate>", "*") for path in paths]
    assert [pattern for pattern in patterns if not list(results.glob(pattern))] == []
    assert len(paths) > 20


@pytest.mark.parametrize("pipeline", APART)
def test_the_files_of_pipelines_apart_from_the_flow_are_all_in_the_table(pipeline: str) -> None:
    from apparel_eye.settings import CONFIG_LOADER_ARGS

    given = {"data": "/out", "category": CATEGORY}
    loader = OmegaConfigLoader(str(ROOT / "conf"), env="base", runtime_params=given, **CONFIG_LOADER_ARGS)
    entries = {name: entry for name, entry in loader["catalog"].items() if not name.startswith("_")}
    catalog: Any = DataCatalog.from_config(entries)
    made = [catalog[name].path for name in register_pipelines()[pipeline].all_outputs()]
    told = {
        Path("/out") / path.replace("<category>", CATEGORY) for name, path in files_by_pipeline() if name == pipeline
    }
    assert told == set(made)


def layout() -> list[str]:
    """Paths of the tree, two spaces of indentation a level."""
    paths: list[str] = []
    parents: list[str] = []
    [block] = re.findall(r"^```text\n(.*?)^```", section("Layout"), flags=re.DOTALL | re.MULTILINE)
    for line in block.splitlines():
        level = (len(line) - len(line.lstrip())) // 2
        name = line.split()[0]
        paths.append("".join([*parents[:level], name]))
        parents[level:] = [name]
    return paths


@pytest.mark.parametrize("path", layout())
def test_what_the_layout_names_exists(path: str) -> None:
    assert (ROOT / path).is_dir() if path.endswith("/") else (ROOT / path).is_file()


def test_the_layout_names_every_module_and_environment() -> None:
    named = {ROOT / path for path in layout()}
    folders = {path.parent for path in named if path.suffix == ".py"} - {ROOT / "docs"}
    modules = {module for folder in folders for module in folder.glob("*.py") if module.name != "__init__.py"}
    assert sorted(modules - named) == []
    envs = {folder for folder in (ROOT / "conf").iterdir() if folder.is_dir()}
    assert sorted(envs - named) == []


def test_every_relative_link_resolves() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", README) if "://" not in link]
    assert len(links) > 5
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_exit_codes_are_those_of_the_errors() -> None:
    from apparel_eye import errors

    kinds = [
        errors.UsageError,
        errors.DataError,
        errors.SystemEnvironmentError,
        errors.LockedError,
        errors.DivergedError,
    ]
    codes = {int(code) for code in re.findall(r"^\| (\d) \|", section("Your own images"), flags=re.MULTILINE)}
    assert codes == {0, 1, *(kind.exit_code for kind in kinds)}
