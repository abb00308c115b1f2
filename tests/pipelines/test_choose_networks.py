from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from apparel_eye.activations.index import ALL, NONE
from apparel_eye.errors import UsageError
from apparel_eye.networks import pretrained
from apparel_eye.networks.checkpoint import Checkpoint
from apparel_eye.networks.classifier import with_prefix
from apparel_eye.parameters import STAGES, ProjectParameters
from apparel_eye.pipelines.activations.nodes import choose_networks

VALUES = ["Invisible", "Short Length", "Long Length"]
NUM_FOLDS, NUM_LABELLED, NUM_PHOTOS = 4, 24, 27
FOLD_OF = np.arange(NUM_LABELLED) % NUM_FOLDS
VALIDATION = 1
MODE = {"device": "cpu", "precision": "float32", "memory_format": "contiguous"}
Chosen = tuple[list[dict[str, NDArray[Any]]], NDArray[np.intp]]
Choose = Callable[..., Chosen]


@pytest.fixture
def choose(test_parameters: ProjectParameters) -> Choose:
    """The networks, and which photo each of them may see, for a source; photos are noise."""
    generator = np.random.default_rng(0)
    keys = [f"{number}.jpg" for number in range(NUM_PHOTOS)]
    labels = [["ynn", "nyn", "nny"][number // NUM_FOLDS % 3] for number in range(NUM_LABELLED)]
    manifest = pd.DataFrame(
        {
            "image_key": keys,
            "label_string": [*labels, *[""] * (NUM_PHOTOS - NUM_LABELLED)],
            "role": ["labelled"] * NUM_LABELLED + ["to predict"] * (NUM_PHOTOS - NUM_LABELLED),
        }
    )
    validates = FOLD_OF == VALIDATION
    folds = pd.DataFrame(
        {
            "image_key": keys[:NUM_LABELLED],
            "fold": FOLD_OF,
            "subset": np.where(validates, "validation", "train"),
            "half": np.where(validates, np.arange(NUM_LABELLED) // NUM_FOLDS % 2, -1),
        }
    )
    pixels = {
        stage: generator.integers(0, 256, (NUM_PHOTOS, size, size, 3), dtype=np.uint8)
        for stage, size in zip(STAGES, (32, 48, 64), strict=True)
    }
    backbone = with_prefix(pretrained.pretrained_weights("test_resnet", "none", seed=1))
    trained = Checkpoint.single(with_prefix(pretrained.pretrained_weights("test_resnet", "none", seed=2)), {})
    modes = {"train": MODE, "predict": MODE}

    def chosen(source: str, **changed: Any) -> Chosen:
        settings = test_parameters.activations.model_copy(update={"source": source, **changed})
        named, network_of = choose_networks(
            *(backbone, trained, manifest, folds, VALUES, modes, settings, test_parameters.train, "skirt_length"),
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
    assert network_of.tolist() == [ALL] * NUM_PHOTOS
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
    expected = np.full(NUM_PHOTOS, ALL)
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
    expected = np.full(NUM_PHOTOS, ALL)
    expected[:NUM_LABELLED][~np.isin(FOLD_OF, [*left, VALIDATION])] = NONE
    assert network_of.tolist() == expected.tolist()


def test_a_network_held_out_from_all_folds_is_refused(choose: Choose) -> None:
    with pytest.raises(UsageError, match=r"activations\.held_out is 3, but 3 folds train.* give 1 to 2"):
        choose("part", held_out=3)
