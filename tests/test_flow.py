import csv
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from apparel_eye.attributes import DIMENSIONS
from apparel_eye.datasets import CheckpointDataset, notes
from apparel_eye.metrics import official
from apparel_eye.networks.checkpoint import as_arrays
from apparel_eye.parameters import ProjectParameters
from apparel_eye.schemas import History, Manifest, Probabilities

Run = Callable[..., tuple[int, str]]
CATEGORY = "skirt_length"
CANDIDATES = ("plain", "tta", "xgboost", "bags", "logistic", "perceptron", "blend")
VALUES = DIMENSIONS[CATEGORY]
NUM_LABELLED, NUM_QUESTIONS = 10 * len(VALUES), 2 * len(VALUES)


def nodes_in(said: str) -> tuple[list[str], list[str]]:
    """Names of the nodes that a run says it ran, and of those that were finished before."""
    lines = re.findall(r"\[\d+/\d+\] ([\w.]+ · \w+)(: finished before)?", said)
    return [name for name, before in lines if not before], [name for name, before in lines if before]


def read_submission(path: Path) -> tuple[list[str], np.ndarray]:
    table = pd.read_csv(path, header=None, names=["path", "dimension", "probabilities"])
    assert set(table["dimension"]) == {f"{CATEGORY}_labels"}
    return table["path"].tolist(), np.array([line.split(";") for line in table["probabilities"]], dtype=float)


def same_settings(garments: Path, data: Path) -> dict[str, object]:
    return {"raw": garments, "data": data, "category": CATEGORY, "ingest__max_quarantine_share": 0.1}


@pytest.mark.parametrize(
    "name",
    [
        "03_primary/{}/manifest.parquet",
        "03_primary/{}/quarantine.csv",
        "06_models/{}/large.safetensors",
        "06_models/{}/xgboost.json",
        "06_models/{}/bags.json",
        "06_models/{}/logistic.safetensors",
        "06_models/{}/perceptron.safetensors",
        "07_model_output/{}/submission.csv",
        *[f"07_model_output/{{}}/submissions/{candidate}.csv" for candidate in CANDIDATES],
        "08_reporting/{}/scores.json",
        "08_reporting/{}/history.csv",
        "08_reporting/{}/curves.png",
        "08_reporting/{}/confusion_matrices.png",
        "08_reporting/{}/risk_coverage.png",
        "08_reporting/{}/bag_filters.csv",
        "08_reporting/{}/bags.png",
    ],
)
def test_files_of_the_contract_are_written_with_their_seals(results: Path, name: str) -> None:
    path = results / name.format(CATEGORY)
    assert path.stat().st_size > 0
    assert notes.place_of(path, notes.SEAL).is_file()


def test_nothing_temporary_is_left(results: Path) -> None:
    files = {path for path in results.rglob("*") if path.is_file() and path.parent.name != ".seals"}
    assert [path.name for path in files if path.name.startswith(".") or path.suffix == ".part"] == []
    seals = {path for path in results.rglob("*") if path.is_file() and path.parent.name == ".seals"}
    assert {notes.place_of(path, notes.SEAL) for path in files} == seals


def test_the_run_checks_all_parameters_and_ends_with_scores_and_files(flow_said: str, results: Path) -> None:
    assert "Could not extract type hints" not in flow_said
    assert f"{results}/07_model_output/{CATEGORY}/submission.csv" in flow_said
    last_words = flow_said[flow_said.index("Scores on 12 validation photos") :]
    assert [candidate for candidate in CANDIDATES if candidate not in last_words] == []
    assert nodes_in(flow_said)[1] == []


def test_the_manifest_has_all_photos_but_the_broken_one(results: Path, broken_question: str) -> None:
    folder = results / "03_primary" / CATEGORY
    manifest = Manifest.validate(pd.read_parquet(folder / "manifest.parquet"))
    assert manifest["role"].value_counts().to_dict() == {"labelled": NUM_LABELLED, "to predict": NUM_QUESTIONS - 1}
    quarantine = pd.read_csv(folder / "quarantine.csv")
    assert quarantine[["image_key", "reason"]].to_numpy().tolist() == [[f"rank/{broken_question}", "not an image"]]


