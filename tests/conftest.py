"""Small photos and folders, one run of the whole flow, and Kedro's command in this process."""

import os

# networks and arrays are tiny here: a second thread only waits for the first; read when numpy and torch are imported
os.environ["OMP_NUM_THREADS"] = "1"

import fcntl
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import mkdtemp
from traceback import format_exception
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from PIL import Image

from apparel_eye.parameters import IngestParameters, ProjectParameters
from drawn_garments import write_samples

PROJECT = Path(__file__).parents[1]
BROKEN = b"<html>404</html>"
DATABASE = "mlflow.db"
Once = Callable[[str, Callable[[Path], object]], Path]

SLOWEST_FIRST = ("test_readme.py", "test_kill_runs.py", "tracking/test_registry.py")
"""Files that take longest, as they are dealt to workers: none is begun when the others are done."""

# a busy machine must fail no test, so nothing is timed; CI sees the same examples each time, others seek new ones
settings.register_profile(
    "apparel-eye",
    deadline=None,
    derandomize="CI" in os.environ,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("apparel-eye")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the slowest files; all others stay in their order."""
    places = {PROJECT / "tests" / name: place for place, name in enumerate(SLOWEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.fixture(scope="session")
def project() -> Path:
    """The project's root, where commands are run."""
    return PROJECT


@pytest.fixture(scope="session")
def shared_photos() -> Path:
    """Real photos in the FashionAI layout, which are not part of the repository."""
    folder = PROJECT.parent / "shared" / "data" / "streetwear"
    if not folder.is_dir():
        pytest.skip(f"the streetwear photos are not at {folder}")
    return folder


@pytest.fixture(scope="session")
def nobody() -> Callable[[], AbstractContextManager[None]]:
    """Be another user for a while: root may read and write everything."""

    @contextmanager
    def be_nobody() -> Iterator[None]:
        if os.geteuid() != 0:
            yield
            return
        os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(0)

    return be_nobody


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user may reach; pytest's own are private."""
    folder = Path(mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def write_photo() -> Callable[..., Path]:
    """Write a photo of noise; the same seed gives the same bytes."""

    def write(path: Path, seed: int, size: tuple[int, int] = (40, 60)) -> Path:
        width, height = size
        noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise).save(path)
        return path

    return write


@pytest.fixture(scope="session")
def parameters_of() -> Callable[[str], dict[str, Any]]:
    """The parameters of an environment, as they stand in its files."""
    from kedro.config import OmegaConfigLoader

    from apparel_eye.settings import CONFIG_LOADER_ARGS

    return lambda env: dict(OmegaConfigLoader(str(PROJECT / "conf"), env=env, **CONFIG_LOADER_ARGS)["parameters"])


@pytest.fixture(scope="session")
def test_parameters(parameters_of: Callable[[str], dict[str, Any]]) -> ProjectParameters:
    """What `--env=test` runs with."""
    return ProjectParameters.model_validate(parameters_of("test"))


@pytest.fixture(scope="session")
def limits(test_parameters: ProjectParameters) -> IngestParameters:
    """Limits under which every second photo may be bad."""
    return test_parameters.ingest.model_copy(update={"max_quarantine_share": 0.5})


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """A folder that takes long to fill, filled once for all workers: the first one does it, the others wait."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def made(name: str, fill: Callable[[Path], object]) -> Path:
        folder, done = shared / name, shared / f"{name}.done"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed
                folder.mkdir()
                fill(folder)
                done.touch()
        return folder

    return made


@pytest.fixture(scope="session")
def garments(once: Once) -> Path:
    """Drawn garments of two categories, 10 photos and 2 questions per value: 5 folds with 2 parts need that many.

    The first photo to predict cannot be read.
    """

    def draw(folder: Path) -> None:
        write_samples(folder, ["skirt_length", "collar_design"], photos=10, questions=2, seed=3, size=96)
        (folder / "rank" / first_question(folder)).write_bytes(BROKEN)

    return once("garments", draw)


def first_question(garments: Path) -> str:
    """Path of the first photo to predict, as in the question file."""
    return (garments / "rank" / "Tests" / "question.csv").read_text().split(",")[0]


@pytest.fixture(scope="session")
def broken_question(garments: Path) -> str:
    """Path of a photo to predict, as in the question file, that cannot be read."""
    return first_question(garments)


@pytest.fixture(scope="session")
def earlier_version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What version 0.1.0 left: models with seals beside them, the same registered, photos and its answers for them.

    Made by its commit 09778fc with ``--env=test`` on drawn garments; most weights were set to zero, to keep it small.
    """
    folder = tmp_path_factory.mktemp("earlier")
    with tarfile.open(Path(__file__).parent / "fixtures" / "version_0_1_0.tar.xz") as packed:
        packed.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="session")
