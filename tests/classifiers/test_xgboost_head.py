import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost
from numpy.typing import NDArray

from apparel_eye.classifiers import heads, xgboost_head
from apparel_eye.classifiers.heads import Examples
from apparel_eye.classifiers.objectives import OBJECTIVES
from apparel_eye.classifiers.xgboost_head import Boosters
from apparel_eye.errors import DataError
from apparel_eye.parameters import XGBoostParameters

MakeExamples = Callable[..., Examples]
EVERYTHING = slice(None)
COMPUTE = {"device": "cpu", "nthread": 1}


def margins_of(block: dict[str, object], features: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a block adds, by XGBoost alone."""
    booster = xgboost.Booster(model_file=bytearray(json.dumps(block["booster"]).encode()))
    seen = np.ascontiguousarray(features[:, block["columns"]])
    zeros = np.zeros((len(features), 3), dtype=np.float32)
    return booster.predict(xgboost.DMatrix(seen, base_margin=zeros), output_margin=True)


def softmax(margins: NDArray[np.floating]) -> NDArray[np.float64]:
    exponentials = np.exp(margins.astype(np.float64))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def predicted(examples: Examples, parameters: XGBoostParameters) -> NDArray[np.float64]:
    """Of the examples themselves."""
    return Boosters(xgboost_head.fit(examples, parameters)).predict(examples.columns(EVERYTHING))


def coarse(examples: Examples) -> Examples:
    """With weights, two views and features of few different values, so that bins do not depend on sketches."""
    num = len(examples.photos)
    views = np.stack([examples.features[:, 0], np.roll(examples.features[:, 0], 3, axis=0)], axis=1)
    weights = np.random.default_rng(1).uniform(0.1, 1, num).astype(np.float32)
    return replace(examples, features=(2 * views).round().clip(-4, 4), weights=weights)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("num_classes", [2, 3, 5])
def test_classes_apart_are_learned(
    num_classes: int, objective: str, make_examples: MakeExamples, xgboost_parameters: XGBoostParameters
) -> None:
    examples = make_examples(num_classes, num=150)
    seen, others = examples.take(slice(120)), examples.take(slice(120, None))
    parameters = xgboost_parameters.model_copy(update={"objective": objective})
    probabilities = Boosters(xgboost_head.fit(seen, parameters)).predict(others.columns(EVERYTHING))
    assert probabilities.shape == (30, num_classes)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)
    assert (probabilities.argmax(axis=1) == others.classes).mean() > 0.9


def test_two_fits_are_equal_and_another_seed_gives_another(
    make_examples: MakeExamples, xgboost_parameters: XGBoostParameters
) -> None:
    model = xgboost_head.fit(make_examples(), xgboost_parameters)
    assert xgboost_head.fit(make_examples(), xgboost_parameters) == model
    assert xgboost_head.fit(make_examples(), xgboost_parameters.model_copy(update={"seed": 5})) != model


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_model_is_json_and_predicts_the_same_after_a_round_trip(
    objective: str, make_examples: MakeExamples, xgboost_parameters: XGBoostParameters
) -> None:
    examples = make_examples()
    model = xgboost_head.fit(examples, xgboost_parameters.model_copy(update={"objective": objective}))
    again = json.dumps(json.loads(model), indent=2)
    features = examples.columns(EVERYTHING)
    np.testing.assert_array_equal(Boosters(again).predict(features), Boosters(model).predict(features))


def test_margins_of_blocks_add_up_and_probabilities_of_models_are_averaged(
    make_examples: MakeExamples, xgboost_parameters: XGBoostParameters
) -> None:
    examples = make_examples(spread=1.5)
    features, model = examples.columns(EVERYTHING), xgboost_head.fit(examples, xgboost_parameters)
    by_hand = [
        softmax(np.sum([margins_of(block, features) for block in blocks], axis=0))
        for blocks in json.loads(model)["models"]
    ]
    assert np.abs(by_hand[0] - by_hand[1]).max() > 1e-3
    np.testing.assert_allclose(Boosters(model).predict(features), np.mean(by_hand, axis=0), rtol=1e-4)


def test_models_are_those_of_the_seeds_that_follow(
    make_examples: MakeExamples, xgboost_parameters: XGBoostParameters
) -> None:
    both = json.loads(xgboost_head.fit(make_examples(), xgboost_parameters))["models"]
    one = [
        json.loads(
            xgboost_head.fit(make_examples(), xgboost_parameters.model_copy(update={"num_models": 1, "seed": seed}))
        )["models"][0]
        for seed in (1, 2)
    ]
    assert both == one


@pytest.mark.parametrize(("objective", "per_round"), [("classes", 3), ("order", 2)])
def test_blocks_have_their_rounds_and_their_share_of_the_columns(
    objective: str, per_round: int, make_examples: MakeExamples, xgboost_parameters: XGBoostParameters
) -> None:
    """Of three values there are three trees in a round, or one for each of two steps."""
    parameters = xgboost_parameters.model_copy(update={"objective": objective})
    model = json.loads(xgboost_head.fit(make_examples(), parameters))
    for blocks in model["models"]:
        trees = [len(block["booster"]["learner"]["gradient_booster"]["model"]["trees"]) for block in blocks]
        assert trees == [per_round * rounds for rounds in (4, 4, 2)]
        columns = [tuple(block["columns"]) for block in blocks]
        assert all(len(set(chosen)) == 20 for chosen in columns)
        assert len(set(columns)) == 3


def whole(parameters: XGBoostParameters, **changed: object) -> XGBoostParameters:
    """One booster that sees all columns and all rows at each node."""
    plain = {"num_models": 1, "block_columns": 1.0, "subsample": 1.0, "colsample_bynode": 1.0}
    return parameters.model_copy(update={**plain, **changed})


SETTINGS = {"learning_rate": 0.3, "max_depth": 2, "max_bin": 32, "reg_lambda": 1.0, "tree_method": "hist"}


def test_one_block_of_all_columns_is_xgboost_itself(
    make_examples: MakeExamples, xgboost_parameters: XGBoostParameters
) -> None:
    examples = make_examples(spread=1.5)
    examples = replace(examples, weights=np.random.default_rng(1).uniform(0.1, 1, 60).astype(np.float32))
    zeros = np.zeros((60, 3), dtype=np.float32)
    features = examples.columns(EVERYTHING)
    matrix = xgboost.DMatrix(features, examples.classes, weight=examples.weights, base_margin=zeros)
    settings = {**SETTINGS, "objective": "multi:softprob", "num_class": 3}
    expected = xgboost.train(settings, matrix, 10).predict(matrix)
    found = predicted(examples, whole(xgboost_parameters, block_rounds=10))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_boosters_of_an_order_are_one_of_xgboost_for_each_step(
    make_examples: MakeExamples, xgboost_parameters: XGBoostParameters
) -> None:
    examples = make_examples(4, spread=1.5)
    features = examples.columns(EVERYTHING)
    above = np.ones((60, 5))
    above[:, 4] = 0
    for step in range(3):
        zeros = np.zeros(60, dtype=np.float32)
        matrix = xgboost.DMatrix(features, examples.classes > step, base_margin=zeros)
        of_step = xgboost.train({**SETTINGS, "objective": "binary:logistic"}, matrix, 10).predict(matrix)
        above[:, step + 1] = np.minimum(of_step, above[:, step])
    expected = -np.diff(above, axis=1)
    found = predicted(examples, whole(xgboost_parameters, block_rounds=10, objective="order"))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=2e-6)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_later_block_corrects_the_blocks_before(
    objective: str, make_examples: MakeExamples, xgboost_parameters: XGBoostParameters
) -> None:
    """Blocks on the same columns with all rows are one run of XGBoost cut into pieces."""
    examples = make_examples(spread=1.5)
    at_once, cut = (
        predicted(examples, whole(xgboost_parameters, block_rounds=rounds, objective=objective)) for rounds in (10, 3)
    )
    np.testing.assert_allclose(cut, at_once, rtol=1e-3)


def test_values_in_an_order_are_learned_where_each_step_shows(xgboost_parameters: XGBoostParameters) -> None:
    """A number that grows from value to value; neighbors are confused more often than others."""
    generator = np.random.default_rng(0)
    classes = np.arange(300) % 5
    features = (classes[:, None] + 0.4 * generator.normal(size=(300, 3))).astype(np.float32)
    examples = Examples(features[:, None], np.arange(300), classes, np.ones(300, dtype=np.float32), np.arange(300))
    parameters = whole(xgboost_parameters, objective="order", num_rounds=30)
    model = xgboost_head.fit(examples.take(slice(200)), parameters)
    probabilities = Boosters(model).predict(features[200:])
    assert (probabilities.argmax(axis=1) == classes[200:]).mean() > 0.8
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)
    steps_away = np.abs(np.arange(5) - classes[200:, None])
    right, near, far = (probabilities[steps_away == steps].mean() for steps in range(3))
    assert right > 4 * near > 16 * far


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_features_on_disk_give_the_same_model_as_those_in_memory(
    objective: str, make_examples: MakeExamples, xgboost_parameters: XGBoostParameters, tmp_path: Path
) -> None:
    examples = make_examples()
    examples = replace(examples, features=examples.features.astype(np.float16))
    np.save(tmp_path / "features.npy", examples.features)
    on_disk = replace(examples, features=np.load(tmp_path / "features.npy", mmap_mode="r"))
    parameters = xgboost_parameters.model_copy(update={"objective": objective, "kept_share": 0.2})
    assert xgboost_head.fit(on_disk, parameters) == xgboost_head.fit(examples, parameters)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("numbers", [1, 300, 1300])
def test_labels_weights_and_margins_stay_in_step_with_data_read_in_parts(
    numbers: int,
    objective: str,
    make_examples: MakeExamples,
    xgboost_parameters: XGBoostParameters,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    examples = coarse(make_examples(spread=1.5))
    parameters = xgboost_parameters.model_copy(update={"objective": objective})
    at_once = predicted(examples, parameters)
    monkeypatch.setattr(heads, "_CHUNK", numbers)
    assert len(list(examples.chunks(20))) > 1
    np.testing.assert_array_equal(predicted(examples, parameters), at_once)


def test_views_are_examples_of_their_photos_class(
    make_examples: MakeExamples, xgboost_parameters: XGBoostParameters
) -> None:
    pairs = coarse(make_examples(spread=1.5))
    flat = Examples(
        pairs.features.reshape(120, 1, 40),
        np.arange(120),
        np.repeat(pairs.classes, 2),
        np.repeat(pairs.weights, 2),
        np.arange(120),
    )
    np.testing.assert_array_equal(predicted(pairs, xgboost_parameters), predicted(flat, xgboost_parameters))


def test_another_number_of_features_is_refused(
    make_examples: MakeExamples, xgboost_parameters: XGBoostParameters
) -> None:
    model = xgboost_head.fit(make_examples(), xgboost_parameters)
    with pytest.raises(DataError, match="has 40 features, the activations 39"):
        Boosters(model).predict(make_examples().columns(slice(1, None)))


@pytest.fixture
def grouped(make_examples: MakeExamples) -> Examples:
    """Groups of one to three photos of a class, named by text; a photo of the last class has no companions."""
    examples = make_examples(4, num=91, spread=1.5)
    classes = np.array([*examples.classes[:90] % 3, 3])
    names = [f"{value}/{number // 3 % (9 + 2 * value)}" for number, value in enumerate(classes)]
    return replace(examples, classes=classes, groups=np.array(names, dtype=object))


@pytest.mark.parametrize("share", [0.0, 0.01, 0.2, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("seed", range(5))
def test_groups_are_kept_aside_whole_and_of_each_class_some_are_grown_on(
    share: float, seed: int, grouped: Examples
) -> None:
    is_kept = xgboost_head._kept_aside(grouped, share, seed)
    kept, grown = ({*grouped.groups[rows]} for rows in (is_kept, ~is_kept))
    assert kept & grown == set()
    assert {*grouped.classes[~is_kept]} == {0, 1, 2, 3}
    num_groups = [len({*grouped.groups[grouped.classes == value]}) for value in range(4)]
    of_class = [len({*grouped.groups[is_kept & (grouped.classes == value)]}) for value in range(4)]
    assert num_groups == [9, 11, 13, 1]
    assert of_class == [int(share * number) for number in num_groups]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_of_each_class_some_are_grown_on_where_groups_have_several(
    share: float, seed: int, make_examples: MakeExamples
) -> None:
    """Photos of one product have different labels, and a photo marked m is an example of two values."""
    examples = make_examples(2, num=21)
    classes = np.append(np.arange(20) % 2, 2)
    for group_of_third in range(10):
        groups = np.append(np.arange(20) // 2, group_of_third)
        mixed = replace(examples, classes=classes, groups=groups)
        is_kept = xgboost_head._kept_aside(mixed, share, seed)
        assert is_kept.any()
        assert {*groups[is_kept]} & {*groups[~is_kept]} == set()
        assert {*classes[~is_kept]} == {0, 1, 2}


def test_other_seeds_keep_others_aside(grouped: Examples) -> None:
    once, again, other = (xgboost_head._kept_aside(grouped, 0.5, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(again, once)
    assert not np.array_equal(other, once)


def losses_of(examples: Examples, parameters: XGBoostParameters, seed: int) -> list[float]:
    """Log loss of the photos kept aside after each block there is, by XGBoost alone."""
    is_kept = xgboost_head._kept_aside(examples, parameters.kept_share, seed)
    kept, everything = examples.take(is_kept), np.arange(examples.num_features)
    grown = xgboost_head._grow(examples.take(~is_kept), parameters, everything, seed, COMPUTE)
    described = [json.loads(json.dumps(xgboost_head._describe(block))) for block in grown]
    features, labels = kept.columns(EVERYTHING), kept.of_each(kept.classes)
    margins = np.cumsum([margins_of(block, features) for block in described], axis=0)
    weights = kept.of_each(kept.weights)
    return [
        float(-np.average(np.log(softmax(each)[np.arange(len(labels)), labels]), weights=weights)) for each in margins
    ]


@pytest.mark.parametrize("patience", [1, 3, 20])
@pytest.mark.parametrize("spread", [1.5, 4.0, 100.0], ids=["apart", "hard", "noise"])
def test_there_are_as_many_blocks_as_are_best_for_the_photos_kept_aside(
    patience: int, spread: float, make_examples: MakeExamples, xgboost_parameters: XGBoostParameters
) -> None:
    """Growing stops when so many blocks in a row have not been better than the best before."""
    examples = coarse(make_examples(num=90, spread=spread))
    given: dict[str, Any] = {"num_rounds": 40, "block_rounds": 2, "kept_share": 0.3, "patience": patience}
    parameters = xgboost_parameters.model_copy(update=given)
    for seed, blocks in zip((1, 2), json.loads(xgboost_head.fit(examples, parameters))["models"], strict=True):
        losses = losses_of(examples, parameters, seed)
        assert len(losses) == 20
        best = 0
        for number, loss in enumerate(losses):
            if number - best > patience:
                break
            best = number if loss < losses[best] else best
        assert len(blocks) == best + 1


def test_noise_is_not_grown_on_to_the_end_and_what_can_be_learned_is(
    make_examples: MakeExamples, xgboost_parameters: XGBoostParameters
) -> None:
    num_blocks = {}
    for name, spread in (("apart", 1.0), ("noise", 1000.0)):
        examples = make_examples(num=90, spread=spread)
        parameters = xgboost_parameters.model_copy(
            update={"num_rounds": 40, "block_rounds": 2, "kept_share": 0.3, "patience": 2, "learning_rate": 0.1}
        )
        models = json.loads(xgboost_head.fit(examples, parameters))["models"]
        num_blocks[name] = [len(blocks) for blocks in models]
    assert max(num_blocks["noise"]) < 10
    assert min(num_blocks["apart"]) == 20


def test_photos_kept_aside_are_not_grown_on(make_examples: MakeExamples, xgboost_parameters: XGBoostParameters) -> None:
    """Other features of these change how many blocks there are, and nothing else."""
    examples = make_examples(spread=1.5)
    parameters = xgboost_parameters.model_copy(update={"kept_share": 0.3, "patience": 20, "num_models": 1})
    is_kept = xgboost_head._kept_aside(examples, 0.3, 1)
    assert is_kept.sum() == 18
    other = examples.features.copy()
    other[is_kept] = np.random.default_rng(0).permutation(other[is_kept])
    [first], [second] = (
        json.loads(xgboost_head.fit(replace(examples, features=features), parameters))["models"]
        for features in (examples.features, other)
    )
    shorter = min(len(first), len(second))
    assert first[:shorter] == second[:shorter]


def test_without_photos_kept_aside_all_blocks_are_grown(
    make_examples: MakeExamples, xgboost_parameters: XGBoostParameters
) -> None:
    noise = make_examples(spread=1000.0)
    models = json.loads(xgboost_head.fit(noise, xgboost_parameters))["models"]
    assert [len(blocks) for blocks in models] == [3, 3]


def test_boosters_that_grow_side_by_side_are_those_that_grow_alone(
    make_examples: MakeExamples, xgboost_parameters: XGBoostParameters
) -> None:
    parameters = xgboost_parameters.model_copy(update={"num_models": 5})
    examples = make_examples(num=90, spread=3.0)
    together = json.loads(xgboost_head.fit(examples, parameters))["models"]
    with xgboost_head.progress("one", parameters, 5) as bar:
        for seed, found in enumerate(together, start=parameters.seed):
            for compute in (COMPUTE, {"device": "cpu", "nthread": 2}):
                alone = xgboost_head.fit_blocks(examples, parameters, np.arange(40), seed, compute, bar)
                assert [xgboost_head._describe(block) for block in alone] == found


def test_progress_comes_to_its_end_also_where_growing_stops_early(
    make_examples: MakeExamples, xgboost_parameters: XGBoostParameters
) -> None:
    parameters = xgboost_parameters.model_copy(update={"num_rounds": 40, "kept_share": 0.3})
    examples = make_examples(num=90, spread=1000.0)
    with xgboost_head.progress("one", parameters, 2) as bar:
        for seed in (1, 2):
            xgboost_head.fit_blocks(examples, parameters, np.arange(40), seed, COMPUTE, bar)
        assert (bar.n, bar.total) in {(20, 20), (0, 20)}  # a bar that nobody sees does not count
