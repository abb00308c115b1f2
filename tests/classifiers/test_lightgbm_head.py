import json
from collections.abc import Callable
from dataclasses import replace

import lightgbm
import numpy as np
import pytest

from apparel_eye.classifiers import lightgbm_head
from apparel_eye.classifiers.heads import Examples
from apparel_eye.classifiers.lightgbm_head import LightGBMBoosters, fit
from apparel_eye.errors import DataError
from apparel_eye.parameters.boost import LightGBMParameters

EVERYTHING = slice(None)


def predicted(model: str, examples: Examples) -> np.ndarray:
    return LightGBMBoosters(model).predict(examples.columns(EVERYTHING))


@pytest.mark.parametrize("num_classes", [2, 3, 5])
def test_classes_are_learned(
    num_classes: int, make_examples: Callable[..., Examples], lightgbm_parameters: LightGBMParameters
) -> None:
    examples = make_examples(num_classes)
    probabilities = predicted(fit(examples, lightgbm_parameters), examples)
    assert probabilities.shape == (60, num_classes)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-9)
    assert (probabilities.argmax(axis=1) == examples.classes).mean() > 0.95


def test_a_single_block_of_all_columns_is_lightgbms_own(
    make_maps: Callable[..., Examples], lightgbm_parameters: LightGBMParameters
) -> None:
    examples = make_maps((4, 3, 2), (2,))  # of two views each, 16-bit floats on disk
    weights = np.random.default_rng(1).uniform(0.1, 1, 60).astype(np.float32)
    examples = replace(examples, weights=weights)
    parameters = lightgbm_parameters.model_copy(update={"block_rounds": 20, "block_columns": 1.0, "num_models": 1})
    table = examples.columns(EVERYTHING)
    settings = {**lightgbm_head._SETTINGS, **parameters.passed_on(), "num_class": 3, "boost_from_average": False}
    data = lightgbm.Dataset(table, np.repeat(examples.classes, 2), weight=np.repeat(weights, 2), params=settings)
    generator = np.random.default_rng(1)
    generator.choice(24, 24, replace=False)
    direct = lightgbm.train({**settings, "seed": int(generator.integers(2**31))}, data, 20).predict(table)
    np.testing.assert_allclose(predicted(fit(examples, parameters), examples), direct, rtol=1e-9)


def test_blocks_have_their_own_columns_and_go_on_from_those_before(
    make_examples: Callable[..., Examples], lightgbm_parameters: LightGBMParameters
) -> None:
    examples = make_examples(spread=2.0)
    fitted = json.loads(fit(examples, lightgbm_parameters.model_copy(update={"num_models": 1})))
    [blocks] = fitted["models"]
    assert [len(block["columns"]) for block in blocks] == [20] * 4  # 6 + 6 + 6 + 2 rounds
    assert len({tuple(block["columns"]) for block in blocks}) == 4

    def loss(num_blocks: int) -> float:
        probabilities = predicted(json.dumps({**fitted, "models": [blocks[:num_blocks]]}), examples)
        return float(-np.log(probabilities[np.arange(60), examples.classes]).mean())

    losses = [loss(number) for number in range(1, 5)]
    assert losses == sorted(losses, reverse=True)


def test_two_fits_have_the_same_bits_however_many_threads_there_are(
    make_examples: Callable[..., Examples], lightgbm_parameters: LightGBMParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    examples = make_examples(num_features=300)
    models = [fit(examples, lightgbm_parameters)]
    assert fit(examples, lightgbm_parameters) == models[0]
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    np.testing.assert_array_equal(
        predicted(fit(examples, lightgbm_parameters), examples), predicted(models[0], examples)
    )


def test_models_differ_in_their_seed(
    make_examples: Callable[..., Examples], lightgbm_parameters: LightGBMParameters
) -> None:
    fitted = json.loads(fit(make_examples(), lightgbm_parameters))
    assert len(fitted["models"]) == 2
    assert fitted["models"][0] != fitted["models"][1]


def test_a_photo_counts_as_much_as_its_weight(
    make_examples: Callable[..., Examples], lightgbm_parameters: LightGBMParameters
) -> None:
    examples = make_examples(num_classes=2)
    wrong = np.arange(60) % 3 == 0
    mislabelled = replace(examples, classes=np.where(wrong, 1 - examples.classes, examples.classes))
    light = replace(mislabelled, weights=np.where(wrong, 1e-6, 1.0).astype(np.float32))
    answers = predicted(fit(light, lightgbm_parameters), examples).argmax(axis=1)
    assert (answers == examples.classes).mean() > 0.95


def test_activations_of_another_size_are_refused(
    make_examples: Callable[..., Examples], lightgbm_parameters: LightGBMParameters
) -> None:
    model = LightGBMBoosters(fit(make_examples(), lightgbm_parameters))
    with pytest.raises(DataError, match="the LightGBM model has 40 features, the activations 39; fit it again"):
        model.predict(np.zeros((2, 39), dtype=np.float32))
