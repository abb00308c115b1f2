import numpy as np
import pandas as pd
import pytest
from photo_tables import subsets_of

from apparel_eye.schemas import Probabilities
from apparel_eye.selection.tables import probabilities_of, probability_table


def distributions(num_rows: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(3), num_rows)


@pytest.fixture
def table() -> pd.DataFrame:
    subset = ["to predict", "validation", "train", "to predict", "validation", "to predict"]
    subsets = subsets_of(subset, ["", "nny", "ynn", "", "nyn", ""], ["a", "b", "c"])
    tables = [
        probability_table(name, subsets, distributions(2, seed), distributions(3, seed + 10))
        for seed, name in enumerate(("plain", "tta"))
    ]
    return Probabilities.validate(pd.concat(tables, ignore_index=True))


def test_each_photo_that_is_not_trained_on_has_one_row_per_candidate(table: pd.DataFrame) -> None:
    rows = [["1.jpg", "validation"], ["4.jpg", "validation"], *[[f"{n}.jpg", "to predict"] for n in (0, 3, 5)]]
    assert table[["image_key", "role"]].to_numpy().tolist() == rows * 2
    assert table["candidate"].tolist() == ["plain"] * 5 + ["tta"] * 5


def test_probabilities_come_back_in_the_order_asked_for(table: pd.DataFrame) -> None:
    answers = probabilities_of(table, "tta", ["3.jpg", "4.jpg", "5.jpg"])
    to_predict = distributions(3, 11)
    np.testing.assert_array_equal(answers, [to_predict[1], distributions(2, 1)[1], to_predict[2]])


def test_a_photo_without_probabilities_is_named(table: pd.DataFrame) -> None:
    with pytest.raises(KeyError, match=r"2\.jpg"):
        probabilities_of(table, "tta", ["2.jpg"])
