import pytest
from kedro.pipeline import Node, Pipeline

from apparel_eye.execution.titles import title_of


@pytest.mark.parametrize(
    ("boxes", "title"),
    [((), "train_head"), (("train",), "train · train_head"), (("small", "train"), "train.small · train_head")],
)
def test_a_title_is_the_boxes_from_outside_in_and_the_node(boxes: tuple[str, ...], title: str) -> None:
    pipeline = Pipeline([Node(print, "photos", "shown", name="train_head")])
    for box in boxes:
        pipeline = Pipeline(pipeline, namespace=box, prefix_datasets_with_namespace=False)
    assert [title_of(node) for node in pipeline.nodes] == [title]
