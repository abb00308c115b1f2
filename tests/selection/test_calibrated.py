import numpy as np
import pytest
from photo_tables import relabelled, subsets_of

from apparel_eye.data.subsets import Subsets
from apparel_eye.metrics.calibration import apply_temperature, fit_temperature, fit_threshold
from apparel_eye.metrics.official import Probabilities
from apparel_eye.selection.calibrated import Calibrated, calibrate

SEEN = (0, 1)
NUM_PHOTOS = 12


@pytest.fixture
def subsets() -> Subsets:
    """Of 20 photos six train on the first two of three values, twelve validate in two halves, two are to predict."""
    subset = ["train"] * 6 + ["validation"] * NUM_PHOTOS + ["to predict"] * 2
    labels = ["ynn", "nyn"] * 3 + ["ynn", "nyn", "nyn", "nny"] * 3 + ["", ""]
    return subsets_of(subset, labels, ["a", "b", "c"], half=np.arange(20) % 2)


def drawn(seed: int, num_photos: int) -> Probabilities:
    return np.random.default_rng(seed).dirichlet([1, 1, 0.1], num_photos)


@pytest.fixture
def found(subsets: Subsets) -> dict[str, Calibrated]:
    names = ("tta", "xgboost")
    validation = {name: drawn(seed, NUM_PHOTOS) for seed, name in enumerate(names)}
    to_predict = {name: drawn(10 + seed, 2) for seed, name in enumerate(names)}
    return dict(calibrate(validation, to_predict, subsets, names, precision=0.5, refit=False))


def test_each_half_has_the_temperature_that_is_best_for_the_other(
    found: dict[str, Calibrated], subsets: Subsets
) -> None:
    raw, half = drawn(1, NUM_PHOTOS), subsets.validation_halves == 0
    temperature = fit_temperature(raw[~half], subsets.validation_label_strings[~half], SEEN)
    expected = apply_temperature(raw[half], temperature, SEEN)
    np.testing.assert_allclose(found["xgboost"].validation[half], expected)


def test_photos_to_predict_have_the_temperature_of_all_validation_photos(
    found: dict[str, Calibrated], subsets: Subsets
) -> None:
    temperature = fit_temperature(drawn(0, NUM_PHOTOS), subsets.validation_label_strings, SEEN)
    assert found["tta"].about["temperature"] == temperature
    np.testing.assert_allclose(found["tta"].to_predict, apply_temperature(drawn(10, 2), temperature, SEEN))


def test_the_blend_comes_last_and_thresholds_are_those_of_what_is_shown(
    found: dict[str, Calibrated], subsets: Subsets
) -> None:
    assert list(found) == ["tta", "xgboost", "blend"]
    assert found["blend"].about["weights"].keys() == {"tta", "xgboost"}
    for each in found.values():
        assert each.about["threshold"] == fit_threshold(each.validation, subsets.validation_label_strings, 0.5)
        np.testing.assert_allclose(each.validation.sum(axis=1), 1)


def test_heads_that_are_fitted_once_more_know_the_values_of_validation_photos(subsets: Subsets) -> None:
    everything = relabelled(subsets, subsets.validation, ["nny"] * NUM_PHOTOS)
    answers = {
        refit: dict(
            calibrate(
                {"xgboost": drawn(1, NUM_PHOTOS), "tta": drawn(0, NUM_PHOTOS)},
                {"xgboost": drawn(11, 2), "tta": drawn(10, 2)},
                everything,
                ("tta", "xgboost"),
                precision=0.5,
                refit=refit,
            )
        )
        for refit in (False, True)
    }
    third = {refit: of["xgboost"].to_predict[:, 2] for refit, of in answers.items()}
    assert (third[False] == third[False][0]).all()  # the floor
    assert (third[True] != third[False]).all()
    np.testing.assert_array_equal(answers[True]["tta"].to_predict, answers[False]["tta"].to_predict)
