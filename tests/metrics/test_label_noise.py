import numpy as np
import pytest

from apparel_eye.metrics.label_noise import rank_labels
from apparel_eye.schemas import DoubtedLabels


def test_the_label_furthest_below_another_value_comes_first() -> None:
    probabilities = np.array([[0.6, 0.4], [0.1, 0.9], [0.45, 0.55]])
    table = DoubtedLabels.validate(rank_labels(["x", "y", "z"], np.array([0, 0, 0]), probabilities, ["short", "long"]))
    assert table["image_key"].tolist() == ["y", "z", "x"]
    assert table.iloc[0].to_dict() == {
        "image_key": "y", "value": "short", "probability": 0.1, "instead": "long", "its_probability": 0.9
    }  # fmt: skip


@pytest.mark.fault(78)
@pytest.mark.parametrize("seed", range(3))
def test_half_of_the_flipped_labels_are_among_the_first_tenth(seed: int) -> None:
    """Four values as Gaussian clouds, two standard deviations apart, 5 % of the labels flipped."""
    generator = np.random.default_rng(seed)
    true = generator.integers(0, 4, 2000)
    features = 2.0 * np.eye(4)[true] + generator.normal(size=(2000, 4))
    flipped = generator.random(2000) < 0.05
    labels = np.where(flipped, (true + generator.integers(1, 4, 2000)) % 4, true)
    centers = np.stack([features[labels == value].mean(axis=0) for value in range(4)])
    scores = np.exp(-0.5 * ((features[:, None] - centers) ** 2).sum(axis=2))
    table = rank_labels(
        [str(row) for row in range(2000)], labels, scores / scores.sum(axis=1, keepdims=True), list("abcd")
    )
    first_tenth = table["image_key"].head(200).astype(int)
    assert flipped[first_tenth].sum() >= 0.5 * flipped.sum()
