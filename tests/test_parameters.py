import math
from collections.abc import Callable, Iterator
from typing import Any, Literal, get_args, get_origin

import pytest
from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from whole_flow import CANDIDATES

from apparel_eye.parameters import (
    STAGES,
    ActivationsParameters,
    AugmentationParameters,
    ExtractionParameters,
    InferParameters,
    Parameters,
    PhaseParameters,
    ProjectParameters,
    SplitParameters,
)
from apparel_eye.parameters.choices import Choice
from apparel_eye.parameters.problems import in_words

Tree = dict[str, Any]
KeyPath = tuple[str | int, ...]
"""Keys from the top on, positions within a list."""
ENVIRONMENTS = ("base", "cpu", "demo", "test")
FROM_THE_END = ActivationsParameters.model_fields["level"]
"""The one number that may be negative."""
NEUTRAL = {"train.augmentation.max_hue": 0.0}
"""Keys that files of older versions lack, and the value that their models were trained with."""
WRONG_TYPES = {
    bool: (2, "perhaps", None, []),
    int: ("1e-3", "7", True, 1.5, None, [1], {}),
    float: ("1e-3", "7", True, None, [1.0], {}),
    str: (7, True, None, [], {}),
    list: ("text", 1.5, True, None, {}),
    dict: ("text", 7, None, []),
}


def fields_of(model: type[BaseModel], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    """Every key that there is, with what is known of it."""
    for key, field in model.model_fields.items():
        yield (*above, key), field
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from fields_of(field.annotation, (*above, key))


def at(tree: Any, path: KeyPath) -> Any:
    for key in path:
        tree = tree[key]
    return tree


def replaced(tree: Any, path: KeyPath, value: object) -> Any:
    """A copy with another value at a path."""
    if not path:
        return value
    key, *below = path
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    copy[key] = replaced(tree[key], tuple(below), value)
    return copy


def with_misspelt_key(tree: Tree, path: tuple[str, ...]) -> Tree:
    """A copy in which the key at the path has a letter too many."""
    *above, key = path
    around = at(tree, tuple(above))
    misspelt = {**{name: value for name, value in around.items() if name != key}, f"{key}x": around[key]}
    return dict(replaced(tree, tuple(above), misspelt))


def parts_of(annotation: Any) -> Iterator[Any]:
    """A type with the types that it is made of, and what is said of their values."""
    yield annotation
    if get_origin(annotation) is not Literal:
        for part in (*get_args(annotation), *getattr(annotation, "__metadata__", ())):
            yield from parts_of(part)
    if isinstance(annotation, FieldInfo):
        yield from annotation.metadata


def out_of_range(field: FieldInfo) -> list[float]:
    """Numbers below the lowest and above the highest limit that is told of a key."""
    parts = [*parts_of(field.annotation), *field.metadata]
    lower = [part.ge - 1 for part in parts if isinstance(part, Ge)] + [
        part.gt for part in parts if isinstance(part, Gt)
    ]
    upper = [part.le + 1 for part in parts if isinstance(part, Le)] + [
        part.lt for part in parts if isinstance(part, Lt)
    ]
    return [*sorted(lower)[:1], *sorted(upper)[-1:]]


def kinds_of(field: FieldInfo) -> set[type]:
    """Types of the values that a key may have, as YAML has them."""
    types = list(parts_of(field.annotation))
    if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
        return {dict}
    if get_origin(field.annotation) is dict:
        return {dict}
    return {kind for kind in (bool, int, float, str) if kind in types} | {
        list for part in types if get_origin(part) is tuple
    }


def nonsense_for(kinds: set[type], field: FieldInfo) -> list[object]:
    """What must not stand in the place of a value of some types."""
    wrong = [mutant for kind in kinds or {str} for mutant in WRONG_TYPES[kind]]
    fine = kinds | ({int} if float in kinds else set())
    wrong = [mutant for mutant in wrong if type(mutant) not in fine]
    if kinds & {int, float}:
        wrong += [math.nan, math.inf, -math.inf, *([] if field is FROM_THE_END else [-1]), *out_of_range(field)]
    parts = [*parts_of(field.annotation), *field.metadata]
    if any(get_origin(part) is Literal or isinstance(part, Choice) for part in parts):
        wrong += ["no such choice"]
    return wrong


def mutants(tree: Tree) -> Iterator[tuple[KeyPath, object]]:
    """Every key of a tree with each kind of nonsense, within lists as well."""
    for path, field in fields_of(ProjectParameters):
        kinds, value = kinds_of(field), at(tree, path)
        yield from ((path, wrong) for wrong in nonsense_for(kinds, field))
        for position in range(len(value) if isinstance(value, list) else 0):
            yield from (((*path, position), wrong) for wrong in nonsense_for(kinds - {list}, field))


def refusal(tree: Tree) -> str:
    """What a run with these parameters stops with; nothing where it goes on."""
    try:
        ProjectParameters.model_validate(tree)
    except ValidationError as error:
        return in_words(error)
    return ""


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_every_environment_has_parameters_that_pass(parameters_of: Callable[[str], Tree], env: str) -> None:
    tree = parameters_of(env)
    assert set(ProjectParameters.model_validate(tree).model_dump()) == set(tree)


@pytest.mark.fault(111)
def test_every_misspelt_key_is_refused_with_the_key_that_is_meant(parameters_of: Callable[[str], Tree]) -> None:
    tree = parameters_of("base")
    paths = [path for path, _ in fields_of(ProjectParameters)]
    assert ("train", "stages", "small", "head", "learning_rate") in paths
    for path in paths:
        name = ".".join(path)
        said = refusal(with_misspelt_key(tree, path))
        assert f"there is no parameter {name}x; did you mean {name}?" in said
        assert f"parameter {name} is missing" in said or name in NEUTRAL


@pytest.mark.fault(111)
@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_nonsense_is_refused_with_its_key_and_value(parameters_of: Callable[[str], Tree], env: str) -> None:
    tree = parameters_of(env)
    wrong = list(mutants(tree))
    assert len(wrong) > 1000
    accepted = []
    for path, value in wrong:
        said = refusal(replaced(tree, path, value))
        if f"parameter {'.'.join(map(str, path))} is {value!r}: " not in said:
            accepted.append(f"{'.'.join(map(str, path))}={value!r}: {said or 'accepted'}")
    assert accepted == []


def test_every_candidate_may_be_submitted() -> None:
    [choice] = (field.annotation for path, field in fields_of(ProjectParameters) if path == ("submit", "candidate"))
    assert get_args(choice) == ("auto", *CANDIDATES)


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
    ("num_rounds", "block_rounds", "lengths"), [(10, 4, (4, 4, 2)), (10, 5, (5, 5)), (3, 8, (3,)), (1, 1, (1,))]
)
def test_blocks_have_all_rounds_and_the_last_of_them_the_rest(
    test_parameters: ProjectParameters, num_rounds: int, block_rounds: int, lengths: tuple[int, ...]
) -> None:
    rounds = {"num_rounds": num_rounds, "block_rounds": block_rounds}
    assert test_parameters.boost.xgboost.model_copy(update=rounds).block_lengths == lengths


