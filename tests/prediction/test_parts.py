from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from apparel_eye.errors import DataError
from apparel_eye.networks.checkpoint import Checkpoint
from apparel_eye.prediction.parts import Models, check_parts, checksums_of


def network(weights: NDArray[np.float32], *values: str) -> Checkpoint:
    return Checkpoint.single({"layer": weights}, {"values": list(values)})


ZEROS = np.zeros((2, 3), dtype=np.float32)
MODELS = Models(
    network(ZEROS, "short", "long"),
    {"0/layer": np.ones(3, dtype=np.float32)},
    {"xgboost": "{}", "logistic": {"weight": np.ones((2, 2))}},
)
OTHERS = [
    ("network", replace(MODELS, network=network(ZEROS + 1, "short", "long"))),
    ("network", replace(MODELS, network=network(ZEROS.T, "short", "long"))),
    ("network", replace(MODELS, network=network(ZEROS, "long", "short"))),
    ("activation_networks", replace(MODELS, networks={"1/layer": np.ones(3, dtype=np.float32)})),
    ("xgboost", replace(MODELS, heads={**MODELS.heads, "xgboost": "[]"})),
    ("logistic", replace(MODELS, heads={**MODELS.heads, "logistic": {"weight": np.ones((2, 2), dtype=np.float32)}})),
]


def test_each_part_has_a_checksum_of_its_own() -> None:
    known = checksums_of(MODELS)
    assert list(known) == ["network", "activation_networks", "xgboost", "logistic"]
    assert len(set(known.values())) == 4
    assert checksums_of(MODELS, ["xgboost"]) == {"xgboost": known["xgboost"]}


@pytest.mark.parametrize(("part", "other"), OTHERS)
def test_models_of_another_training_are_refused_where_they_are_used(part: str, other: Models) -> None:
    known = checksums_of(MODELS)
    check_parts(MODELS, known, "heel")
    with pytest.raises(DataError, match=rf"two trainings: .* others than {part}; .*kedro run --params category=heel$"):
        check_parts(other, known, "heel")
    check_parts(other, known, "heel", [each for each in known if each != part])


def test_models_of_a_version_that_kept_no_checksums_are_taken() -> None:
    check_parts(MODELS, {}, "heel")


def test_a_part_that_the_recognizer_does_not_know_is_refused() -> None:
    known = checksums_of(MODELS)
    del known["xgboost"]
    with pytest.raises(DataError, match="others than xgboost"):
        check_parts(MODELS, known, "heel")
