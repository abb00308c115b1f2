"""The stages, from small to large photos: one modular pipeline, instantiated once for each."""

from collections.abc import Sequence

from kedro.pipeline import Node, Pipeline

from apparel_eye.parameters import STAGES, ComputingParameters, FeatureParameters, StageParameters
from apparel_eye.pipelines.train.figures import draw_examples, draw_rates
from apparel_eye.pipelines.train.nodes import (
    choose_modes,
    compute_features,
    fetch_backbone,
    find_head_rate,
    find_rate,
    fine_tune,
    join_phases,
    join_stages,
    resize_photos,
    train_head,
)
from apparel_eye.reports.figures import curves

_UNFINISHED = ("head_resume_from", "fine_tune_resume_from")
"""What the phases of a stage go on from where they were stopped."""


def create_pipeline(stages: Sequence[str] = STAGES) -> Pipeline:
    """Backbone, stages, and one history of them all."""
    backbone = Pipeline(
        [
            Node(
                fetch_backbone,
                inputs={
                    **_of_train("backbone", "pretrained", "seed", "accept_non_commercial", "optimizer"),
                    **{stage: f"params:train.stages.{stage}.size" for stage in stages},
                },
                outputs="backbone_weights",
                name="fetch_backbone",
            ),
            Node(
                choose_modes,
                inputs={"backbone_weights": "backbone_weights", **_of_train(*ComputingParameters.model_fields)},
                outputs="modes",
                name="choose_modes",
            ),
        ]
    )
    initial = ["backbone_weights", *(f"{stage}_checkpoint" for stage in stages)]
    boxes = [_stage(stage, before) for stage, before in zip(stages, initial, strict=False)]
    return sum([*boxes, _shown(stages)], start=backbone)


def _of_train(*names: str) -> dict[str, str]:
    """Parameters that a node takes by themselves, so that others do not matter to it."""
    return {name: f"params:train.{name}" for name in names}


def _stage(stage: str, initial: str) -> Pipeline:
    head = ["params:train", "params:stage.head", "params:category"]
    all_layers = ["params:train", "params:train.augmentation", "params:stage.fine_tune", "params:category"]
    finder = "params:train.finder"
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
                    "params:stage.size",
                ],
                outputs="pixels",
                name="resize_photos",
            ),
            Node(
                compute_features,
                inputs={
                    **{name: name for name in ("pixels", "subsets", "initial", "modes")},
                    **_of_train("augmentation", *FeatureParameters.model_fields),
                    "num_views": "params:stage.num_views",
                    "category": "params:category",
                },
                outputs="features",
                name="compute_features",
            ),
            Node(
                find_head_rate,
                inputs=["features", "pixels", "subsets", "initial", "modes", head[0], finder, *head[1:]],
                outputs="head_rates",
                name="find_head_rate",
            ),
            Node(
                train_head,
                inputs=[
                    "features",
                    "pixels",
                    "subsets",
                    "initial",
                    "head_rates",
                    "head_resume_from",
                    "modes",
                    *head,
                ],
                outputs="head_checkpoint",
                name="train_head",
            ),
            Node(
                find_rate,
                inputs=["pixels", "subsets", "head_checkpoint", "modes", *all_layers[:2], finder, *all_layers[2:]],
                outputs="fine_tune_rates",
                name="find_rate",
            ),
            Node(draw_rates, inputs=["head_rates", "fine_tune_rates"], outputs="rate_curves", name="draw_rates"),
            Node(
                fine_tune,
                inputs=[
                    "pixels",
                    "subsets",
                    "head_checkpoint",
                    "fine_tune_rates",
                    "fine_tune_resume_from",
                    "modes",
                    *all_layers,
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
        parameters={
            f"params:stage.{name}": f"params:train.stages.{stage}.{name}" for name in StageParameters.model_fields
        },
    )


def _shown(stages: Sequence[str]) -> Pipeline:
    return Pipeline(
        [
            Node(
                draw_examples,
                inputs=[
                    f"{stages[0]}_pixels",
                    "subsets",
                    "params:train.seed",
                    "params:train.augmentation",
                    "params:category",
                ],
                outputs="training_examples",
                name="draw_examples",
            ),
            Node(
                join_stages,
                inputs={stage: f"{stage}_history" for stage in stages},
                outputs="history",
                name="join_stages",
            ),
            Node(curves, inputs="history", outputs="training_curves", name="draw_curves"),
        ]
    )