@pytest.mark.parametrize("name", ["submission.csv", *[f"submissions/{candidate}.csv" for candidate in CANDIDATES]])
def test_a_submission_answers_every_question_in_its_order(
    results: Path, garments: Path, broken_question: str, name: str
) -> None:
    questions = (garments / "rank" / "Tests" / "question.csv").read_text().splitlines()
    asked = [line.split(",")[0] for line in questions if CATEGORY in line]
    paths, probabilities = read_submission(results / "07_model_output" / CATEGORY / name)
    assert len(paths) == NUM_QUESTIONS
    assert paths == asked
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-9)
    even = np.full(len(VALUES), 1 / len(VALUES))  # as many labelled photos of each value
    np.testing.assert_allclose(probabilities[asked.index(broken_question)], even, atol=1e-9)


def test_the_submission_is_the_file_of_the_chosen_candidate(results: Path) -> None:
    scores = json.loads((results / "08_reporting" / CATEGORY / "scores.json").read_text())
    folder = results / "07_model_output" / CATEGORY
    chosen = folder / "submissions" / f"{scores['submission']['candidate']}.csv"
    assert (folder / "submission.csv").read_bytes() == chosen.read_bytes()


@pytest.mark.parametrize("candidate", CANDIDATES)
def test_scores_are_those_of_the_probabilities_on_validation_photos(results: Path, candidate: str) -> None:
    primary = results / "03_primary" / CATEGORY
    folds = pd.read_parquet(primary / "folds.parquet")
    validation = folds[folds["subset"] == "validation"].merge(pd.read_parquet(primary / "manifest.parquet"))
    table = pd.read_parquet(results / "07_model_output" / CATEGORY / "probabilities.parquet")
    answers = Probabilities.validate(table)[table["candidate"] == candidate].set_index("image_key")
    probabilities = answers.loc[validation["image_key"], [f"p{index}" for index in range(len(VALUES))]].to_numpy()
    scores = json.loads((results / "08_reporting" / CATEGORY / "scores.json").read_text())
    assert len(validation) == scores["photos"] == NUM_LABELLED // 5
    expected = official.all_scores(
        probabilities, official.parse_label_strings(validation["label_string"]), range(1, len(VALUES))
    )
    assert {name: scores[candidate][name] for name in expected} == pytest.approx(expected, nan_ok=True)
    for name in ("accuracy", "log_loss", "basic_precision", "average_precision"):
        assert scores[candidate][f"{name}_low"] <= expected[name] <= scores[candidate][f"{name}_high"]
    assert set(answers["role"]) == {"validation", "to predict"}
    assert len(answers) == len(validation) + NUM_QUESTIONS - 1


def test_the_choice_among_candidates_is_scored_too(results: Path) -> None:
    scores = json.loads((results / "08_reporting" / CATEGORY / "scores.json").read_text())
    assert set(scores) == {*CANDIDATES, "submission", "photos"}
    usual = {"basic_precision", "average_precision", "accuracy", "log_loss"}
    assert set(scores["submission"]) == {"candidate", "answered_coverage", "answered_precision", *usual}


def test_the_history_has_every_epoch_of_every_phase_in_order(results: Path, test_parameters: ProjectParameters) -> None:
    history = History.validate(pd.read_csv(results / "08_reporting" / CATEGORY / "history.csv"))
    expected = [
        [stage, phase, epoch]
        for stage in ("small", "medium", "large")
        for phase in ("head", "fine_tune")
        for epoch in range(1, getattr(getattr(test_parameters.train.stages, stage), phase).epochs + 1)
    ]
    assert history[["stage", "phase", "epoch"]].to_numpy().tolist() == expected
    rates = history.filter(regex=r"^rate_\d$").div(history["learning_rate"], axis=0)
    factors = {"head": [0, 0, 1], "fine_tune": test_parameters.train.layer_group_factors}
    np.testing.assert_allclose(rates, [factors[phase] for phase in history["phase"]])
    assert (history["learning_rate"] > 0).all()


