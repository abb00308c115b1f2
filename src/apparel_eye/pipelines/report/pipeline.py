"""Probabilities to scores and figures."""

from collections.abc import Sequence

from kedro.pipeline import Node, Pipeline

from apparel_eye.pipelines.report.figures import draw_confusions, draw_mistakes, draw_reliability, draw_risk_coverage
from apparel_eye.pipelines.report.nodes import (
    calibrate_candidates,
    describe_recognizer,
    doubt_labels,
    make_model_card,
    score_candidates,
)


def create_pipeline(heads: Sequence[str], stage: str) -> Pipeline:
    """Score the candidates of the network and of heads; a stage's photos are shown.

    Args:
        heads: names of those on activations.
        stage: whose network it is, and whose photos the gallery shows.
    """
    return Pipeline(
        [
            Node(
                calibrate_candidates,
                inputs=[
                    "subsets",
                    "params:report.blend",
                    "params:report.precision",
                    "params:submit.refit",
                    *(f"{model}_probabilities" for model in ("network", *heads)),
                ],
                outputs=["probabilities", "calibration"],
                name="calibrate_candidates",
            ),
            Node(
                score_candidates,
                inputs=[
                    "probabilities",
                    "subsets",
                    "params:category",
                    "params:submit.candidate",
                    "params:report.precision",
                    "params:report.num_resamples",
                ],
                outputs=["scores", "score_table"],
                name="score_candidates",
            ),
            Node(
                doubt_labels,
                inputs=["probabilities", "scores", "subsets"],
                outputs="doubted_labels",
                name="doubt_labels",
            ),
            Node(
                draw_confusions,
                inputs=["probabilities", "scores", "subsets"],
                outputs="confusion_matrices",
                name="draw_confusions",
            ),
            Node(
                draw_risk_coverage,
                inputs=["probabilities", "scores", "subsets", "params:report.precision"],
                outputs="risk_coverage",
                name="draw_risk_coverage",
            ),
            Node(
                draw_reliability,
                inputs=["probabilities", "scores", "subsets"],
                outputs="reliability_figure",
                name="draw_reliability",
            ),
            Node(
                draw_mistakes,
                inputs=["probabilities", "scores", f"{stage}_pixels", "subsets", "params:report.num_mistakes"],
                outputs="mistakes",
                name="draw_mistakes",
            ),
            Node(
                make_model_card,
                inputs=[
                    "scores",
                    "subsets",
                    "manifest",
                    "params:train.backbone",
                    "params:train.pretrained",
                    "params:report.precision",
                    "params:category",
                ],
                outputs="model_card",
                name="make_model_card",
            ),
            Node(
                describe_recognizer,
                inputs={
                    **{name: name for name in ("calibration", "scores", "subsets", "modes", "activation_networks")},
                    "checkpoint": f"{stage}_checkpoint",
                    "pixels": "activations_pixels",
                    "limits": "params:ingest.photos",
                    **{name: f"params:train.{name}" for name in ("augmentation", "resize", "backbone")},
                    **{name: f"params:{name}" for name in ("infer", "activations", "boost", "category")},
                    "precision": "params:report.precision",
                    "refit": "params:submit.refit",
                    **{head: f"{head}_model" for head in heads},
                },
                outputs="recognizer",
                name="describe_recognizer",
            ),
        ]
    )
