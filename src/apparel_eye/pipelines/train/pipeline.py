"""The stages, from small to large photos: one modular pipeline, instantiated once for each."""

from collections.abc import Sequence

from kedro.pipeline import Node, Pipeline

from apparel_eye.parameters import STAGES
from apparel_eye.pipelines.train.nodes import (
    choose_modes,
    compute_features,
    draw_curves,
    draw_examples,
    draw_rates,
    fetch_backbone,
    find_head_rate,
    find_rate,
    fine_tune,
    join_phases,
    join_stages,
    resize_photos,
    train_head,
)

_UNFINISHED = ("head_resume_from", "fine_tune_resume_from")
"""What the phases of a stage go on from where they were stopped."""


def create_pipeline(stages: Sequence[str] = STAGES) -> Pipeline:
    """Backbone, stages, and one history of them all."""
    backbone = Pipeline(
        [
            Node(fetch_backbone, inputs="params:train", outputs="backbone_weights", name="fetch_backbone"),
            Node(
                choose_modes,
                inputs=["backbone_weights", "params:train"],
                outputs="modes",
                name="choose_modes",
            ),
        ]
    )
    initial = ["backbone_weights", *(f"{stage}_checkpoint" for stage in stages)]
    boxes = [_stage(stage, before) for stage, before in zip(stages, initial, strict=False)]
    return sum([*boxes, _shown(stages)], start=backbone)


def _stage(stage: str, initial: str) -> Pipeline:
    common = ["manifest", "folds", "values"]
    parameters = ["params:train", "params:stage", "params:category"]
    template = Pipeline(
        [
            Node(
                resize_photos,
                inputs=[
                    "photos",
                    "manifest",
                    "params:ingest.photos",
                    "params:train.resize",
                    "params:train.backbone",
                    "params:stage",
                ],
                outputs="pixels",
                name="resize_photos",
            ),
            Node(
                compute_features,
                inputs=["pixels", *common, "initial", "modes", *parameters],
                outputs="features",
                name="compute_features",
            ),
            Node(
                find_head_rate,
                inputs=["features", "pixels", *common, "initial", "modes", *parameters],
                outputs="head_rates",
                name="find_head_rate",
            ),
            Node(
                train_head,
                inputs=[
                    "features",
                    "pixels",
                    *common,
                    "initial",
                    "head_rates",
                    "head_resume_from",
                    "modes",
                    *parameters,
                ],
                outputs="head_checkpoint",
                name="train_head",
            ),
            Node(
                find_rate,
                inputs=["pixels", *common, "head_checkpoint", "modes", *parameters],
                outputs="fine_tune_rates",
                name="find_rate",
            ),
            Node(draw_rates, inputs=["head_rates", "fine_tune_rates"], outputs="rate_curves", name="draw_rates"),
            Node(
                fine_tune,
                inputs=[
                    "pixels",
                    *common,
                    "head_checkpoint",
                    "fine_tune_rates",
                    "fine_tune_resume_from",
                    "modes",
                    *parameters,
                ],
                outputs="checkpoint",
                name="fine_tune",
            ),
            Node(
                join_phases,
                inputs=["head_checkpoint", "checkpoint", "params:train.layer_group_factors"],
                outputs="history",
                name="join_phases",
            ),
        ]
    )
    return Pipeline(
        template,
        namespace=stage,
        prefix_datasets_with_namespace=False,
        inputs={"initial": initial, **{name: f"{stage}_{name}" for name in _UNFINISHED}},
        outputs={name: f"{stage}_{name}" for name in template.all_outputs()},
        parameters={"params:stage": f"params:train.stages.{stage}"},
    )


def _shown(stages: Sequence[str]) -> Pipeline:
    return Pipeline(
        [
            Node(
                draw_examples,
                inputs=[f"{stages[0]}_pixels", "manifest", "folds", "values", "params:train", "params:category"],
                outputs="training_examples",
                name="draw_examples",
            ),
            Node(
                join_stages,
                inputs={stage: f"{stage}_history" for stage in stages},
                outputs="history",
                name="join_stages",
            ),
            Node(draw_curves, inputs="history", outputs="training_curves", name="draw_curves"),
        ]
    )
