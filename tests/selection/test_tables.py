import numpy as np
import pandas as pd
import pytest

from apparel_eye.data.subsets import Subsets
from apparel_eye.schemas import Probabilities
from apparel_eye.selection.tables import probabilities_of, probability_table

KEYS = [f"{number}.jpg" for number in range(6)]
VALIDATION, QUESTIONS = np.array([4, 1]), np.array([5, 0, 3])


def distributions(num_rows: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(3), num_rows)


@pytest.fixture
def table() -> pd.DataFrame:
    nobody = np.array([], dtype=np.intp)
    no_labels = np.empty((0, 3), "U1")
    subsets = Subsets(
        train=np.array([2]),
        train_label_strings=np.array([list("ynn")]),
        train_keys=np.array(["2.jpg"]),
        validation=VALIDATION,
        validation_label_strings=no_labels,
        validation_halves=nobody,
        to_predict=QUESTIONS,
        answered=nobody,
        answered_label_strings=no_labels,
    )
    manifest = pd.DataFrame({"image_key": KEYS})
    tables = [
        probability_table(name, manifest, subsets, distributions(2, seed), distributions(3, seed + 10))
        for seed, name in enumerate(("plain", "tta"))
    ]
    return Probabilities.validate(pd.concat(tables, ignore_index=True))


def test_each_photo_that_is_not_trained_on_has_one_row_per_candidate(table: pd.DataFrame) -> None:
    rows = [["4.jpg", "validation"], ["1.jpg", "validation"], *[[f"{n}.jpg", "to predict"] for n in (5, 0, 3)]]
    assert table[["image_key", "role"]].to_numpy().tolist() == rows * 2
    assert table["candidate"].tolist() == ["plain"] * 5 + ["tta"] * 5


def test_probabilities_come_back_in_the_order_asked_for(table: pd.DataFrame) -> None:
    answers = probabilities_of(table, "tta", ["3.jpg", "4.jpg", "5.jpg"])
    to_predict = distributions(3, 11)
    np.testing.assert_array_equal(answers, [to_predict[2], distributions(2, 1)[0], to_predict[0]])


def test_a_photo_without_probabilities_is_named(table: pd.DataFrame) -> None:
    with pytest.raises(KeyError, match=r"2\.jpg"):
        probabilities_of(table, "tta", ["2.jpg"])