def test_xgboost_gets_what_it_knows_and_nothing_else(test_parameters: ProjectParameters) -> None:
    names = {"learning_rate", "max_depth", "subsample", "colsample_bynode", "max_bin", "reg_lambda"}
    for parameters in (test_parameters.boost.xgboost, test_parameters.boost.bags):
        assert parameters.passed_on() == {name: getattr(parameters, name) for name in names}


def test_a_blend_takes_two_candidates_that_are_no_blends(parameters_of: Callable[[str], Tree]) -> None:
    tree = parameters_of("base")
    assert "parameter report.blend is ['tta']" in refusal(replaced(tree, ("report", "blend"), ["tta"]))
    assert "parameter report.blend.1 is 'blend'" in refusal(replaced(tree, ("report", "blend", 1), "blend"))
    others = [name for name in CANDIDATES if name != "blend"]
    assert refusal(replaced(tree, ("report", "blend"), others)) == ""


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
        SplitParameters(num_folds=5, validation_fold=5, rare_values="stop", num_halves=2, seed=1)


def test_more_drawn_views_than_there_are_are_refused() -> None:
    with pytest.raises(ValidationError, match="num_drawn is 9, but there are 8 views"):
        InferParameters(num_views=8, num_drawn=9, mirrored=False, plain_weight=1.0, batch_size=1, seed=1)


def test_a_prediction_needs_a_view() -> None:
    with pytest.raises(ValidationError, match="plain_weight is 0, and there are no other views"):
        InferParameters(num_views=8, num_drawn=0, mirrored=False, plain_weight=0.0, batch_size=1, seed=1)


@pytest.mark.fault(111)
@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        (([64, 64], 4095, 9216), "medium.size is an area of 4095 pixels, less than the 4096 of small.size"),
        ((50176, 89401, [256, 256]), "large.size is an area of 65536 pixels, less than the 89401 of medium.size"),
        (([64, 32], [32, 64], 2048), ""),
        ((9216, [128, 128], 36864), ""),
    ],
    ids=["smaller area", "smaller height and width", "equal areas", "ascending"],
)
def test_sizes_of_stages_ascend(
    parameters_of: Callable[[str], Tree], sizes: tuple[int | list[int], ...], said: str
) -> None:
    tree = parameters_of("base")
    for stage, size in zip(STAGES, sizes, strict=True):
        tree = replaced(tree, ("train", "stages", stage, "size"), size)
    assert said in refusal(tree)
    assert bool(said) == bool(refusal(tree))


@pytest.mark.fault(111)
def test_a_finder_that_goes_nowhere_is_refused(parameters_of: Callable[[str], Tree]) -> None:
    said = refusal(replaced(parameters_of("base"), ("train", "finder", "start"), 10.0))
    assert "parameter train.finder: start is 10.0; give one below end, which is 10.0" in said


def test_what_decides_on_activations_is_kept_apart_from_how_they_are_computed(
    test_parameters: ProjectParameters,
) -> None:
    class About(Parameters):
        extraction: ExtractionParameters

    kept = About(extraction=test_parameters.activations).model_dump(mode="json")
    again = About.model_validate(kept)
    apart = {"source", "held_out", "batch_size", "on_change"}
    assert set(kept["extraction"]) == set(type(test_parameters.activations).model_fields) - apart
    assert again.extraction.model_dump() == {
        name: value for name, value in dict(test_parameters.activations).items() if name not in apart
    }
