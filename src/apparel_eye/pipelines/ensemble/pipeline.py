"""Several models to one."""

from kedro.pipeline import Node, Pipeline

from apparel_eye.pipelines.ensemble.nodes import average_members, write_ensemble


def create_pipeline() -> Pipeline:
    """Average the models of several runs, which must have come to their end."""
    return Pipeline(
        [
            Node(
                average_members,
                inputs=["members", "params:ensemble", "params:report"],
                outputs=["ensemble_probabilities", "ensemble_score_table", "ensemble_scores"],
                name="average_members",
            ),
            Node(
                write_ensemble,
                inputs=["members", "ensemble_probabilities"],
                outputs="ensemble_submission",
                name="write_ensemble",
            ),
        ]
    )
