import math
from collections.abc import Callable
from itertools import chain

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from apparel_eye.errors import DivergedError
from apparel_eye.metrics import marks_of
from apparel_eye.parameters import LossParameters, PhaseParameters
from apparel_eye.schemas import Epochs
from apparel_eye.vision import engine

NUM_VALUES = 3
CROSS_ENTROPY = LossParameters(
    name="cross_entropy", label_smoothing=0, maybe_share=0, focal_gamma=0, order_weight=0, class_balance=0
)


def settings_of(phase: PhaseParameters, **changed: object) -> engine.Settings:
    settings: dict[str, object] = {"name": "head", "batch_size": 8, "weight_decay": 0.0, "loss": CROSS_ENTROPY}
    return engine.Settings(
        phase=phase, learning_rate=phase.rate, precision="float32", seed=1, **{**settings, **changed}
    )


@pytest.fixture
def make_work() -> Callable[..., engine.Work]:
    """A linear model of photos that are their own numbers; the first value is always right in validation."""

    def made(num_photos: int = 9, inputs: Callable[[NDArray[np.intp], int], Tensor] | None = None) -> engine.Work:
        model = nn.Sequential(nn.Linear(2, 4), nn.Linear(4, NUM_VALUES))
        for parameter in model.parameters():
            nn.init.zeros_(parameter)
        return engine.Work(
            model=model,
            groups=[
                {"params": list(model[0].parameters()), "factor": 0.01},
                {"params": list(model[1].parameters()), "factor": 1.0},
            ],
            inputs=inputs or (lambda positions, epoch: torch.ones(len(positions), 2)),
            targets=torch.eye(NUM_VALUES)[torch.arange(num_photos) % NUM_VALUES],
            weights=torch.ones(num_photos),
            set_mode=model.train,
            evaluate=lambda: np.array([[0.5, 0.25, 0.25]] * 4),
            marks=marks_of(["ynn"] * 4),
        )

    return made


@pytest.mark.parametrize("batch_size", [2, 3, 4, 8, 50])
@pytest.mark.parametrize("num_photos", [2, 3, 5, 9, 16, 17])
def test_an_epoch_has_each_photo_once_and_no_batch_of_one(
    make_work: Callable[..., engine.Work], phase: PhaseParameters, num_photos: int, batch_size: int
) -> None:
    seen: dict[int, list[list[int]]] = {}

    def inputs(positions: NDArray[np.intp], epoch: int) -> Tensor:
        seen.setdefault(epoch, []).append(positions.tolist())
        return torch.ones(len(positions), 2)

    list(engine.train(make_work(num_photos, inputs), settings_of(phase, batch_size=batch_size)))
    assert len(seen) == phase.epochs
    for batches in seen.values():
        assert sorted(chain.from_iterable(batches)) == list(range(num_photos))
        assert min(map(len, batches)) >= 2
        assert max(map(len, batches)) <= max(batch_size, 3)


def test_rates_of_the_groups_keep_their_ratio_along_the_cosine(
    make_work: Callable[..., engine.Work], phase: PhaseParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates: list[tuple[float, float]] = []

    class Recording(torch.optim.AdamW):
        def step(self) -> None:
            rates.append((self.param_groups[0]["lr"], self.param_groups[1]["lr"]))
            super().step()

    monkeypatch.setattr(torch.optim, "AdamW", Recording)
    list(engine.train(make_work(9), settings_of(phase)))
    cosine = [0.5 + 0.5 * math.cos(math.pi * step / (2 * length)) for length in (1, 2, 4) for step in range(2 * length)]
    assert [head for _, head in rates] == pytest.approx([phase.learning_rate * factor for factor in cosine])
    assert [early for early, _ in rates] == pytest.approx([0.01 * head for _, head in rates])


def test_a_row_of_the_history_says_what_was_measured(
    make_work: Callable[..., engine.Work], phase: PhaseParameters
) -> None:
    slow = phase.model_copy(update={"learning_rate": 1e-12})
    rows = [epoch.row for epoch in engine.train(make_work(9), settings_of(slow))]
    assert set(rows[0]) == set(Epochs.to_schema().columns)
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4, 5, 6, 7]
    assert [row["cycle"] for row in rows] == [1, 2, 2, 3, 3, 3, 3]
    cosine = [0.5 + 0.5 * math.cos(math.pi * at) for at in (0, 0, 1 / 2, 0, 1 / 4, 1 / 2, 3 / 4)]
    assert [row["learning_rate"] for row in rows] == pytest.approx([1e-12 * factor for factor in cosine])
    for row in rows:
        assert row["train_loss"] == pytest.approx(math.log(NUM_VALUES), rel=1e-6)
        assert row["validation_loss"] == pytest.approx(math.log(2))
        assert (row["basic_precision"], row["average_precision"], row["accuracy"]) == (1, 1, 1)


