"""A head that is in the registry and has parameters is everything that a head must be."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import create_model

from apparel_eye.classifiers import registry
from apparel_eye.classifiers.heads import Examples, Predict
from apparel_eye.classifiers.registry import HEADS, Head, heads_here, load_head
from apparel_eye.datasets import HeadDataset
from apparel_eye.errors import UsageError
from apparel_eye.parameters import BoostParameters, ClassifierParameters, ProjectParameters
from apparel_eye.pipeline_registry import register_pipelines
from apparel_eye.prediction.models import files_of

Model = dict[str, np.ndarray]


class PriorParameters(ClassifierParameters):
    """Of a head that only counts."""

    features: str = "pooled"
    pseudo_count: float = 1.0


def fit_prior(examples: Examples, parameters: PriorParameters, shape: tuple[int, int, int], device: str) -> Model:
    counts = np.bincount(examples.classes, minlength=examples.num_classes) + parameters.pseudo_count
    return {"shares": counts / counts.sum()}


def load_prior(model: Model) -> Predict:
    return lambda features: np.tile(model["shares"], (len(features), 1))


PRIOR = Head("prior", fit_prior, load_prior, ".safetensors", sees=("pooled",))


@pytest.fixture
def _one_head_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry in the registry and a field of the parameters."""
    more = create_model("BoostParameters", __base__=BoostParameters, prior=(PriorParameters, ...))
    monkeypatch.setitem(registry.HEADS, "prior", PRIOR)
    monkeypatch.setattr(registry, "BoostParameters", more)


@pytest.mark.usefixtures("_one_head_more")
def test_a_head_more_is_a_node_a_file_a_candidate_and_a_submission() -> None:
    flow = register_pipelines()["__default__"]
    nodes = {node.short_name: node for node in flow.nodes}
    trained = nodes["train_prior"]
    assert trained.outputs == ["prior_model", "prior_probabilities"]
    assert {"pooled_activations", "params:boost.prior"} < set(trained.inputs)
    assert "modes" not in trained.inputs
    assert "prior_probabilities" in nodes["calibrate_candidates"].inputs
    assert "prior_model" in nodes["describe_recognizer"].inputs
    assert nodes["write_prior"].outputs == ["prior_submission"]
    assert files_of(["prior"])[-1] == "prior.safetensors"


@pytest.mark.usefixtures("_one_head_more")
def test_a_head_more_is_fitted_saved_and_answers(make_photos: Callable[..., Examples], tmp_path: Path) -> None:
    examples = make_photos()
    model = registry.HEADS["prior"].fit(examples, PriorParameters(), (1, 1, 1), "cpu")
    dataset = HeadDataset(str(tmp_path / "prior"))
    dataset.save(model)
    answers = load_head("prior", dataset.load())(np.zeros((4, 5), dtype=np.float32))
    np.testing.assert_allclose(answers, np.tile([4 / 9, 3 / 9, 2 / 9], (4, 1)))


@pytest.fixture
def make_photos() -> Callable[..., Examples]:
    """Six photos of three classes."""

    def made() -> Examples:
        classes = np.array([0, 0, 0, 1, 1, 2])
        features = np.zeros((6, 1, 5), dtype=np.float32)
        return Examples(features, np.arange(6), classes, np.ones(6, dtype=np.float32), np.arange(6))

    return made


def test_a_head_without_its_library_takes_no_part_and_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.HEADS, "perceptron", replace(HEADS["perceptron"], library="no_such_library"))
    assert "perceptron" not in heads_here()
    assert "train_perceptron" not in {node.short_name for node in register_pipelines()["__default__"].nodes}
    with pytest.raises(UsageError, match=r"perceptron needs a library .*: pip install no_such_library"):
        load_head("perceptron", {})


def test_each_head_has_parameters_and_sees_what_they_say(test_parameters: ProjectParameters) -> None:
    for name, head in HEADS.items():
        of_head = getattr(test_parameters.boost, name)
        assert isinstance(of_head, head.parameters)
        assert of_head.features in head.sees
