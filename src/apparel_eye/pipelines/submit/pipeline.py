"""Probabilities to the competition's files."""

from collections.abc import Sequence

from kedro.pipeline import Node, Pipeline

from apparel_eye.pipelines.submit.nodes import write_candidate, write_chosen

_INPUTS = ["questions", "probabilities", "manifest", "folds", "values", "params:category"]


def create_pipeline(candidates: Sequence[str]) -> Pipeline:
    """A file for each candidate, and the chosen one's."""
    every_candidate = Pipeline(
        [
            Node(write_candidate(candidate), inputs=_INPUTS, outputs=candidate, name=f"write_{candidate}")
            for candidate in candidates
        ],
        namespace="submissions",
        inputs={name for name in _INPUTS if not name.startswith("params:")},
        parameters={"params:category"},
    )
    chosen = Node(write_chosen, inputs=[*_INPUTS, "scores"], outputs="submission", name="write_chosen")
    return every_candidate + Pipeline([chosen])
