import json
from dataclasses import replace

import numpy as np
import pytest

from apparel_eye.metrics.official import parse_label_strings
from apparel_eye.networks.checkpoint import State
from apparel_eye.training.best_epochs import Selection, without

PARTS = np.array([0, 0, 1, 1])
EPOCHS = [  # probability of the true one of two values, photo by photo
    (0.9, 0.9, 0.1, 0.1),  # right on part 0
    (0.2, 0.2, 0.8, 0.8),  # right on part 1, and of all photos as good by precision but better by log loss
    (0.1, 0.1, 0.1, 0.1),
    (0.6, 0.6, 0.6, 0.6),  # right on all; of one part not better by precision and worse by log loss
    (0.95, 0.95, 0.95, 0.95),
]


@pytest.fixture
def selection() -> Selection:
    return Selection(parse_label_strings(["yn"] * 4), PARTS)


def run(selection: Selection, num_epochs: int, first: int = 0) -> dict[str, int]:
    for epoch, of_truth in enumerate(EPOCHS[first:num_epochs], start=first):
        probabilities = np.array([[probability, 1 - probability] for probability in of_truth])
        selection.add(epoch, probabilities, {"epoch": np.array(epoch)}, {"epoch": epoch} if epoch else None)
    return dict(selection.checkpoint({}).chosen)


@pytest.mark.parametrize(
    ("num_epochs", "best", "without_0", "without_1"),
    [(1, 0, 0, 0), (2, 1, 1, 0), (3, 1, 1, 0), (4, 3, 1, 0), (5, 4, 4, 4)],
)
def test_the_best_epoch_is_chosen_by_all_photos_and_by_all_but_each_part(
    selection: Selection, num_epochs: int, best: int, without_0: int, without_1: int
) -> None:
    expected = {"best": best, without(0): without_0, without(1): without_1, "last": num_epochs - 1}
    assert run(selection, num_epochs) == expected


@pytest.mark.parametrize(("num_epochs", "kept"), [(1, {0}), (2, {0, 1}), (3, {0, 1, 2}), (4, {0, 1, 3}), (5, {4})])
def test_weights_are_kept_once_and_only_of_chosen_epochs(selection: Selection, num_epochs: int, kept: set[int]) -> None:
    run(selection, num_epochs)
    assert selection.checkpoint({}).weights == {epoch: {"epoch": epoch} for epoch in kept}


def test_the_first_of_equal_epochs_is_the_best(selection: Selection) -> None:
    for epoch in range(3):
        selection.add(epoch, np.array([[0.9, 0.1]] * 4), {})
    assert selection.checkpoint({}).chosen == {"best": 0, without(0): 0, without(1): 0, "last": 2}


def test_a_checkpoint_stays_what_it_was_when_epochs_follow(selection: Selection) -> None:
    run(selection, 1)
    early = selection.checkpoint({"size": [32, 32]})
    run(selection, 5)
    assert early.chosen == {"best": 0, without(0): 0, without(1): 0, "last": 0}
    assert early.weights == {0: {"epoch": 0}}
    assert early.description == {"size": [32, 32]}


def test_an_epoch_that_can_be_scored_is_better_than_one_that_cannot() -> None:
    selection = Selection(parse_label_strings(["myn", "myn"]), np.array([0, 1]))
    selection.add(0, np.array([[0.8, 0.1, 0.1]] * 2), {})
    selection.add(1, np.array([[0.1, 0.1, 0.8]] * 2), {})
    assert selection.checkpoint({}).of("best") is selection.checkpoint({}).weights[1]


def test_the_start_may_be_chosen_and_is_no_row_of_the_history(selection: Selection) -> None:
    assert run(selection, 3)[without(1)] == 0
    assert selection.checkpoint({}).history == [{"epoch": 1}, {"epoch": 2}]


@pytest.mark.parametrize("num_epochs", [1, 2, 3, 4])
def test_a_selection_goes_on_from_what_was_chosen(selection: Selection, num_epochs: int) -> None:
    run(selection, num_epochs)
    early = selection.checkpoint({}, State({}, {"step": 3}))
    notes = json.loads(json.dumps(early.state.notes))
    later = Selection(parse_label_strings(["yn"] * 4), PARTS, replace(early, state=State({}, notes)))
    assert notes["step"] == 3
    for resuming in (selection, later):
        run(resuming, 5, first=num_epochs)
    assert vars(later.checkpoint({})) == vars(selection.checkpoint({}))
