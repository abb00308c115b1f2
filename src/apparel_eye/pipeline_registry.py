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
    ingested = ingest.create_pipeline()
    dealt = ingested + split.create_pipeline()
    trained = dealt + train.create_pipeline()
    inferred = trained + infer.create_pipeline(_LAST)
    extracted = trained + activations.create_pipeline(STAGES)
    boosted = extracted + boost.create_pipeline()
    reported = inferred + boosted + report.create_pipeline(_MODELS, _LAST)
    submitted = reported + submit.create_pipeline(_CANDIDATES)
    return {
        "ingest": ingested,
        "split": dealt,
        "train": trained,
        "infer": inferred,
        "activations": extracted,
        "boost": boosted,
        "report": reported,
        "submit": submitted,
        "predict": predict.create_pipeline(_LAST),
        "ensemble": ensemble.create_pipeline(),
        "__default__": submitted,
    }