@pytest.mark.parametrize("pipeline", ["__default__", "train"])
def test_what_is_finished_is_not_made_again(
    kedro_run: Run, garments: Path, copied_results: Path, pipeline: str
) -> None:
    before = {path: path.stat().st_mtime_ns for path in copied_results.rglob("*") if path.is_file()}
    exit_code, said = kedro_run(f"--pipeline={pipeline}", **same_settings(garments, copied_results))
    assert exit_code == 0
    ran, finished = nodes_in(said)
    assert ran == []
    assert {
        "ingest · find_photos",
        "ingest · read_photos",
        "train.small · train_head",
        "train.large · fine_tune",
    } <= set(finished)
    assert {path: path.stat().st_mtime_ns for path in copied_results.rglob("*") if path.is_file()} == before


def test_another_seed_trains_again_and_the_old_one_gives_the_old_weights(
    kedro_run: Run, garments: Path, copied_results: Path
) -> None:
    large = CheckpointDataset(str(copied_results / "06_models" / CATEGORY / "large.safetensors"))
    old = as_arrays(large.load())
    settings = same_settings(garments, copied_results)
    exit_code, said = kedro_run("--pipeline=train", **settings, train__seed=2)
    ran, finished = nodes_in(said)
    assert exit_code == 0
    assert {"ingest · read_photos", "ingest · make_manifest", "split · deal_photos"} <= set(finished)
    trained = {
        f"train.{stage} · {name}" for stage in ("small", "medium", "large") for name in ("train_head", "fine_tune")
    }
    assert trained <= set(ran)
    with pytest.raises(AssertionError):
        np.testing.assert_equal(as_arrays(large.load()), old)
    assert kedro_run("--pipeline=train", **settings)[0] == 0
    np.testing.assert_equal(as_arrays(large.load()), old)


@pytest.mark.parametrize("candidate", CANDIDATES)
def test_every_file_of_an_own_folder_gets_a_row_and_a_known_photo_its_known_answer(
    kedro_run: Run, garments: Path, copied_results: Path, tmp_path: Path, candidate: str
) -> None:
    manifest = pd.read_parquet(copied_results / "03_primary" / CATEGORY / "manifest.parquet")
    known = manifest.loc[manifest["role"] == "to predict", "image_key"].tolist()[:3]
    own = tmp_path / "own"
    own.mkdir()
    for number, key in enumerate(known):
        shutil.copy(garments / key, own / f"{number}.jpg")
    (own / "broken.jpg").write_bytes((own / "0.jpg").read_bytes()[:500])
    (own / "notes.txt").write_text("no photo")
    settings = same_settings(garments, copied_results)
    exit_code, said = kedro_run("--pipeline=predict", **settings, photos=own, predict__candidate=candidate)
    assert exit_code == 0
    path = copied_results / "07_model_output" / CATEGORY / "predictions.csv"
    assert str(path) in said
    rows = pd.read_csv(path, keep_default_na=False, na_values={"confidence": [""]}).set_index("photo")
    assert rows.index.tolist() == ["0.jpg", "1.jpg", "2.jpg", "broken.jpg", "notes.txt"]
    bad = rows.loc[["broken.jpg", "notes.txt"]]
    assert bad["value"].tolist() == ["", ""]
    assert bad["confidence"].isna().all()
    assert (bad["problem"] != "").all()
    table = pd.read_parquet(copied_results / "07_model_output" / CATEGORY / "probabilities.parquet")
    answers = table[table["candidate"] == candidate].set_index("image_key").filter(regex=r"^p\d").loc[known].to_numpy()
    good = rows.loc[["0.jpg", "1.jpg", "2.jpg"]]
    np.testing.assert_allclose(
        good[[f"probability of {value}" for value in VALUES]].to_numpy(dtype=float), answers, atol=1e-5
    )
    assert good["value"].tolist() == [VALUES[index] for index in answers.argmax(axis=1)]
    np.testing.assert_allclose(good["confidence"], answers.max(axis=1), atol=1e-5)
    parquet = pd.read_parquet(path.with_suffix(".parquet"))
    assert parquet["photo"].tolist() == rows.index.tolist()
    np.testing.assert_allclose(parquet["confidence"], rows["confidence"], atol=1e-8)
    assert (copied_results / "08_reporting" / CATEGORY / "contact_sheet.png").stat().st_size > 0


