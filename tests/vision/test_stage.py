from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from apparel_eye.array_part import ArrayPart
from apparel_eye.checkpoint import Checkpoint
from apparel_eye.metrics import log_loss
from apparel_eye.parameters import AugmentationParameters, HeadParameters, PhaseParameters, TrainParameters
from apparel_eye.subsets import Subsets
from apparel_eye.vision import backbones, stage, views
from apparel_eye.vision.classifier import Classifier, Description, restore
from apparel_eye.vision.inference import predict_plain

Progress = list[tuple[Checkpoint, stage.History]]
FLOAT32 = {"train": "float32", "predict": "float32"}
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


def whole(parts: Iterator[ArrayPart]) -> NDArray[np.float16]:
    return np.concatenate([part.rows for part in parts])


def without_seconds(history: stage.History) -> stage.History:
    return [{name: number for name, number in row.items() if name != "seconds"} for row in history]


@pytest.fixture
def features(
    pixels: NDArray[np.uint8],
    subsets: Subsets,
    classifier: Classifier,
    augmentation: AugmentationParameters,
    train: TrainParameters,
) -> NDArray[np.float16]:
    return whole(stage.compute_features(pixels, subsets, classifier, 2, augmentation, train, "float32"))


@pytest.fixture
def train_head(
    features: NDArray[np.float16], subsets: Subsets, description: Description, checkpoint: Checkpoint
) -> Callable[..., Progress]:
    def trained(phase: PhaseParameters, train: TrainParameters) -> Progress:
        return list(stage.train_head(features, subsets, description, checkpoint.of("best"), phase, train))

    return trained


@pytest.fixture
def fine_tune(
    pixels: NDArray[np.uint8], subsets: Subsets, checkpoint: Checkpoint, augmentation: AugmentationParameters
) -> Callable[..., Progress]:
    def tuned(phase: PhaseParameters, train: TrainParameters) -> Progress:
        return list(stage.fine_tune(pixels, subsets, checkpoint, phase, augmentation, train, FLOAT32))

    return tuned


@pytest.fixture
def short() -> PhaseParameters:
    """Three epochs."""
    return PhaseParameters(learning_rate=1e-2, num_cycles=2, cycle_epochs=1, cycle_multiplier=2)


@torch.inference_mode()
def test_features_are_those_of_drawn_training_photos_view_by_view_then_of_plain_validation_photos(
    features: NDArray[np.float16],
    pixels: NDArray[np.uint8],
    subsets: Subsets,
    classifier: Classifier,
    augmentation: AugmentationParameters,
) -> None:
    photos, held_out = torch.from_numpy(pixels[subsets.train]), torch.from_numpy(pixels[subsets.validation])
    rendered = [views.render(photos, views.draw(1, view, subsets.train, augmentation)) for view in (0, 1)]
    expected = classifier.features(torch.cat([*rendered, views.render(held_out, views.plain(8))]))
    assert features.dtype == np.float16
    np.testing.assert_allclose(features, expected.numpy(), rtol=2e-3, atol=2e-3)


def test_parts_of_the_features_follow_each_other_to_the_end(
    pixels: NDArray[np.uint8],
    subsets: Subsets,
    classifier: Classifier,
    augmentation: AugmentationParameters,
    train: TrainParameters,
) -> None:
    parts = list(stage.compute_features(pixels, subsets, classifier, 2, augmentation, train, "float32"))
    assert [part.start for part in parts] == [0, *(part.stop for part in parts[:-1])]
    assert parts[-1].stop == 2 * 9 + 8
    assert {part.num_rows for part in parts} == {2 * 9 + 8}


