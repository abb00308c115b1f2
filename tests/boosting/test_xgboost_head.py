import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import xgboost
from numpy.typing import NDArray

from apparel_eye.boosting import xgboost_head
from apparel_eye.boosting.heads import Examples
from apparel_eye.errors import DataError
from apparel_eye.parameters import XGBoostParameters

MakeExamples = Callable[..., Examples]


def margins_of(block: dict[str, object], features: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a block adds, by XGBoost alone."""
    booster = xgboost.Booster(model_file=bytearray(json.dumps(block["booster"]).encode()))
    seen = np.ascontiguousarray(features[:, block["columns"]])
    zeros = np.zeros((len(features), 3), dtype=np.float32)
    return booster.predict(xgboost.DMatrix(seen, base_margin=zeros), output_margin=True)


def softmax(margins: NDArray[np.floating]) -> NDArray[np.float64]:
    exponentials = np.exp(margins.astype(np.float64))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("num_classes", [2, 3, 5])
def test_classes_apart_are_learned(
    num_classes: int, make_examples: MakeExamples, xgboost_parameters: XGBoostParameters
) -> None:
    examples = make_examples(num_classes, num=120)
    seen = Examples(examples.features[:90], examples.classes[:90], examples.weights[:90])
    probabilities = xgboost_head.predict(xgboost_head.fit(seen, xgboost_parameters), examples.features[90:])
    assert probabilities.shape == (30, num_classes)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)
    assert (probabilities.argmax(axis=1) == examples.classes[90:]).mean() > 0.9


def test_two_fits_are_equal_and_another_seed_gives_another(
    make_examples: MakeExamples, xgboost_parameters: XGBoostParameters
) -> None:
    model = xgboost_head.fit(make_examples(), xgboost_parameters)
    assert xgboost_head.fit(make_examples(), xgboost_parameters) == model
    assert xgboost_head.fit(make_examples(), xgboost_parameters.model_copy(update={"seed": 5})) != model


def test_a_model_is_json_and_predicts_the_same_after_a_round_trip(
    make_examples: MakeExamples, xgboost_parameters: XGBoostParameters
) -> None:
    examples = make_examples()
    model = xgboost_head.fit(examples, xgboost_parameters)
    again = json.dumps(json.loads(model), indent=2)
    np.testing.assert_array_equal(
        xgboost_head.predict(again, examples.features), xgboost_head.predict(model, examples.features)
    )


def test_margins_of_blocks_add_up_and_probabilities_of_models_are_averaged(
    make_examples: MakeExamples, xgboost_parameters: XGBoostParameters
) -> None:
    examples = make_examples(spread=1.5)
    model = xgboost_head.fit(examples, xgboost_parameters)
    blocks_of_models = json.loads(model)["models"]
    by_hand = [
        softmax(np.sum([margins_of(block, examples.features) for block in blocks], axis=0))
        for blocks in blocks_of_models
    ]
    assert np.abs(by_hand[0] - by_hand[1]).max() > 1e-3
    np.testing.assert_allclose(xgboost_head.predict(model, examples.features), np.mean(by_hand, axis=0), rtol=1e-4)


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


def test_blocks_have_their_rounds_and_their_share_of_the_columns(
    make_examples: MakeExamples, xgboost_parameters: XGBoostParameters
) -> None:
    model = json.loads(xgboost_head.fit(make_examples(), xgboost_parameters))
    for blocks in model["models"]:
        trees = [len(block["booster"]["learner"]["gradient_booster"]["model"]["trees"]) for block in blocks]
        assert trees == [3 * rounds for rounds in (4, 4, 2)]
        columns = [tuple(block["columns"]) for block in blocks]
        assert all(len(set(chosen)) == 20 for chosen in columns)
        assert len(set(columns)) == 3


def test_one_block_of_all_columns_is_xgboost_itself(
    make_examples: MakeExamples, xgboost_parameters: XGBoostParameters
) -> None:
    examples = make_examples(spread=1.5)
    examples = replace(examples, weights=np.random.default_rng(1).uniform(0.1, 1, 60).astype(np.float32))
    plain = {"num_models": 1, "block_rounds": 10, "block_columns": 1.0, "subsample": 1.0, "colsample_bynode": 1.0}
    model = xgboost_head.fit(examples, xgboost_parameters.model_copy(update=plain))
    settings = {
        "objective": "multi:softprob",
        "num_class": 3,
        "learning_rate": 0.3,
        "max_depth": 2,
        "max_bin": 32,
        "reg_lambda": 1.0,
        "tree_method": "hist",
    }
    zeros = np.zeros((60, 3), dtype=np.float32)
    matrix = xgboost.DMatrix(examples.features, examples.classes, weight=examples.weights, base_margin=zeros)
    expected = xgboost.train(settings, matrix, 10).predict(matrix)
    np.testing.assert_allclose(xgboost_head.predict(model, examples.features), expected, rtol=1e-4)


def test_a_later_block_corrects_the_blocks_before(
    make_examples: MakeExamples, xgboost_parameters: XGBoostParameters
) -> None:
    """Blocks on the same columns with all rows are one run of XGBoost cut into pieces."""
    examples = make_examples(spread=1.5)
    same = {"num_models": 1, "block_columns": 1.0, "subsample": 1.0, "colsample_bynode": 1.0}
    whole, cut = (
        xgboost_head.predict(
            xgboost_head.fit(examples, xgboost_parameters.model_copy(update={**same, "block_rounds": rounds})),
            examples.features,
        )
        for rounds in (10, 3)
    )
    np.testing.assert_allclose(cut, whole, rtol=1e-3)


def test_another_number_of_features_is_refused(
    make_examples: MakeExamples, xgboost_parameters: XGBoostParameters
) -> None:
    model = xgboost_head.fit(make_examples(), xgboost_parameters)
    with pytest.raises(DataError, match="has 40 features, the activations 39"):
        xgboost_head.predict(model, make_examples().features[:, 1:])
