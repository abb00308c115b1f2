"""Every registered pipeline with what it needs, so that each works on a fresh checkout."""

from kedro.pipeline import Pipeline

from apparel_eye.parameters import STAGES
from apparel_eye.pipelines import activations, boost, ensemble, infer, ingest, predict, report, split, submit, train
from apparel_eye.selection.candidates import BLEND, HEADS, NETWORK

_LAST = STAGES[-1]
_MODELS = ("network", *HEADS)
_CANDIDATES = (*NETWORK, *HEADS, BLEND)


def register_pipelines() -> dict[str, Pipeline]:
    """Pipelines by the name they are run with."""
    ingested = _box("ingest", ingest.create_pipeline())
    dealt = ingested + _box("split", split.create_pipeline())
    trained = dealt + _box("train", train.create_pipeline())
    inferred = trained + _box("infer", infer.create_pipeline(_LAST))
    extracted = trained + _box("activations", activations.create_pipeline(STAGES))
    boosted = extracted + _box("boost", boost.create_pipeline())
    reported = inferred + boosted + _box("report", report.create_pipeline(_MODELS, _LAST))
    submitted = reported + _box("submit", submit.create_pipeline(_CANDIDATES))
    return {
        "ingest": ingested,
        "split": dealt,
        "train": trained,
        "infer": inferred,
        "activations": extracted,
        "boost": boosted,
        "report": reported,
        "submit": submitted,
        "predict": _box("predict", predict.create_pipeline(_LAST)),
        "ensemble": _box("ensemble", ensemble.create_pipeline()),
        "__default__": submitted,
    }


def _box(name: str, pipeline: Pipeline) -> Pipeline:
    """A box in Kedro-Viz, and a group of nodes where they are deployed; datasets and parameters keep their names."""
    return Pipeline(pipeline, namespace=name, prefix_datasets_with_namespace=False)