def test_the_loss_of_an_epoch_is_the_mean_over_photos_not_over_batches(
    make_work: Callable[..., engine.Work], phase: PhaseParameters
) -> None:
    slow = phase.model_copy(update={"learning_rate": 1e-12, "num_cycles": 1})
    work = make_work(5, lambda positions, epoch: torch.tensor(positions)[:, None].float().expand(-1, 2) * 3)
    torch.manual_seed(0)
    for parameter in work.model.parameters():
        nn.init.normal_(parameter)
    with torch.no_grad():
        logits = work.model(torch.arange(5.0)[:, None].expand(-1, 2) * 3)
        expected = nn.functional.cross_entropy(logits, work.targets).item()
    (epoch,) = engine.train(work, settings_of(slow, batch_size=3))
    assert epoch.row["train_loss"] == pytest.approx(expected, rel=1e-5)


def test_distributions_are_learned_as_they_are(make_work: Callable[..., engine.Work], phase: PhaseParameters) -> None:
    long = PhaseParameters(learning_rate=0.1, num_cycles=1, cycle_epochs=200, cycle_multiplier=1)
    work = make_work(3, lambda positions, epoch: torch.eye(3)[positions, :2])
    torch.manual_seed(0)
    for parameter in work.model.parameters():
        nn.init.normal_(parameter)
    smoothed = np.array([0.8, 0.1, 0.1])
    work.targets.copy_(torch.where(work.targets == 1, 0.8, 0.1))
    *_, last = engine.train(work, settings_of(long))
    assert last.row["train_loss"] == pytest.approx(-(smoothed * np.log(smoothed)).sum(), rel=0.01)


def test_numbers_that_are_not_finite_stop_training(
    make_work: Callable[..., engine.Work], phase: PhaseParameters
) -> None:
    work = make_work(9, lambda positions, epoch: torch.full((len(positions), 2), math.nan if epoch == 1 else 1.0))
    epochs = engine.train(work, settings_of(phase))
    assert next(epochs).number == 0
    with pytest.raises(DivergedError, match=r"head: the loss of epoch 2 is nan in training.* 0\.01; lower it.* 0\.001"):
        next(epochs)


def test_nothing_is_trained_without_cycles(make_work: Callable[..., engine.Work], phase: PhaseParameters) -> None:
    assert list(engine.train(make_work(), settings_of(phase.model_copy(update={"num_cycles": 0})))) == []


def test_dropout_does_not_depend_on_what_was_drawn_before(
    make_work: Callable[..., engine.Work], phase: PhaseParameters
) -> None:
    def losses() -> list[float]:
        work = make_work(9, lambda positions, epoch: torch.nn.functional.dropout(torch.ones(len(positions), 2)))
        work.model[1].bias.data.copy_(torch.tensor([0.1, 0.2, 0.3]))
        work.model[0].weight.data.fill_(0.5)
        work.model[1].weight.data.copy_(torch.arange(12.0).reshape(3, 4))
        return [epoch.row["train_loss"] for epoch in engine.train(work, settings_of(phase))]

    first = losses()
    torch.rand(17)
    assert losses() == first