def test_a_head_can_learn_one_batch_by_heart(
    features: NDArray[np.float16],
    subsets: Subsets,
    description: Description,
    checkpoint: Checkpoint,
    train: TrainParameters,
) -> None:
    one_view = np.concatenate([features[:9], features[-8:]])
    head = HeadParameters(pooling="rows", hidden=(16,), input_dropout=0, dropout=0)
    long = PhaseParameters(learning_rate=3e-2, num_cycles=1, cycle_epochs=60, cycle_multiplier=1)
    one_batch = train.model_copy(update={"batch_size": 9})
    without_dropout = description.model_copy(update={"head": head})
    *_, (_, history) = stage.train_head(one_view, subsets, without_dropout, checkpoint.of("best"), long, one_batch)
    assert history[0]["train_loss"] > 0.5
    assert history[-1]["train_loss"] < 0.01


def test_all_layers_can_learn_one_batch_by_heart(
    pixels: NDArray[np.uint8],
    subsets: Subsets,
    checkpoint: Checkpoint,
    description: Description,
    augmentation: AugmentationParameters,
    train: TrainParameters,
) -> None:
    head = HeadParameters(pooling="rows", hidden=(16,), input_dropout=0, dropout=0)
    without_dropout = description.model_copy(update={"head": head}).model_dump(mode="json")
    initial = Checkpoint.single(checkpoint.of("best"), without_dropout)
    as_they_are = {"max_zoom": 1.0, "max_rotation": 0, "max_brightness": 0, "max_contrast": 0, "flip_share": 0}
    plain = augmentation.model_copy(update=as_they_are)
    long = PhaseParameters(learning_rate=1e-2, num_cycles=1, cycle_epochs=30, cycle_multiplier=1)
    one_batch = train.model_copy(update={"batch_size": 9})
    *_, (_, history) = stage.fine_tune(pixels, subsets, initial, long, plain, one_batch, FLOAT32)
    assert history[0]["train_loss"] > 0.5
    assert history[-1]["train_loss"] < 0.1


def test_the_frozen_backbone_stays_the_same_bit_for_bit(
    train_head: Callable[..., Progress], train: TrainParameters, short: PhaseParameters, checkpoint: Checkpoint
) -> None:
    before, after = checkpoint.of("best"), train_head(short, train)[-1][0].of("last")
    frozen = [name for name in before if name.startswith("backbone.")]
    assert all(np.array_equal(before[name], after[name]) for name in frozen)
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert changed == {name for name in before if name.startswith("head.")}


@pytest.mark.parametrize("freeze_statistics", [True, False])
def test_statistics_of_the_backbone_change_only_where_they_are_not_frozen(
    fine_tune: Callable[..., Progress],
    train: TrainParameters,
    short: PhaseParameters,
    checkpoint: Checkpoint,
    freeze_statistics: bool,
) -> None:
    tuned = fine_tune(short, train.model_copy(update={"freeze_statistics": freeze_statistics}))
    before, after = checkpoint.of("best"), tuned[-1][0].of("last")
    same = {name for name in before if np.array_equal(before[name], after[name])}
    of_backbone = {name for name in before if name.startswith("backbone.") and name.endswith(STATISTICS)}
    assert same == (of_backbone if freeze_statistics else set())


def test_a_layer_group_with_factor_zero_keeps_its_weights(
    fine_tune: Callable[..., Progress], train: TrainParameters, short: PhaseParameters, checkpoint: Checkpoint
) -> None:
    tuned = fine_tune(short, train.model_copy(update={"layer_group_factors": (0.0, 1.0, 1.0)}))
    before, after = checkpoint.of("best"), tuned[-1][0].of("last")
    assert np.array_equal(before["backbone.layer1.0.conv1.weight"], after["backbone.layer1.0.conv1.weight"])
    assert not np.array_equal(before["backbone.layer4.0.conv1.weight"], after["backbone.layer4.0.conv1.weight"])


@pytest.mark.parametrize("work", ["train_head", "fine_tune"])
def test_two_runs_are_equal_bit_for_bit(
    work: str, request: pytest.FixtureRequest, train: TrainParameters, short: PhaseParameters
) -> None:
    run: Callable[..., Progress] = request.getfixturevalue(work)
    first = run(short, train)
    torch.rand(5)
    for (checkpoint, history), (again, history_again) in zip(first, run(short, train), strict=True):
        np.testing.assert_equal(vars(again), vars(checkpoint))
        assert without_seconds(history_again) == without_seconds(history)


