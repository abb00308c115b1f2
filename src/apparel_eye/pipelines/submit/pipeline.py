"""Probabilities to the competition's files."""

from collections.abc import Sequence

from kedro.pipeline import Node, Pipeline

from apparel_eye.pipelines.submit.nodes import write_chosen, write_column

_INPUTS = ["questions", "probabilities", "manifest", "folds", "values", "params:category"]


def create_pipeline(columns: Sequence[str]) -> Pipeline:
    """A file for each column, and the chosen one's."""
    every_column = Pipeline(
        [Node(write_column(column), inputs=_INPUTS, outputs=column, name=f"write_{column}") for column in columns],
        namespace="submissions",
        inputs={name for name in _INPUTS if not name.startswith("params:")},
        parameters={"params:category"},
    )
    chosen = Node(write_chosen, inputs=[*_INPUTS, "scores"], outputs="submission", name="write_chosen")
    return every_column + Pipeline([chosen])
