import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from apparel_eye.errors import DataError
from apparel_eye.metrics.probabilities import FLOOR
from apparel_eye.selection.submission import make_submission, prior_of

PRIOR = np.array([0.5, 0.25, 0.25])
KEYS = ["rank/Images/a.jpg", "rank/Images/b.jpg", "z_rank/Images/a.jpg"]
ANSWERS = np.array([[0.7, 0.2, 0.1], [1 / 3, 1 / 3, 1 / 3], [0.0, 1e-9, 1 - 1e-9]])


def submit(questions: Sequence[str], answers: np.ndarray = ANSWERS) -> pd.DataFrame:
    return make_submission(pd.DataFrame({"image_key": questions}), pd.Series(KEYS), answers, PRIOR, "heel_design")


@pytest.mark.fault(92)
def test_each_question_is_answered_in_its_order_also_when_asked_twice() -> None:
    table = submit([KEYS[2], KEYS[0], KEYS[1], KEYS[0]])
    assert table.columns.tolist() == ["path", "dimension", "probabilities"]
    assert table["path"].tolist() == ["Images/a.jpg", "Images/a.jpg", "Images/b.jpg", "Images/a.jpg"]
    assert set(table["dimension"]) == {"heel_design_labels"}
    assert table["probabilities"].tolist() == [
        "0.0000000000;0.0000000010;0.9999999990",
        "0.7000000000;0.2000000000;0.1000000000",
        "0.3333333333;0.3333333333;0.3333333333",
        "0.7000000000;0.2000000000;0.1000000000",
    ]


@pytest.mark.fault(92)
def test_answers_sum_to_one_as_written() -> None:
    answers = np.random.default_rng(0).dirichlet(np.ones(3), len(KEYS))
    for written in submit(KEYS, answers)["probabilities"]:
        assert re.fullmatch(r"0\.\d{10};0\.\d{10};0\.\d{10}", written)
        assert sum(map(float, written.split(";"))) == pytest.approx(1, abs=2e-10)


def test_a_photo_that_could_not_be_read_is_answered_by_the_prior(caplog: pytest.LogCaptureFixture) -> None:
    table = submit(["rank/Images/broken.jpg", KEYS[0]])
    assert table["probabilities"].iloc[0] == "0.5000000000;0.2500000000;0.2500000000"
    assert "1 photos to predict could not be read" in caplog.text


@pytest.mark.fault(92)
@pytest.mark.parametrize("row", [[0.5, 0.5, 0.5], [np.nan, 0.5, 0.5], [np.inf, 0.0, 0.0], [0.2, 0.2, 0.2]])
def test_answers_that_are_no_distributions_are_refused(row: list[float]) -> None:
    with pytest.raises(DataError, match="heel_design are not distributions"):
        submit(KEYS, np.array([ANSWERS[0], row, ANSWERS[2]]))


def test_the_prior_is_the_share_of_each_value_with_a_floor_for_the_others() -> None:
    prior = prior_of(np.array([0, 0, 2, 3]), num_values=5)
    rest = 1 - 2 * FLOOR
    np.testing.assert_allclose(prior, [rest / 2, FLOOR, rest / 4, rest / 4, FLOOR], rtol=1e-12)
