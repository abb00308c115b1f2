from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from photo_tables import relabelled
from torch import nn

from apparel_eye.data.subsets import Subsets
from apparel_eye.metrics.official import log_loss
from apparel_eye.networks import backbones
from apparel_eye.networks.checkpoint import Checkpoint
from apparel_eye.networks.classifier import Classifier, Description, restore
from apparel_eye.networks.device import Mode
from apparel_eye.networks.inference import predict_plain
from apparel_eye.parameters import AugmentationParameters, HeadParameters, PhaseParameters, TrainParameters
from apparel_eye.training import phases
from apparel_eye.training.features import compute_features
from apparel_eye.training.phases import train_mode

Train = Callable[..., Iterator[Checkpoint]]
Bits = Callable[[Checkpoint], object]
MODES = {"train": Mode(), "predict": Mode()}
WITHOUT_DROPOUT = HeadParameters(pooling="rows", hidden=(16,), input_dropout=0, dropout=0, linear_fit=0)
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


def test_a_head_can_learn_one_batch_by_heart(
    features: NDArray[np.float16],
    subsets: Subsets,
    description: Description,
    checkpoint: Checkpoint,
    train: TrainParameters,
) -> None:
    one_view = np.concatenate([features[:9], features[-8:]])
    long = PhaseParameters(learning_rate=3e-2, num_cycles=1, cycle_epochs=60, cycle_multiplier=1)
    one_batch = train.model_copy(update={"batch_size": 9})
    without_dropout = description.model_copy(update={"head": WITHOUT_DROPOUT})
    *_, last = phases.train_head(one_view, subsets, without_dropout, checkpoint.of("best"), long, one_batch)
    assert last.history[0]["train_loss"] > 0.5
    assert last.history[-1]["train_loss"] < 0.01


def test_all_layers_can_learn_one_batch_by_heart(fine_tune: Train, train: TrainParameters) -> None:
    as_they_are = {"max_zoom": 1.0, "max_rotation": 0, "max_brightness": 0, "max_contrast": 0, "flip_share": 0}
    changed = {
        "augmentation": train.augmentation.model_copy(update=as_they_are),
        "head": WITHOUT_DROPOUT,
        "batch_size": 9,
        "freeze_statistics": False,  # those of random weights hide what little differs between photos of noise
    }
    long = PhaseParameters(learning_rate=1e-2, num_cycles=1, cycle_epochs=30, cycle_multiplier=1)
    *_, last = fine_tune(long, train.model_copy(update=changed))
    assert last.history[0]["train_loss"] > 0.5
    assert last.history[-1]["train_loss"] < 0.1


def test_the_frozen_backbone_stays_the_same_bit_for_bit(
    train_head: Train, train: TrainParameters, short: PhaseParameters, checkpoint: Checkpoint
) -> None:
    before, after = checkpoint.of("best"), list(train_head(short, train))[-1].of("last")
    frozen = [name for name in before if name.startswith("backbone.")]
    assert all(np.array_equal(before[name], after[name]) for name in frozen)
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert changed == {name for name in before if name.startswith("head.")}


@pytest.mark.parametrize("freeze_statistics", [True, False])
def test_statistics_change_only_where_they_are_not_frozen(
    fine_tune: Train,
    train: TrainParameters,
    short: PhaseParameters,
    checkpoint: Checkpoint,
    freeze_statistics: bool,
) -> None:
    *_, tuned = fine_tune(short, train.model_copy(update={"freeze_statistics": freeze_statistics}))
    before, after = checkpoint.of("best"), tuned.of("last")
    same = {name for name in before if np.array_equal(before[name], after[name])}
    statistics = {name for name in before if name.endswith(STATISTICS)}
    assert {name.split(".")[0] for name in statistics} == {"backbone", "head"}
    assert same == (statistics if freeze_statistics else set())


def test_a_layer_group_with_factor_zero_keeps_its_weights(
    fine_tune: Train, train: TrainParameters, short: PhaseParameters, checkpoint: Checkpoint
) -> None:
    *_, tuned = fine_tune(short, train.model_copy(update={"layer_group_factors": (0.0, 1.0, 1.0)}))
    before, after = checkpoint.of("best"), tuned.of("last")
    assert np.array_equal(before["backbone.layer1.0.conv1.weight"], after["backbone.layer1.0.conv1.weight"])
    assert not np.array_equal(before["backbone.layer4.0.conv1.weight"], after["backbone.layer4.0.conv1.weight"])


