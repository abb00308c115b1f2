"""Every registered pipeline with what it needs, so that each works on a fresh checkout."""

from collections.abc import Iterable, Set

from kedro.pipeline import Node, Pipeline

from apparel_eye.classifiers.registry import heads_here
from apparel_eye.execution.fingerprints import is_parameter
from apparel_eye.parameters import STAGES
from apparel_eye.parameters.candidates import BLEND, NETWORK
from apparel_eye.pipelines import activations, boost, ensemble, infer, ingest, predict, report, split, submit, train

_LAST = STAGES[-1]


def register_pipelines() -> dict[str, Pipeline]:
    """Pipelines by the name they are run with; heads take part whose library is installed."""
    heads = heads_here()
    ingested = _box("ingest", ingest.create_pipeline())
    dealt = ingested + _box("split", split.create_pipeline())
    trained = dealt + _box("train", train.create_pipeline())
    inferred = trained + _box("infer", infer.create_pipeline(_LAST))
    extracted = trained + _box("activations", activations.create_pipeline(STAGES))
    boosted = extracted + _box("boost", boost.create_pipeline(heads.values()))
    reported = inferred + boosted + _box("report", report.create_pipeline(tuple(heads), _LAST))
    submitted = reported + _box("submit", submit.create_pipeline((*NETWORK, *heads, BLEND)))
    return {
        "ingest": ingested,
        "split": Flow(dealt),
        "train": Flow(trained),
        "infer": Flow(inferred),
        "activations": Flow(extracted),
        "boost": Flow(boosted),
        "report": Flow(reported),
        "submit": Flow(submitted),
        "predict": _box("predict", predict.create_pipeline(_LAST)),
        "ensemble": _box("ensemble", ensemble.create_pipeline()),
        "__default__": Flow(submitted),
    }


class Flow(Pipeline):
    """Boxes of which Kedro-Viz shows what passes between them; what one box alone reads or makes is seen once it opens.

    Kedro-Viz would show every figure and table that nobody reads beside the closed box that makes it.
    """

    def only_nodes_with_namespaces(self, node_namespaces: list[str]) -> Pipeline:
        """The nodes of some boxes, as one that others look at from outside."""
        box = super().only_nodes_with_namespaces(node_namespaces)
        return _Closed(box.nodes, (self - box).datasets())


class _Closed(Pipeline):
    """A box from outside; all it reads and makes is still in ``all_inputs`` and ``all_outputs``."""

    def __init__(self, nodes: Iterable[Node], elsewhere: Set[str]) -> None:
        super().__init__(nodes)
        self._elsewhere = elsewhere

    def inputs(self) -> set[str]:
        """Parameters, and what other boxes read or make, too."""
        return {name for name in super().inputs() if name in self._elsewhere or is_parameter(name)}

    def outputs(self) -> set[str]:
        """What other boxes read."""
        return super().outputs() & self._elsewhere


def _box(name: str, pipeline: Pipeline) -> Pipeline:
    """A box in Kedro-Viz, and a group of nodes where they are deployed; datasets and parameters keep their names."""
    return Pipeline(pipeline, namespace=name, prefix_datasets_with_namespace=False)
