from pathlib import Path

import pytest
from whole_flow import CANDIDATES, CATEGORY, Run, nodes_in, same_settings

from apparel_eye.classifiers.registry import heads_here
from apparel_eye.datasets import notes
from apparel_eye.prediction.models import files_of


@pytest.mark.parametrize(
    "name",
    [
        "03_primary/{}/manifest.parquet",
        "03_primary/{}/quarantine.csv",
        *[f"06_models/{{}}/{file}" for file in files_of(heads_here())],
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