def test_plain_folders_without_questions_end_well_and_say_that_there_is_nothing_to_submit(
    kedro_run: Run, tmp_path: Path, write_photo: Callable[..., Path]
) -> None:
    raw, data = tmp_path / "raw", tmp_path / "data"
    for number in range(24):
        write_photo(raw / "heel" / ("flat", "high")[number % 2] / f"{number}.png", number)
    exit_code, said = kedro_run(raw=raw, data=data, category="heel", boost__xgboost__num_rounds=2)
    assert exit_code == 0
    assert "There is no question.csv with photos of heel" in said
    scores = json.loads((data / "08_reporting" / "heel" / "scores.json").read_text())
    assert {*CANDIDATES, "submission"} < set(scores)
    assert list((data / "07_model_output" / "heel").glob("**/*.csv")) == []
    probabilities = pd.read_parquet(data / "07_model_output" / "heel" / "probabilities.parquet")
    assert set(probabilities["role"]) == {"validation"}


@pytest.fixture
def given_sides(garments: Path, tmp_path: Path) -> Path:
    """The drawn collars in folders of a given split: six photos of each value train, three validate, one tests."""
    with (garments / "base" / "Annotations" / "label.csv").open(newline="") as file:
        rows = [(path, label) for path, dimension, label in csv.reader(file) if dimension == "collar_design_labels"]
    seen: Counter[int] = Counter()
    for path, label in rows:
        value = label.index("y")
        side = ("train", "validation", "test")[(seen[value] >= 6) + (seen[value] >= 9)]
        seen[value] += 1
        folder = tmp_path / "raw" / side / "collars" / f"value {value}"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(garments / "base" / path, folder)
    return tmp_path / "raw"


def test_a_given_split_is_kept_to_the_end_with_rates_that_are_found(
    kedro_run: Callable[..., tuple[int, str]], given_sides: Path, tmp_path: Path
) -> None:
    rates = {f"train__stages__small__{phase}__learning_rate": "auto" for phase in ("head", "fine_tune")}
    exit_code, said = kedro_run(
        "--pipeline=report", raw=given_sides, category="collars", data=tmp_path / "data", **rates
    )
    assert exit_code == 0, said
    folds = pd.read_parquet(tmp_path / "data" / "03_primary" / "collars" / "folds.parquet")
    assert folds["image_key"].str.split("/").str[0].tolist() == folds["subset"].tolist()
    assert folds["subset"].value_counts().to_dict() == {"train": 30, "validation": 15}
    scores = json.loads((tmp_path / "data" / "08_reporting" / "collars" / "scores.json").read_text())
    assert (scores["photos"], scores["test"]["photos"]) == (15, 5)
    assert "On the 5 photos of the given test" in said
    models = tmp_path / "data" / "06_models" / "collars"
    for phase in ("head", "fine_tune"):
        sweep = pd.read_parquet(models / f"small_{phase}_rates.parquet")
        history = pd.read_parquet(models / "small_history.parquet")
        first = history.loc[history["phase"] == phase, "learning_rate"].iloc[0]
        assert first == pytest.approx(sweep["learning_rate"][sweep["smoothed_loss"].idxmin()] / 10)
        assert pd.read_parquet(models / f"medium_{phase}_rates.parquet").empty