def empty_tracking(once: Once) -> Path:
    """An MLflow database without runs, to be copied: making one takes seconds."""
    from mlflow import MlflowClient

    def create(folder: Path) -> None:
        MlflowClient(f"sqlite:///{folder / DATABASE}").create_experiment("apparel-eye", (folder / "artifacts").as_uri())

    return once("tracking", create) / DATABASE


@pytest.fixture(scope="session")
def flow_folder(once: Once, garments: Path, empty_tracking: Path) -> Path:
    """The whole flow, run once by the command that users type: its results, its MLflow, and what it said."""

    def run(folder: Path) -> None:
        uri = f"sqlite:///{shutil.copy(empty_tracking, folder)}"
        params = f"raw={garments},category=skirt_length,ingest.max_quarantine_share=0.1,data={folder / 'data'}"
        command = [Path(sys.executable).with_name("kedro"), "run", "--env=test", f"--params={params}"]
        environment = {**os.environ, "MLFLOW_TRACKING_URI": uri}
        said = []
        while not said or "is left out of this run" in said[-1]:  # MLflow was too slow to hear it all
            done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)
            said.append(done.stdout + done.stderr)
            assert done.returncode == 0, said[-1]
        (folder / "said.txt").write_text(said[0])

    return once("flow", run)


@pytest.fixture(scope="session")
def flow_tracking(flow_folder: Path) -> str:
    """Where the run of the whole flow is tracked."""
    return f"sqlite:///{flow_folder / DATABASE}"


@pytest.fixture(scope="session")
def flow_said(flow_folder: Path) -> str:
    """What the run of the whole flow said."""
    return (flow_folder / "said.txt").read_text()


@pytest.fixture(scope="session")
def results(flow_folder: Path) -> Path:
    """The output root of the whole flow; only to be read."""
    return flow_folder / "data"


@pytest.fixture
def copied_results(results: Path, tmp_path: Path) -> Path:
    """The same files at another place, to go on with."""
    return Path(shutil.copytree(results, tmp_path / "data"))


@pytest.fixture
def half_retrained(copied_results: Path) -> Path:
    """The same, with the network of a later training, which did not come to the report."""
    from apparel_eye.datasets import CheckpointDataset
    from apparel_eye.networks.checkpoint import Checkpoint

    dataset = CheckpointDataset(str(copied_results / "06_models" / "skirt_length" / "large.safetensors"))
    earlier = dataset.load()
    retrained = {name: array + array.dtype.type(1) for name, array in earlier.of("best").items()}
    dataset.save(Checkpoint.single(retrained, earlier.description))
    return copied_results


@pytest.fixture(scope="session")
def scratch_tracking(empty_tracking: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where runs are tracked whose tracking no test looks at."""
    return f"sqlite:///{shutil.copy(empty_tracking, tmp_path_factory.mktemp('scratch'))}"


@pytest.fixture
def kedro_run(
    scratch_tracking: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Callable[..., tuple[int, str]]:
    """`kedro run --env=test` in this process: options and parameters to exit code and everything it said."""
    from click.testing import CliRunner
    from kedro.framework.project import configure_project

    from apparel_eye.cli import cli

    configure_project("apparel_eye")
    monkeypatch.chdir(PROJECT)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", scratch_tracking)
    caplog.set_level("INFO", "apparel_eye")

    def run(*options: str, **params: object) -> tuple[int, str]:
        caplog.clear()
        given = ",".join(f"{name.replace('__', '.')}={value}" for name, value in params.items())
        done = CliRunner().invoke(cli, ["run", "--env=test", f"--params={given}", *options])
        crash = [] if isinstance(done.exception, SystemExit | None) else format_exception(done.exception)
        return done.exit_code, "".join([done.output, caplog.text, *crash])

    return run
