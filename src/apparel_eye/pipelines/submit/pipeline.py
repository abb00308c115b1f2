"""Probabilities to the competition's files."""

from collections.abc import Sequence

from kedro.pipeline import Node, Pipeline

from apparel_eye.pipelines.submit.nodes import write_candidate, write_chosen

_INPUTS = ["questions", "probabilities", "subsets", "params:category"]


def create_pipeline(candidates: Sequence[str]) -> Pipeline:
    """A file for each candidate, and the chosen one's."""
    files = [
        Node(write_candidate(candidate), inputs=_INPUTS, outputs=f"{candidate}_submission", name=f"write_{candidate}")
        for candidate in candidates
    ]
    return Pipeline(
        [*files, Node(write_chosen, inputs=[*_INPUTS, "scores"], outputs="submission", name="write_chosen")]
    )
