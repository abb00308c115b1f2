"""A member more in each family of training: one file is changed, and everything else follows."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from safetensors import safe_open

NEW = {
    "training/losses.py": (
        "LOSSES: dict[str, Loss] = {",
        """def brier(logits: Tensor, targets: Tensor, loss: LossParameters) -> Tensor:
    \"\"\"Squared distance of the probabilities.\"\"\"
    return (logits.softmax(dim=1) - targets).square().sum(dim=1)


""",
        '"brier": brier, ',
    ),
    "networks/heads.py": (
        "POOLINGS: dict[str, Callable[[Tensor], Tensor]] = {",
        """def maxima(feature_maps: Tensor) -> Tensor:
    \"\"\"Maximum of each filter.\"\"\"
    return feature_maps.amax(dim=(2, 3))


""",
        '"maxima": maxima, ',
    ),
    "data/reading/photos.py": (
        "RESIZE_MODES: dict[str, Callable[[Image.Image, tuple[int, int]], Image.Image]] = {",
        """def nearest(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    \"\"\"Pixels are taken as they are.\"\"\"
    return image.resize(size, Image.Resampling.NEAREST)


""",
        '"nearest": nearest, ',
    ),
    "activations/reductions.py": (
        "REDUCTIONS: dict[str, Callable[[Tensor, ExtractionParameters], Tensor]] = {",
        """def columns(maps: Tensor, extraction: ExtractionParameters) -> Tensor:
    \"\"\"Averages over the height.\"\"\"
    return maps.mean(dim=2, keepdim=True)


""",
        '"columns": columns, ',
    ),
    "activations/pooling.py": (
        "POOLINGS: dict[str, Callable[[NDArray[np.floating]], NDArray[np.float32]]] = {",
        """def peaks(maps: NDArray[np.floating]) -> NDArray[np.float32]:
    \"\"\"Maximum of each filter.\"\"\"
    return np.asarray(maps, dtype=np.float32).max(axis=(-2, -1))


""",
        '"peaks": peaks, ',
    ),
    "classifiers/importance.py": (
        "IMPORTANCES: dict[str, Callable[[Examples, BagParameters], Importances]] = {",
        """def _of_places(strips: Examples, _: BagParameters) -> Importances:
    \"\"\"Later filters say more.\"\"\"
    return np.arange(strips.num_features, dtype=np.float64)


""",
        '"place": _of_places, ',
    ),
}
"""Files, where their family begins, a function in front of it, and its entry."""
CHOSEN = {
    "train.loss.name": ("brier", "squared distance of the probabilities"),
    "train.head.pooling": ("maxima", "maximum of each filter"),
    "train.resize": ("nearest", "pixels are taken as they are"),
    "activations.reduction": ("columns", "averages over the height"),
    "boost.pooling": ("peaks", "maximum of each filter"),
    "boost.bags.importance": ("place", "later filters say more"),
}
BLOCK = """    huge:
      size: [80, 80]
      num_views: 1
      head: {learning_rate: 1.0e-2, num_cycles: 1, cycle_epochs: 1, cycle_multiplier: 1}
      fine_tune: {learning_rate: 1.0e-3, num_cycles: 1, cycle_epochs: 1, cycle_multiplier: 1}
"""
MODELS = Path("06_models") / "skirt_length"


def replace_once(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture(scope="module")
def grown(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with a member more in each family, and blocks of the stage where it is run."""
    folder = tmp_path_factory.mktemp("grown")
    for name in ("src", "conf", "docs"):
        shutil.copytree(project / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(project / "pyproject.toml", folder)
    package = folder / "src" / "apparel_eye"
    for name, (begin, function, entry) in NEW.items():
        replace_once(package / name, begin, f"{function}{begin}{entry}")
    replace_once(package / "parameters" / "train.py", '"medium", "large")', '"medium", "large", "huge")')
    for env in ("base", "test"):
        with (folder / "conf" / env / "train" / "parameters.yml").open("a", encoding="utf-8") as file:
            file.write(BLOCK if env == "test" else BLOCK.replace("[80, 80]", "409600"))
    return folder


def run(grown: Path, *command: str, **environment: str) -> tuple[int, str]:
    """What a command says in the copy, with the copy's code."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=grown,
        env={**os.environ, "PYTHONPATH": str(grown / "src"), "COLUMNS": "200", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode, done.stdout


def given(garments: Path, data: Path, **params: str) -> str:
    usual = {"raw": garments, "data": data, "category": "skirt_length", "ingest.max_quarantine_share": 0.1}
    chosen = {name: member for name, (member, _) in CHOSEN.items()}
    return ",".join(f"{name}={value}" for name, value in {**usual, **chosen, **params}.items())


@pytest.fixture(scope="module")
def made(grown: Path, garments: Path, scratch_tracking: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run with the new members makes, up to what heads see."""
    data = tmp_path_factory.mktemp("made")
    steps = "train.join_stages,boost.pool_activations,boost.describe_bags"
    command = ("-m", "apparel_eye", "run", "--env=test", f"--to-nodes={steps}", "--params", given(garments, data))
    code, said = run(grown, *command, MLFLOW_TRACKING_URI=scratch_tracking)
    assert code == 0, said
    return data


def test_new_members_train_and_are_kept_with_the_model(made: Path, garments: Path) -> None:
    history = pd.read_csv(made / "08_reporting" / "skirt_length" / "history.csv")
    assert history["stage"].drop_duplicates().tolist() == ["small", "medium", "large", "huge"]
    assert history["train_loss"].between(0, 2).all()  # cross entropy at the start is log(6) and more; this ends at 2
    with safe_open(made / MODELS / "huge.safetensors", "np") as file:
        description = json.loads(file.metadata()["checkpoint"])["description"]
    assert (description["head"]["pooling"], description["resize"], description["size"]) == (
        "maxima",
        "nearest",
        [80, 80],
    )
    manifest = pd.read_parquet(made / "03_primary" / "skirt_length" / "manifest.parquet")
    pixels = np.load(made / "05_model_input" / "skirt_length" / "huge_pixels.npy", mmap_mode="r")
    assert pixels.shape[1:] == (80, 80, 3)
    for row in (0, len(manifest) - 1):
        [path] = garments.rglob(Path(manifest["image_key"][row]).name)
        photo = Image.open(path).convert("RGB").resize((80, 80), Image.Resampling.NEAREST)
        assert np.array_equal(pixels[row], np.asarray(photo))


def test_new_members_make_what_heads_are_fitted_on(made: Path) -> None:
    folder = made / "04_feature" / "skirt_length"
    activations = np.load(folder / "activations.npy")
    assert (activations.shape[3], activations.shape[4] > 1) == (1, True)
    largest = activations.astype(np.float32).max(axis=(-2, -1))
    np.testing.assert_array_equal(np.load(folder / "pooled_activations.npy"), largest)
    filters = pd.read_csv(made / "08_reporting" / "skirt_length" / "bag_filters.csv")
    assert filters["filter"].tolist() == list(range(activations.shape[2]))[::-1]


def test_commands_and_docs_list_new_members(grown: Path) -> None:
    code = "import sys; sys.path.insert(0, 'docs'); import hooks; print(hooks.reference(hooks.ROOT / 'conf'))"
    page = run(grown, "-c", code)[1]
    for name, (member, says) in CHOSEN.items():
        [row] = [line for line in page.splitlines() if line.startswith(f"| `{name}` |")]
        told = run(grown, "-m", "apparel_eye", "parameters", name)[1]
        for text in (row, told):
            assert f"one of {member}, " in text
            assert f"{member}: {says}" in text
    assert "`train.stages.huge.size` | list of 2" in page


def test_misspelt_members_are_told(grown: Path, garments: Path, tmp_path: Path) -> None:
    misspelt = {name: f"{member}_" for name, (member, _) in CHOSEN.items()}
    params = given(garments, tmp_path / "data", **misspelt)
    code, said = run(grown, "-m", "apparel_eye", "run", "--env=test", "--params", params)
    assert code == 2
    for name, (member, _) in CHOSEN.items():
        assert f"parameter {name} is '{member}_': did you mean {member}?" in said


def test_an_environment_without_the_new_stage_is_refused_before_any_work(
    grown: Path, garments: Path, tmp_path: Path
) -> None:
    code, said = run(grown, "-m", "apparel_eye", "run", "--env=cpu", "--params", given(garments, tmp_path / "data"))
    assert code == 2
    path = Path("conf") / "cpu" / "train" / "parameters.yml"
    assert (
        f"{path} has all of small, medium, large, but lacks train.stages.huge (fine_tune, head, num_views, size)"
        in said
    )
    assert not (tmp_path / "data").exists()
