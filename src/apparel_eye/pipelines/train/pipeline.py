"""The stages, from small to large photos: one modular pipeline, instantiated once for each."""

from kedro.pipeline import Node, Pipeline

from apparel_eye.pipelines.train.nodes import (
    choose_precisions,
    compute_features,
    draw_curves,
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

STAGES = ("small", "medium", "large")
"""The stages in order; each starts from the weights of the one before."""

_SHARED = {"photos", "manifest", "folds", "values", "precisions"}
_SHARED_PARAMETERS = {"params:train", "params:train.resize", "params:ingest.photos", "params:category"}


def create_pipeline() -> Pipeline:
    """Backbone, stages, and one history of them all."""
    backbone = Pipeline(
        [
            Node(fetch_backbone, inputs="params:train", outputs="backbone_weights", name="fetch_backbone"),
            Node(
                choose_precisions,
                inputs=["backbone_weights", "params:train"],
                outputs="precisions",
                name="choose_precisions",
            ),
        ]
    )
    initial = ["backbone_weights", *(f"{stage}_checkpoint" for stage in STAGES)]
    stages = [_stage(stage, before) for stage, before in zip(STAGES, initial, strict=False)]
    return sum([*stages, _history()], start=backbone)


def _stage(stage: str, initial: str) -> Pipeline:
    common = ["manifest", "folds", "values"]
    parameters = ["params:train", "params:stage", "params:category"]
    template = Pipeline(
        [
            Node(
                resize_photos,
                inputs=["photos", "manifest", "params:ingest.photos", "params:train.resize", "params:stage"],
                outputs="pixels",
                name="resize_photos",
            ),
            Node(
                compute_features,
                inputs=["pixels", *common, "initial", "precisions", *parameters],
                outputs="features",
                name="compute_features",
            ),
            Node(
                find_head_rate,
                inputs=["features", "pixels", *common, "initial", *parameters],
                outputs="head_rates",
                name="find_head_rate",
            ),
            Node(
                train_head,
                inputs=["features", "pixels", *common, "initial", "head_rates", *parameters],
                outputs=["head_checkpoint", "head_history"],
                name="train_head",
            ),
            Node(
                find_rate,
                inputs=["pixels", *common, "head_checkpoint", "precisions", *parameters],
                outputs="all_rates",
                name="find_rate",
            ),
            Node(draw_rates, inputs=["head_rates", "all_rates"], outputs="rate_curves", name="draw_rates"),
            Node(
                fine_tune,
                inputs=["pixels", *common, "head_checkpoint", "all_rates", "precisions", *parameters],
                outputs=["checkpoint", "all_history"],
                name="fine_tune",
            ),
            Node(join_phases, inputs=["head_history", "all_history"], outputs="history", name="join_phases"),
        ]
    )
    return Pipeline(
        template,
        namespace=stage,
        inputs={**{name: name for name in _SHARED}, "initial": initial},
        outputs={name: f"{stage}_{name}" for name in ("pixels", "checkpoint", "history", "rate_curves")},
        parameters={
            **{name: name for name in _SHARED_PARAMETERS},
            "params:stage": f"params:train.stages.{stage}",
        },
    )


def _history() -> Pipeline:
    return Pipeline(
        [
            Node(
                join_stages,
                inputs={stage: f"{stage}_history" for stage in STAGES},
                outputs="history",
                name="join_stages",
            ),
            Node(draw_curves, inputs="history", outputs="training_curves", name="draw_curves"),
        ]
    )
