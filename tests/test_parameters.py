from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from apparel_eye.parameters import (
    AugmentationParameters,
    InferParameters,
    PhaseParameters,
    ProjectParameters,
    SplitParameters,
)

Tree = dict[str, Any]
ENVIRONMENTS = ("base", "cpu", "demo", "test")


def keys_of(tree: Tree, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, branch in tree.items():
        yield (*above, key)
        if isinstance(branch, dict):
            yield from keys_of(branch, (*above, key))


def with_misspelt_key(tree: Tree, path: tuple[str, ...]) -> Tree:
    """A copy in which the key at the path has a letter too many."""
    key, *below = path
    if below:
        return {**tree, key: with_misspelt_key(tree[key], tuple(below))}
    return {**{name: value for name, value in tree.items() if name != key}, f"{key}x": tree[key]}


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_every_environment_has_parameters_that_pass(parameters_of: Callable[[str], Tree], env: str) -> None:
    tree = parameters_of(env)
    assert set(ProjectParameters.model_validate(tree).model_dump()) == set(tree)


def test_every_misspelt_key_is_refused_by_name(parameters_of: Callable[[str], Tree]) -> None:
    tree = parameters_of("base")
    paths = list(keys_of(tree))
    assert ("train", "stages", "small", "head", "learning_rate") in paths
    for path in paths:
        with pytest.raises(ValidationError) as caught:
            ProjectParameters.model_validate(with_misspelt_key(tree, path))
        problems = {(problem["type"], problem["loc"]) for problem in caught.value.errors()}
        assert ("extra_forbidden", (*path[:-1], f"{path[-1]}x")) in problems
        assert ("missing", path) in problems


def test_parameters_cannot_be_changed(test_parameters: ProjectParameters) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        test_parameters.train.seed = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    ("num_cycles", "cycle_epochs", "cycle_multiplier", "lengths"),
    [(3, 1, 2, (1, 2, 4)), (2, 3, 1, (3, 3)), (0, 5, 2, ())],
)
def test_a_phase_is_as_long_as_its_cycles(
    num_cycles: int, cycle_epochs: int, cycle_multiplier: int, lengths: tuple[int, ...]
) -> None:
    phase = PhaseParameters(
        learning_rate=1e-3, num_cycles=num_cycles, cycle_epochs=cycle_epochs, cycle_multiplier=cycle_multiplier
    )
    assert phase.cycle_lengths == lengths
    assert phase.epochs == sum(lengths)


@pytest.mark.parametrize(
    ("max_zoom", "is_length", "expected"),
    [("auto", True, 1.0), ("auto", False, 1.1), (1.3, True, 1.3), (1.3, False, 1.3)],
)
def test_lengths_are_zoomed_only_by_a_number(
    test_parameters: ProjectParameters, max_zoom: float | str, is_length: bool, expected: float
) -> None:
    given = {**test_parameters.train.augmentation.model_dump(), "max_zoom": max_zoom}
    augmentation = AugmentationParameters.model_validate(given)
    assert augmentation.for_category(is_length).model_dump() == {**given, "max_zoom": expected}


def test_a_validation_fold_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(ValidationError, match="validation_fold is 5; give one from 0 to 4"):
        SplitParameters(num_folds=5, validation_fold=5, rare_values="stop", num_parts=2, seed=1)


def test_more_drawn_views_than_there_are_are_refused() -> None:
    with pytest.raises(ValidationError, match="num_drawn is 9, but there are 8 views"):
        InferParameters(num_views=8, num_drawn=9, batch_size=1, seed=1)
