"""The pipeline on files of a folder, stopped and gone on with, and the networks that it chooses."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from kedro.io import DataCatalog, MemoryDataset
from numpy.typing import NDArray
from photo_tables import subsets_of

from apparel_eye.activations.extract import Extractor
from apparel_eye.activations.index import ALL, NONE
from apparel_eye.datasets import (
    ArrayDataset,
    AtomicDataset,
    EarlierDataset,
    WeightsDataset,
)
from apparel_eye.errors import UsageError
from apparel_eye.execution.runner import FinishedRunner
from apparel_eye.networks import pretrained
from apparel_eye.networks.checkpoint import Checkpoint
from apparel_eye.networks.classifier import with_prefix
from apparel_eye.parameters import STAGES, ActivationsParameters, ProjectParameters
from apparel_eye.pipelines import activations
from apparel_eye.pipelines.activations.nodes import choose_networks

PIPELINE = activations.create_pipeline(("small",)).only_nodes("list_photos", "extract_activations", "index_activations")
NUM_PHOTOS = 11
BATCH_SIZE = 3


class StoppedError(BaseException):
    """The run was stopped, which nothing on the way takes for an error, as of a signal."""


class Run:
    """Runs on eleven photos of noise, three in a batch, with drawn views."""

    def __init__(self, folder: Path, parameters: ProjectParameters, patch: pytest.MonkeyPatch) -> None:
        self.folder, self.patch, self.parameters = folder, patch, parameters
        self.num_computed = 0
        generator = np.random.default_rng(0)
        pixels = generator.integers(0, 256, (NUM_PHOTOS, 32, 32, 3), dtype=np.uint8)
        weights = pretrained.pretrained_weights("test_resnet", "none", seed=1)
        mode = {"device": "cpu", "precision": "float32", "memory_format": "channels_last"}
        activations: dict[str, Any] = {
            "filepath": self._path("activations.npy"),
            "on_change": "activations.on_change",
        }
        self.datasets: dict[str, Any] = {
            "activations_pixels": ArrayDataset(self._path("pixels.npy")),
            "activation_networks": WeightsDataset(self._path("networks.safetensors")),
            "activation_network_of": ArrayDataset(self._path("network_of.npy")),
            "modes": AtomicDataset(self._path("modes.json"), {"type": "json.JSONDataset"}),
            "manifest": self._table("manifest"),
            "activations_photos": self._table("photos"),
            "activations_index": self._table("index"),
            "activations": ArrayDataset(**activations),
            "activations_resume_from": EarlierDataset({"type": ArrayDataset, **activations}),
        }
        self.datasets["activations_pixels"].save(pixels)
        self.datasets["activation_networks"].save({f"0/{name}": array for name, array in weights.items()})
        self.datasets["activation_network_of"].save(np.full(NUM_PHOTOS, -1))
        self.datasets["modes"].save({"predict": mode, "train": mode})
        self.label("long")
        self._count()

    @property
    def part(self) -> Path:
        return self.folder / "activations.npy.unfinished"

    def label(self, value: str) -> None:
        """Photos with other labels."""
        keys = [f"{number}.jpg" for number in range(NUM_PHOTOS)]
        table = pd.DataFrame({"image_key": keys, "sha256": [f"{number:064x}" for number in range(NUM_PHOTOS)]})
        self.datasets["manifest"].save(table.assign(value=value))

    def __call__(self, stop_after: int = 99, **changed: Any) -> int:
        """Run until so many parts are saved; how many photos were computed."""
        self.num_computed = 0
        write, left = ArrayDataset._write, [stop_after]

        def counted(*arguments: Any) -> Any:
            if not left[0]:
                raise StoppedError
            left[0] -= 1
            return write(*arguments)

        settings = self._settings(**changed)
        given = {
            "params:activations": settings,
            "params:activations.on_change": settings.on_change,
            "params:train.augmentation": self.parameters.train.augmentation,
            "params:train.backbone": "test_resnet",
            "params:category": "skirt_length",
        }
        catalog = DataCatalog({**self.datasets, **{name: MemoryDataset(value) for name, value in given.items()}})
        with self.patch.context() as patch:
            patch.setattr(ArrayDataset, "_write", counted)
            FinishedRunner().run(PIPELINE, catalog)
        return self.num_computed

    def stopped(self, stop_after: int) -> int:
        """Run until it is stopped."""
        with pytest.raises(StoppedError):
            self(stop_after)
        return self.num_computed

    def result(self) -> bytes:
        index = self.datasets["activations_index"].load()
        assert index["image_key"].tolist() == [f"{number}.jpg" for number in range(NUM_PHOTOS)]
        assert not self.part.exists()
        assert self.datasets["activations"].load().shape[:2] == (NUM_PHOTOS, 3)
        return (self.folder / "activations.npy").read_bytes()

    def _settings(self, **changed: Any) -> ActivationsParameters:
        usual = {"batch_size": BATCH_SIZE, "num_drawn": 1, "views": ("plain", "mirrored")}
        return self.parameters.activations.model_copy(update={**usual, **changed})

    def _count(self) -> None:
        maps_of = Extractor.maps_of

        def counted(extractor: Extractor, photos: Any, identities: Any) -> Any:
            self.num_computed += len(identities)
            return maps_of(extractor, photos, identities)

        self.patch.setattr(Extractor, "maps_of", counted)

    def _path(self, name: str) -> str:
        return str(self.folder / name)

    def _table(self, name: str) -> AtomicDataset:
        return AtomicDataset(self._path(f"{name}.parquet"), {"type": "pandas.ParquetDataset"})


@pytest.fixture
def make(tmp_path: Path, test_parameters: ProjectParameters, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Run]:
    return lambda name: Run(tmp_path / name, test_parameters, monkeypatch)


@pytest.fixture
def run(make: Callable[[str], Run]) -> Run:
    return make("run")


@pytest.fixture
def expected(make: Callable[[str], Run]) -> bytes:
    """What a run ends with that nobody stops."""
    whole = make("whole")
    assert whole() == NUM_PHOTOS
    assert whole() == 0
    return whole.result()


@pytest.mark.parametrize("num_halves", [0, 1, 3])
def test_a_run_that_was_stopped_computes_each_part_once_and_ends_with_the_same_bytes(
    run: Run, expected: bytes, num_halves: int
) -> None:
    run.stopped(num_halves)
    assert run() == NUM_PHOTOS - num_halves * BATCH_SIZE
    assert run.result() == expected


def test_a_part_that_is_damaged_meanwhile_is_computed_again(run: Run, expected: bytes) -> None:
    run.stopped(3)
    content = bytearray(run.part.read_bytes())
    row_bytes = (len(expected) - 128) // NUM_PHOTOS
    content[128 + 4 * row_bytes] ^= 1  # of the second part
    run.part.write_bytes(content)
    assert run() == NUM_PHOTOS - BATCH_SIZE
    assert run.result() == expected


def test_other_settings_do_not_go_on_with_it_unless_that_is_asked_for(run: Run) -> None:
    run.stopped(2)
    with pytest.raises(UsageError) as caught:
        run(seed=7)
    assert "activations.seed: was 1, is 7" in str(caught.value)
    assert "--params activations.on_change=restart" in str(caught.value)
    assert run(seed=7, on_change="restart") == NUM_PHOTOS
    assert run(seed=7) == 0  # how it was begun does not matter any more
    run.result()


def test_other_labels_do_not_have_the_photos_computed_again(run: Run) -> None:
    assert run() == NUM_PHOTOS
    run.label("short")
    assert run() == 0


VALUES = ["Invisible", "Short Length", "Long Length"]
NUM_FOLDS, NUM_LABELLED, NUM_MANIFEST = 4, 24, 27
FOLD_OF = np.arange(NUM_LABELLED) % NUM_FOLDS
VALIDATION = 1
MODE = {"device": "cpu", "precision": "float32", "memory_format": "contiguous"}
Chosen = tuple[list[dict[str, NDArray[Any]]], NDArray[np.intp]]
Choose = Callable[..., Chosen]


@pytest.fixture
def choose(test_parameters: ProjectParameters) -> Choose:
    """The networks, and which photo each of them may see, for a source; photos are noise."""
    generator = np.random.default_rng(0)
    labels = [["ynn", "nyn", "nny"][number // NUM_FOLDS % 3] for number in range(NUM_LABELLED)]
    questions = NUM_MANIFEST - NUM_LABELLED
    subsets = subsets_of(
        [*np.where(FOLD_OF == VALIDATION, "validation", "train"), *["to predict"] * questions],
        [*labels, *[""] * questions],
        VALUES,
        half=np.arange(NUM_MANIFEST) // NUM_FOLDS % 2,
        fold=[*FOLD_OF, *[-1] * questions],
    )
    pixels = {
        stage: generator.integers(0, 256, (NUM_MANIFEST, size, size, 3), dtype=np.uint8)
        for stage, size in zip(STAGES, (32, 48, 64), strict=True)
    }
    backbone = with_prefix(pretrained.pretrained_weights("test_resnet", "none", seed=1))
    trained = Checkpoint.single(with_prefix(pretrained.pretrained_weights("test_resnet", "none", seed=2)), {})
    modes = {"train": MODE, "predict": MODE}

    def chosen(source: str, held_out: int = 1) -> Chosen:
        train = test_parameters.train
        named, network_of = choose_networks(
            *(backbone, trained, subsets, modes, source, held_out, train.augmentation, train),
            *(train.stages, train.finder, "skirt_length"),
            **pixels,
        )
        networks: dict[str, dict[str, NDArray[Any]]] = {}
        for key, array in named.items():
            number, name = key.split("/")
            networks.setdefault(number, {})[name] = array
        return [networks[number] for number in sorted(networks)], network_of

    return chosen


@pytest.mark.parametrize(("source", "seed"), [("backbone", 1), ("checkpoint", 2)])
def test_the_pretrained_or_the_trained_network_sees_all_photos(choose: Choose, source: str, seed: int) -> None:
    networks, network_of = choose(source)
    assert network_of.tolist() == [ALL] * NUM_MANIFEST
    np.testing.assert_equal(networks, [dict(pretrained.pretrained_weights("test_resnet", "none", seed=seed))])


def test_a_network_in_fold_is_said_to_be_for_comparison_only(choose: Choose, caplog: pytest.LogCaptureFixture) -> None:
    choose("checkpoint")
    assert "for comparison only" in caplog.text
    caplog.clear()
    choose("backbone")
    assert not caplog.text


def test_of_folds_each_has_a_network_that_was_trained_without_it(choose: Choose) -> None:
    networks, network_of = choose("folds")
    assert len(networks) == NUM_FOLDS - 1
    expected = np.full(NUM_MANIFEST, ALL)
    for number, fold in enumerate((0, 2, 3)):
        expected[:NUM_LABELLED][fold == FOLD_OF] = number
    assert network_of.tolist() == expected.tolist()
    first, second, _ = (next(iter(network.values())) for network in networks)
    assert not np.array_equal(first, second)


@pytest.mark.parametrize(("held_out", "left"), [(1, [0]), (2, [0, 2])])
def test_of_a_part_the_network_was_trained_without_the_photos_that_heads_are_fitted_on(
    choose: Choose, held_out: int, left: list[int]
) -> None:
    networks, network_of = choose("part", held_out=held_out)
    assert len(networks) == 1
    expected = np.full(NUM_MANIFEST, ALL)
    expected[:NUM_LABELLED][~np.isin(FOLD_OF, [*left, VALIDATION])] = NONE
    assert network_of.tolist() == expected.tolist()


def test_a_network_held_out_from_all_folds_is_refused(choose: Choose) -> None:
    with pytest.raises(UsageError, match=r"activations\.held_out is 3, but 3 folds train.* give 1 to 2"):
        choose("part", held_out=3)
