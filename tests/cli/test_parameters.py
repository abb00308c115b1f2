import pytest
from click.testing import CliRunner, Result

from apparel_eye.cli import cli
from apparel_eye.parameters import ProjectParameters
from apparel_eye.parameters.reference.describe import leaves


def parameters(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["parameters", *arguments])


def test_a_parameter_is_explained_with_the_value_of_the_environment() -> None:
    assert parameters("train.backbone", "--env=cpu").output.splitlines()[:4] == [
        "train.backbone",
        "    type     text, not empty",
        "    default  resnext101_64x4d.c1_in1k",
        "    in cpu   tf_efficientnet_lite0",
    ]


def test_a_part_of_the_tree_is_what_lies_below_it() -> None:
    named = [line for line in parameters("train.loss").output.splitlines() if line and not line.startswith(" ")]
    assert named == [name for name, _ in leaves(ProjectParameters) if name.startswith("train.loss.")]
    assert len(named) == 6


def test_without_a_name_all_are_explained_and_each_has_a_meaning() -> None:
    lines = parameters().output.splitlines()
    assert [line for line in lines if line and not line.startswith(" ")] == [
        name for name, _ in leaves(ProjectParameters)
    ]
    assert [line for line in lines if line.strip() == "meaning"] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train.btch_size"], "no parameter train.btch_size; did you mean train.batch_size"),
        (["trian"], "did you mean train"),
        (["zzz"], "there are activations, boost, category"),
        (["train", "--env=dmeo"], "did you mean demo"),
    ],
    ids=str,
)
def test_a_misspelt_name_brings_the_nearest(arguments: list[str], words: str) -> None:
    done = parameters(*arguments)
    assert done.exit_code == 2
    assert words in done.output
    assert len(done.output.splitlines()) == 1
