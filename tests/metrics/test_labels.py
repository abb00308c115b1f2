import numpy as np
import pytest

from apparel_eye.metrics.labels import photo_weights, value_shares
from apparel_eye.metrics.official import parse_label_strings


def test_a_share_goes_to_the_values_that_an_annotator_could_not_exclude() -> None:
    shares = value_shares(parse_label_strings(["nymn", "mymn", "ynnn"]), maybe_share=0.3)
    np.testing.assert_allclose(shares, [[0, 0.7, 0.3, 0], [0.15, 0.7, 0.15, 0], [1, 0, 0, 0]], atol=1e-15)


@pytest.mark.parametrize("maybe_share", [0.0, 0.25, 1.0])
def test_shares_of_a_photo_are_one_together(maybe_share: float) -> None:
    marks = np.random.default_rng(0).choice(list("mn"), (50, 5))
    marks[np.arange(50), np.arange(50) % 5] = "y"
    np.testing.assert_allclose(value_shares(marks, maybe_share).sum(axis=1), 1, rtol=1e-15)


def test_photos_count_alike_or_values_do() -> None:
    label_strings = parse_label_strings(["ynn"] * 6 + ["nyn"] * 2 + ["nny"] * 4)
    np.testing.assert_allclose(photo_weights(label_strings, class_balance=0), np.ones(12))
    balanced = photo_weights(label_strings, class_balance=1)
    np.testing.assert_allclose([balanced[:6].sum(), balanced[6:8].sum(), balanced[8:].sum()], [4, 4, 4], rtol=1e-12)
    half = photo_weights(label_strings, class_balance=0.5)
    assert half[6] / half[0] == pytest.approx(np.sqrt(3))
    assert half.mean() == pytest.approx(1)
