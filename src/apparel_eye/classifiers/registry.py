"""The heads on activations, listed once: nodes, candidates, files, loading and answering follow this list.

A head's parameters are a field of ``BoostParameters`` with its name. Its own library is imported when it is used.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any, cast

from apparel_eye.classifiers.heads import Examples, Predict
from apparel_eye.errors import UsageError
from apparel_eye.networks.checkpoint import Weights
from apparel_eye.parameters.boost import (
    BagParameters,
    BoostParameters,
    ClassifierParameters,
    LightGBMParameters,
    LogisticParameters,
    PerceptronParameters,
    XGBoostParameters,
)

Model = str | Weights
"""JSON, or arrays by name."""
Shape = tuple[int, int, int]
"""Filters, height and width of a feature map."""


@dataclass(frozen=True)
class Head:
    """A kind of model on activations.

    Attributes:
        name: of its candidate and of its parameters.
        fit: a model of examples, by its parameters, the shape of feature maps and the device in XGBoost's words.
        load: makes of a model what gives probabilities of the classes, shape (n, classes), for features (n, D).
        suffix: of its file.
        sees: what it can be fitted on, see ``parameters.boost.FeaturesName``.
        uses_device: whether it computes on the network's device.
        library: without which it does not take part, and the extra that installs it; none: part of the product.
    """

    name: str
    fit: Callable[[Examples, Any, Shape, str], Model]
    load: Callable[[Any], Predict]
    suffix: str
    sees: tuple[str, ...] = ("pooled", "map")
    uses_device: bool = False
    library: str | None = None

    @property
    def parameters(self) -> type[ClassifierParameters]:
        """The class of its parameters."""
        return cast(type[ClassifierParameters], BoostParameters.model_fields[self.name].annotation)

    @property
    def is_installed(self) -> bool:
        """Whether it can be used here."""
        return self.library is None or find_spec(self.library) is not None


def _fit_xgboost(examples: Examples, parameters: XGBoostParameters, _: Shape, device: str) -> str:
    from apparel_eye.classifiers import xgboost_head

    return xgboost_head.fit(examples, parameters, device)


def _fit_bags(examples: Examples, parameters: BagParameters, shape: Shape, device: str) -> str:
    from apparel_eye.classifiers import bags

    return bags.fit(examples, shape, parameters, device)


def _load_boosters(model: str) -> Predict:
    from apparel_eye.classifiers.xgboost_head import Boosters

    return Boosters(model).predict


def _fit_logistic(examples: Examples, parameters: LogisticParameters, _: Shape, __: str) -> Weights:
    from apparel_eye.classifiers import logistic

    return logistic.fit(examples, parameters.C, parameters.max_iterations)


def _load_logistic(model: Weights) -> Predict:
    from apparel_eye.classifiers import logistic

    return partial(logistic.predict, model)


def _fit_perceptron(examples: Examples, parameters: PerceptronParameters, _: Shape, __: str) -> Weights:
    from apparel_eye.classifiers import perceptron

    return perceptron.fit(examples, parameters)


def _load_perceptron(model: Weights) -> Predict:
    from apparel_eye.classifiers import perceptron

    return partial(perceptron.predict, model)


def _fit_lightgbm(examples: Examples, parameters: LightGBMParameters, _: Shape, __: str) -> str:
    from apparel_eye.classifiers import lightgbm_head

    return lightgbm_head.fit(examples, parameters)


def _load_lightgbm(model: str) -> Predict:
    from apparel_eye.classifiers.lightgbm_head import LightGBMBoosters

    return LightGBMBoosters(model).predict


HEADS: dict[str, Head] = {
    head.name: head
    for head in (
        Head("xgboost", _fit_xgboost, _load_boosters, ".json", uses_device=True),
        Head("bags", _fit_bags, _load_boosters, ".json", sees=("map",), uses_device=True),
        Head("logistic", _fit_logistic, _load_logistic, ".safetensors"),
        Head("perceptron", _fit_perceptron, _load_perceptron, ".safetensors"),
        Head("lightgbm", _fit_lightgbm, _load_lightgbm, ".json", library="lightgbm"),
    )
}
"""By name, in the order in which candidates are shown."""


def heads_here() -> dict[str, Head]:
    """Those that can be used here, which take part in every run."""
    return {name: head for name, head in HEADS.items() if head.is_installed}


def load_head(name: str, model: Model) -> Predict:
    """What gives probabilities of the classes, shape (n, classes), for features of shape (n, D).

    Raises:
        UsageError: its library is not installed.
    """
    head = HEADS[name]
    if not head.is_installed:
        raise UsageError(f"the candidate {name} needs a library that is not installed: pip install {head.library}")
    return head.load(model)