@pytest.mark.parametrize("work", ["train_head", "fine_tune"])
def test_another_seed_is_another_run(
    work: str, request: pytest.FixtureRequest, train: TrainParameters, short: PhaseParameters
) -> None:
    run: Callable[..., Progress] = request.getfixturevalue(work)
    losses = [run(short, train.model_copy(update={"seed": seed}))[-1][1][-1]["train_loss"] for seed in (1, 2)]
    assert losses[0] != losses[1]


@pytest.mark.parametrize("work", ["train_head", "fine_tune"])
def test_a_phase_without_cycles_hands_the_checkpoint_on(
    work: str,
    request: pytest.FixtureRequest,
    train: TrainParameters,
    short: PhaseParameters,
    checkpoint: Checkpoint,
) -> None:
    run: Callable[..., Progress] = request.getfixturevalue(work)
    ((handed_on, history),) = run(short.model_copy(update={"num_cycles": 0}), train)
    assert history == []
    np.testing.assert_equal(vars(handed_on), vars(checkpoint))


@pytest.mark.parametrize(
    ("work", "saved"),
    [("train_head", [[1], [1, 2, 3]]), ("fine_tune", [[1], [1, 2], [1, 2, 3]])],
    ids=["a head after each cycle", "all layers after each epoch"],
)
def test_progress_is_handed_out_as_it_grows(
    work: str,
    saved: list[list[int]],
    request: pytest.FixtureRequest,
    train: TrainParameters,
    short: PhaseParameters,
) -> None:
    progress: Progress = request.getfixturevalue(work)(short, train)
    assert [[row["epoch"] for row in history] for _, history in progress] == saved
    assert [checkpoint.chosen["last"] + 1 for checkpoint, _ in progress] == [epochs[-1] for epochs in saved]


def test_the_weights_of_an_epoch_give_the_loss_that_the_history_says(
    fine_tune: Callable[..., Progress],
    train: TrainParameters,
    short: PhaseParameters,
    pixels: NDArray[np.uint8],
    subsets: Subsets,
) -> None:
    checkpoint, history = fine_tune(short, train)[-1]
    for reason in ("best", "last"):
        probabilities = predict_plain(*restore(checkpoint, reason), pixels, subsets.validation, 8, "float32")
        row = history[checkpoint.chosen[reason]]
        assert log_loss(probabilities, subsets.validation_marks) == pytest.approx(row["validation_loss"], rel=1e-6)


def test_training_never_looks_at_the_photos_to_predict(
    pixels: NDArray[np.uint8],
    subsets: Subsets,
    checkpoint: Checkpoint,
    augmentation: AugmentationParameters,
    train: TrainParameters,
    short: PhaseParameters,
    fine_tune: Callable[..., Progress],
) -> None:
    blackened = pixels.copy()
    blackened[subsets.questions] = 0
    run = stage.fine_tune(blackened, subsets, checkpoint, short, augmentation, train, FLOAT32)
    np.testing.assert_equal(vars(list(run)[-1][0]), vars(fine_tune(short, train)[-1][0]))


def test_validation_photos_change_no_weights(
    pixels: NDArray[np.uint8],
    subsets: Subsets,
    checkpoint: Checkpoint,
    augmentation: AugmentationParameters,
    train: TrainParameters,
    short: PhaseParameters,
    fine_tune: Callable[..., Progress],
) -> None:
    other = replace(subsets, validation=subsets.validation[::-1].copy(), validation_marks=subsets.validation_marks)
    run = stage.fine_tune(pixels, other, checkpoint, short, augmentation, train, FLOAT32)
    np.testing.assert_equal(list(run)[-1][0].of("last"), fine_tune(short, train)[-1][0].of("last"))


def test_a_network_to_train_is_the_checkpoints(classifier: Classifier, checkpoint: Checkpoint) -> None:
    np.testing.assert_equal(backbones.state(restore(checkpoint)[0]), backbones.state(classifier))
