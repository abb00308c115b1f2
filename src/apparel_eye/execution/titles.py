"""What a run calls its nodes."""

from kedro.pipeline.node import Node


def title_of(node: Node) -> str:
    """The box and the node in it, ``train.small · train_head``; a node in no box has its name alone."""
    return " · ".join(part for part in (node.namespace, node.short_name) if part)
