"""The mean of several models: what it is, what it is scored on, and which models do not fit together."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from photo_tables import relabelled, subsets_of

from apparel_eye.data.subsets import Subsets
from apparel_eye.errors import DataError, UsageError
from apparel_eye.metrics import official
from apparel_eye.prediction.ensemble import ENSEMBLE, Average, Member, as_json, average
from apparel_eye.prediction.recognizer import About, Mixture, extraction_of
from apparel_eye.schemas import ScoreTable
from apparel_eye.selection.tables import table_of

VALUES = ("Invisible", "Short", "Long")
LABELS = {f"v{number}": "nyn" if number % 2 else "nny" for number in range(8)}
TABLE = subsets_of(
    ["validation"] * 8 + ["train"] * 2 + ["to predict"] * 2,
    [*LABELS.values(), "nyn", "nny", "", ""],
    VALUES,
    half=[0, 1] * 6,
).table.assign(image_key=[*LABELS, "t0", "t1", "q0", "q1"])


@pytest.fixture
def member(test_parameters: Any) -> Member:
    """It is right about every second photo."""
    generator = np.random.default_rng(1)
    candidate = {"temperature": 1.0, "threshold": None}
    described = About(
        category="skirt_length",
        values=VALUES,
        candidate="tta",
        candidates={"plain": candidate, "tta": candidate},
        precision=0.9,
        infer=test_parameters.infer,
        augmentation=test_parameters.train.augmentation.for_category(True),
        limits=test_parameters.ingest.photos,
        resize="squash",
        backbone="test_resnet",
        blend=Mixture(temperatures={}, weights={}),
        activations=extraction_of(test_parameters.activations, (64, 64)),
        pooling="rows",
        features={},
        seen_values=(1, 2),
        modes={},
    )
    tables = [
        table_of(name, keys, role, generator.dirichlet(np.ones(3), len(keys)))
        for name in ("plain", "tta")
        for keys, role in ((list(LABELS), "validation"), (["q0", "q1"], "to predict"))
    ]
    questions = pd.DataFrame({"image_key": ["q0", "q1"]})
    return Member("one", described, Subsets(TABLE), questions, pd.concat(tables, ignore_index=True))


def other(member: Member, seed: int = 2) -> Member:
    """With the same photos and other answers."""
    answers = np.random.default_rng(seed).dirichlet(np.ones(3), len(member.probabilities))
    table = member.probabilities.assign(**{f"p{index}": answers[:, index] for index in range(3)})
    return replace(member, name="two", probabilities=table)


def answers_of(member: Member, candidate: str, role: str) -> np.ndarray:
    table = member.probabilities
    return table[(table["candidate"] == candidate) & (table["role"] == role)].filter(regex="^p").to_numpy()


def found(members: list[Member], candidate: str = "auto") -> Average:
    return average(members, candidate, 0.9, num_resamples=0)


@pytest.mark.parametrize("candidate", ["auto", "plain"])
def test_the_mean_is_the_arithmetic_mean_at_its_temperature(member: Member, candidate: str) -> None:
    members = [member, other(member)]
    together = found(members, candidate)
    named = "tta" if candidate == "auto" else candidate
    mean = np.mean([answers_of(each, named, "to predict") for each in members], axis=0)
    tempered = mean[:, 1:] ** (1 / together.temperature)  # nobody has seen an Invisible: it has its floor
    np.testing.assert_allclose(
        together.questions[:, 1:] / together.questions[:, 1:].sum(axis=1, keepdims=True),
        tempered / tempered.sum(axis=1, keepdims=True),
    )
    assert together.temperature != 1
    assert list(together.question_keys) == ["q0", "q1"]


def test_members_and_mean_are_scored_on_the_same_photos(member: Member) -> None:
    members = [member, other(member)]
    together = found(members)
    table = ScoreTable.validate(together.table).set_index("candidate")
    label_strings = official.parse_label_strings(list(LABELS.values()))
    for title, each in (("1 tta", member), ("2 tta", members[1])):
        wanted = official.scores(answers_of(each, "tta", "validation"), label_strings)
        assert table.loc[title, list(wanted)].to_dict() == pytest.approx(wanted)
    wanted = official.scores(together.validation, label_strings)
    assert table.loc[ENSEMBLE, list(wanted)].to_dict() == pytest.approx(wanted)
    assert list(table["photos"]) == [8, 8, 8]


def test_no_photo_is_tempered_by_a_choice_that_it_took_part_in(member: Member) -> None:
    members = [member, other(member)]
    before = found(members).validation
    flipped = relabelled(Subsets(TABLE), np.array([0, 2]), ["nyn", "nyn"])  # of part 0
    after = found([replace(each, subsets=flipped) for each in members]).validation
    assert (before[::2] == after[::2]).all()
    assert not (before[1::2, 1:] == after[1::2, 1:]).any()  # Invisible keeps its floor


def test_photos_that_only_one_member_validates_are_left_out(member: Member) -> None:
    second = other(member)
    trained = second.probabilities["image_key"].isin(["v1", "v4"])
    second = replace(second, probabilities=second.probabilities[~trained])
    together = found([member, second])
    assert list(together.validation_keys) == ["v0", "v2", "v3", "v5", "v6", "v7"]
    assert list(together.table["photos"]) == [6, 6, 6]


def test_members_of_different_folds_are_scored_on_their_own_photos_and_the_mean_is_not(member: Member) -> None:
    second = other(member)
    second = replace(second, probabilities=second.probabilities.replace({key: f"w{key}" for key in LABELS}))
    extra = TABLE[TABLE["image_key"].isin(LABELS)].assign(image_key=lambda table: "w" + table["image_key"])
    both = Subsets(pd.concat([TABLE, extra], ignore_index=True))
    together = found([replace(member, subsets=both), replace(second, subsets=both)])
    assert list(together.table["candidate"]) == ["1 tta", "2 tta"]
    assert list(together.table["photos"]) == [8, 8]
    assert together.temperature == 1
    mean = (answers_of(member, "tta", "to predict") + answers_of(second, "tta", "to predict")) / 2
    np.testing.assert_allclose(together.questions[:, 1] / together.questions[:, 2], mean[:, 1] / mean[:, 2])


def test_a_test_with_labels_scores_all(member: Member) -> None:
    known = relabelled(Subsets(TABLE), np.array([10]), ["nyn"])
    members = [replace(each, subsets=known) for each in (member, other(member))]
    scores = found(members).test
    assert list(scores) == ["1 tta", "2 tta", ENSEMBLE]
    label_strings = official.parse_label_strings(["nyn"])
    assert scores["1 tta"] == official.scores(answers_of(member, "tta", "to predict")[:1], label_strings)


def test_as_json_says_who_the_members_are(member: Member) -> None:
    members = [member, other(member)]
    said = as_json(found(members), members)
    assert said["members"] == {"1": "one", "2": "two"}
    assert said["photos"] == 8
    assert set(said[ENSEMBLE]) == set(said["1 tta"]) >= {"log_loss", "expected_calibration_error"}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"category": "coat_length"}, "category skirt_length and coat_length"),
        ({"values": ("Invisible", "Long", "Short")}, "values"),
    ],
    ids=["category", "values"],
)
def test_models_of_something_else_are_refused(member: Member, changed: dict[str, Any], words: str) -> None:
    second = replace(other(member), about=member.about.model_copy(update=changed))
    with pytest.raises(DataError, match=f"one and two do not fit together: {words}"):
        found([member, second])


def test_other_photos_to_predict_are_refused(member: Member) -> None:
    table = member.probabilities
    second = replace(other(member), probabilities=table[table["image_key"] != "q1"])
    with pytest.raises(DataError, match="1 photos to predict are answered by one of them only, for example q1"):
        found([member, second])


def test_other_labels_are_refused(member: Member) -> None:
    second = replace(other(member), subsets=Subsets(TABLE.replace({"label_string": {"nyn": "ynn"}})))
    with pytest.raises(DataError, match="v1 is labelled 'nyn' and 'ynn'"):
        found([member, second])


def test_a_misspelt_candidate_is_refused(member: Member) -> None:
    with pytest.raises(UsageError, match=r"'plian', which one has not; did you mean plain"):
        found([member, other(member)], "plian")


@pytest.mark.parametrize("number", [0, 1])
def test_a_mean_takes_two(member: Member, number: int) -> None:
    with pytest.raises(UsageError, match="members"):
        found([member] * number)


def test_only_photos_that_each_of_three_members_validated_are_averaged(member: Member) -> None:
    def validated(number: int, dropped: str) -> Member:
        one = other(member, number)
        table = one.probabilities
        return replace(one, probabilities=table[table["image_key"] != dropped].reset_index(drop=True))

    mean = found([member, validated(2, "v1"), validated(3, "v6")])
    assert mean.validation_keys.tolist() == ["v0", "v2", "v3", "v4", "v5", "v7"]