@pytest.mark.parametrize("task", ["train_head", "fine_tune"])
def test_two_runs_are_equal_bit_for_bit(
    task: str, request: pytest.FixtureRequest, train: TrainParameters, short: PhaseParameters, bits: Bits
) -> None:
    run: Train = request.getfixturevalue(task)
    first = list(run(short, train))
    torch.rand(5)
    assert [bits(checkpoint) for checkpoint in run(short, train)] == [bits(checkpoint) for checkpoint in first]


@pytest.mark.parametrize("task", ["train_head", "fine_tune"])
def test_another_seed_is_another_run(
    task: str, request: pytest.FixtureRequest, train: TrainParameters, short: PhaseParameters
) -> None:
    run: Train = request.getfixturevalue(task)
    first, other = (list(run(short, train.model_copy(update={"seed": seed})))[-1] for seed in (1, 2))
    assert first.history[-1]["train_loss"] != other.history[-1]["train_loss"]


@pytest.mark.parametrize("task", ["train_head", "fine_tune"])
def test_a_phase_without_cycles_hands_the_checkpoint_on(
    task: str,
    request: pytest.FixtureRequest,
    train: TrainParameters,
    short: PhaseParameters,
    checkpoint: Checkpoint,
    bits: Bits,
) -> None:
    run: Train = request.getfixturevalue(task)
    (handed_on,) = run(short.model_copy(update={"num_cycles": 0}), train)
    parts = {f"best_without_{share_of_batch}": 0 for share_of_batch in (0, 1)} if task == "train_head" else {}
    assert bits(handed_on) == bits(replace(checkpoint, chosen={**checkpoint.chosen, **parts}))


@pytest.mark.parametrize(
    ("task", "saved"),
    [("train_head", [[1], [1, 2, 3]]), ("fine_tune", [[1], [1, 2], [1, 2, 3]])],
    ids=["a head after each cycle", "all layers after each epoch"],
)
def test_progress_is_handed_out_as_it_grows(
    task: str,
    saved: list[list[int]],
    request: pytest.FixtureRequest,
    train: TrainParameters,
    short: PhaseParameters,
) -> None:
    progress = list(request.getfixturevalue(task)(short, train))
    assert [[row["epoch"] for row in checkpoint.history] for checkpoint in progress] == saved
    assert [checkpoint.chosen["last"] for checkpoint in progress] == [epochs[-1] for epochs in saved]
    assert [checkpoint.state is None for checkpoint in progress] == [False] * (len(saved) - 1) + [True]


@pytest.mark.parametrize("task", ["train_head", "fine_tune"])
def test_the_state_is_handed_out_after_as_many_steps_as_asked_for(
    task: str, request: pytest.FixtureRequest, train: TrainParameters, short: PhaseParameters
) -> None:
    often = train.model_copy(update={"batch_size": 2, "save_every_steps": 2})  # 9 photos: 4 steps
    states = [checkpoint.state for checkpoint in request.getfixturevalue(task)(short, often)]
    found = [(state.notes["epoch"], state.notes["step"]) for state in states if state]
    in_cycle = [] if task == "train_head" else [(2, 0)]
    assert found == [(0, 2), (1, 0), (1, 2), *in_cycle, (2, 2)]


def test_a_heads_batches_are_whole_whatever_memory_all_layers_need(
    train_head: Train, train: TrainParameters, short: PhaseParameters, bits: Bits
) -> None:
    whole, in_parts = (
        [bits(each) for each in train_head(short, train.model_copy(update={"accumulation": parts}))] for parts in (1, 8)
    )
    assert in_parts == whole


def test_the_start_is_chosen_where_training_only_spoils_it(
    pixels: NDArray[np.uint8],
    subsets: Subsets,
    description: Description,
    classifier: Classifier,
    checkpoint: Checkpoint,
    train: TrainParameters,
    short: PhaseParameters,
) -> None:
    known = relabelled(subsets, subsets.validation, subsets.train_label_strings[:8])
    pixels[known.validation] = pixels[known.train[:8]]
    augmentation, spoiling = train.augmentation, short.model_copy(update={"learning_rate": 1.0})
    parts = compute_features(pixels, known, classifier, 2, augmentation, train, Mode())
    features = np.concatenate([share_of_batch.rows for share_of_batch in parts])
    fitted = description.model_copy(update={"head": train.head.model_copy(update={"linear_fit": 1.0})})
    changed = train.model_copy(update={"head": fitted.head})
    *_, of_head = phases.train_head(features, known, fitted, checkpoint.of("best"), spoiling, changed)
    *_, of_all = phases.fine_tune(pixels, known, of_head, spoiling, augmentation, changed, MODES)
    for spoiled in (of_head, of_all):
        assert set(spoiled.chosen.items()) >= {("best", 0), ("last", 3)}
        assert min(row["validation_loss"] for row in spoiled.history) > 5
    np.testing.assert_equal(of_all.of("best"), of_head.of("best"))


