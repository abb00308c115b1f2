import numpy as np
import pytest
from numpy.typing import NDArray
from photo_tables import relabelled

from apparel_eye.data.subsets import Subsets
from apparel_eye.networks import backbones, pretrained
from apparel_eye.networks.checkpoint import Weights
from apparel_eye.networks.classifier import with_prefix
from apparel_eye.networks.device import Mode
from apparel_eye.parameters import AugmentationParameters, PhaseParameters, StagesParameters, TrainParameters
from apparel_eye.training import phases
from apparel_eye.training.out_of_fold import train_fold_networks

MODES = {"train": Mode(), "predict": Mode()}
LEFT_OUT = [np.array([1]), np.array([2]), np.array([1, 3])]
EPOCH = {"num_cycles": 1, "cycle_epochs": 1, "cycle_multiplier": 1, "learning_rate": 1e-2}


@pytest.fixture
def initial() -> Weights:
    return with_prefix(pretrained.pretrained_weights("test_resnet", "none", seed=1))


@pytest.fixture
def quick(train: TrainParameters) -> TrainParameters:
    """One epoch of all layers in the first two stages, and only heads in the last."""
    one, none = PhaseParameters(**EPOCH), PhaseParameters(**{**EPOCH, "num_cycles": 0})
    small = train.stages.small.model_copy(update={"head": one, "fine_tune": one})
    large = small.model_copy(update={"fine_tune": none})
    return train.model_copy(update={"stages": StagesParameters(small=small, medium=small, large=large)})


def networks(
    pixels: NDArray[np.uint8],
    subsets: Subsets,
    initial: Weights,
    train: TrainParameters,
    augmentation: AugmentationParameters,
) -> list[Weights]:
    of_stages = {"small": pixels, "medium": pixels}  # the last stage leaves backbones as they are: it needs no photos
    photos = (of_stages, subsets, LEFT_OUT)
    return list(
        train_fold_networks(*photos, initial, "skirt_length", augmentation, train, train.stages, train.finder, MODES)
    )


def test_a_network_is_trained_without_its_folds_and_the_validation_photos(
    pixels: NDArray[np.uint8],
    subsets: Subsets,
    initial: Weights,
    quick: TrainParameters,
    augmentation: AugmentationParameters,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Subsets] = []
    fine_tune = phases.fine_tune

    def recorded(pixels: NDArray[np.uint8], subsets: Subsets, *others: object) -> object:
        seen.append(subsets)
        return fine_tune(pixels, subsets, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(phases, "fine_tune", recorded)
    made = networks(pixels, subsets, initial, quick, augmentation)
    assert len(made) == 3
    assert len(seen) == 3 * 2
    for of_fold, numbers in zip(seen, [each for each in LEFT_OUT for _ in range(2)], strict=True):
        out = np.isin(subsets.train_folds, numbers)
        assert of_fold.train.tolist() == subsets.train[~out].tolist()
        assert of_fold.validation.tolist() == subsets.train[out].tolist()
        np.testing.assert_array_equal(of_fold.validation_label_strings, subsets.train_label_strings[out])
        assert set(of_fold.validation_halves) == {0, 1}


def test_validation_photos_and_photos_to_predict_change_nothing_and_training_photos_do(
    pixels: NDArray[np.uint8],
    subsets: Subsets,
    initial: Weights,
    quick: TrainParameters,
    augmentation: AugmentationParameters,
) -> None:
    first = networks(pixels, subsets, initial, quick, augmentation)
    others = pixels.copy()
    others[np.setdiff1d(np.arange(len(pixels)), subsets.train)] = 0
    moved = relabelled(subsets, subsets.validation, np.roll(subsets.validation_label_strings, 1, axis=0))
    second = networks(others, moved, initial, quick, augmentation)
    np.testing.assert_equal(second, first)


def test_networks_are_backbones_that_were_trained(
    pixels: NDArray[np.uint8],
    subsets: Subsets,
    initial: Weights,
    quick: TrainParameters,
    augmentation: AugmentationParameters,
) -> None:
    for weights in networks(pixels, subsets, initial, quick, augmentation):
        backbones.restored("test_resnet", weights)  # all of its arrays, of its shapes
        assert {f"backbone.{name}" for name in weights} == set(initial)


def test_without_a_stage_that_trains_all_layers_networks_are_the_pretrained_one(
    pixels: NDArray[np.uint8],
    subsets: Subsets,
    initial: Weights,
    quick: TrainParameters,
    augmentation: AugmentationParameters,
) -> None:
    none = quick.stages.large
    frozen = quick.model_copy(update={"stages": StagesParameters(small=none, medium=none, large=none)})
    for weights in networks(pixels, subsets, initial, frozen, augmentation):
        np.testing.assert_equal(with_prefix(dict(weights)), dict(initial))