@pytest.mark.parametrize("weight_average", [0.0, 0.9])
def test_the_weights_of_an_epoch_give_the_loss_that_the_history_says(
    fine_tune: Train,
    train: TrainParameters,
    short: PhaseParameters,
    pixels: NDArray[np.uint8],
    subsets: Subsets,
    weight_average: float,
) -> None:
    *_, checkpoint = fine_tune(short, train.model_copy(update={"weight_average": weight_average}))
    for number in {*checkpoint.chosen.values()} - {0}:
        one = Checkpoint.single(checkpoint.weights[number], checkpoint.description)
        probabilities = predict_plain(*restore(one), pixels, subsets.validation, 8, Mode())
        row = checkpoint.history[number - 1]
        assert log_loss(probabilities, subsets.validation_label_strings) == pytest.approx(
            row["validation_loss"], rel=1e-6
        )


def test_training_never_looks_at_the_photos_to_predict(
    pixels: NDArray[np.uint8],
    subsets: Subsets,
    checkpoint: Checkpoint,
    augmentation: AugmentationParameters,
    train: TrainParameters,
    short: PhaseParameters,
    fine_tune: Train,
    bits: Bits,
) -> None:
    blackened = pixels.copy()
    blackened[subsets.to_predict] = 0
    *_, found = phases.fine_tune(blackened, subsets, checkpoint, short, augmentation, train, MODES)
    *_, expected = fine_tune(short, train)
    assert bits(found) == bits(expected)


def test_validation_photos_change_no_weights(
    pixels: NDArray[np.uint8],
    subsets: Subsets,
    checkpoint: Checkpoint,
    augmentation: AugmentationParameters,
    train: TrainParameters,
    short: PhaseParameters,
    fine_tune: Train,
) -> None:
    other = relabelled(subsets, subsets.validation, subsets.validation_label_strings[::-1])
    *_, found = phases.fine_tune(pixels, other, checkpoint, short, augmentation, train, MODES)
    *_, expected = fine_tune(short, train)
    np.testing.assert_equal(found.of("last"), expected.of("last"))


def test_a_network_to_train_is_the_checkpoints(classifier: Classifier, checkpoint: Checkpoint) -> None:
    np.testing.assert_equal(backbones.state(restore(checkpoint)[0]), backbones.state(classifier))


@pytest.mark.parametrize("freeze_statistics", [True, False])
def test_batch_norm_alone_stays_as_in_evaluation_where_statistics_are_frozen(freeze_statistics: bool) -> None:
    model = nn.Sequential(nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2), nn.Flatten(), nn.BatchNorm1d(2), nn.Dropout()).eval()
    train_mode(model, freeze_statistics)
    assert [module.training for module in model] == [True, not freeze_statistics, True, not freeze_statistics, True]
    before = model[3].running_mean.clone()
    model(torch.rand(4, 3, 1, 1))
    assert torch.equal(model[3].running_mean, before) == freeze_statistics


def test_a_compiled_network_learns_the_same(
    fine_tune: Train, train: TrainParameters, short: PhaseParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    graphs: list[int] = []

    def backend(graph: torch.fx.GraphModule, inputs: list[object]) -> Callable[..., object]:
        graphs.append(len(inputs))
        return graph.forward  # turning it into C++ takes a minute

    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend=backend))
    one_step = (short.model_copy(update={"num_cycles": 1}), train.model_copy(update={"batch_size": 9}))
    *_, as_it_is = fine_tune(*one_step)
    assert graphs == []
    *_, compiled = fine_tune(one_step[0], one_step[1].model_copy(update={"compile": True}))
    assert len(graphs) >= 2  # to train and to predict
    assert set(compiled.of("last")) == set(as_it_is.of("last"))
    for name, array in as_it_is.of("last").items():
        np.testing.assert_allclose(compiled.of("last")[name], array, atol=1e-6)
