"""The stages of training in the whole flow."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from kedro.config import OmegaConfigLoader
from kedro.io import DataCatalog
from whole_flow import CATEGORY, Run, nodes_in, same_settings

from apparel_eye.datasets import CheckpointDataset
from apparel_eye.networks.checkpoint import as_arrays
from apparel_eye.parameters import STAGES, ProjectParameters
from apparel_eye.pipelines import train
from apparel_eye.schemas import History


def catalog_of(project: Path) -> DataCatalog:
    from apparel_eye.settings import CONFIG_LOADER_ARGS

    entries = OmegaConfigLoader(str(project / "conf"), env="base", **CONFIG_LOADER_ARGS)["catalog"]
    return DataCatalog.from_config({name: entry for name, entry in entries.items() if not name.startswith("_")})


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


def test_another_seed_trains_again_and_the_old_one_gives_the_old_weights(
    kedro_run: Run, garments: Path, copied_results: Path
) -> None:
    large = CheckpointDataset(str(copied_results / "06_models" / CATEGORY / "large.safetensors"))
    old = as_arrays(large.load())
    settings = same_settings(garments, copied_results)
    exit_code, said = kedro_run("--pipeline=train", **settings, train__seed=2)
    ran, finished = nodes_in(said)
    assert exit_code == 0
    assert {"ingest · read_photos", "ingest · make_manifest", "split · assign_subsets"} <= set(finished)
    trained = {
        f"train.{stage} · {name}" for stage in ("small", "medium", "large") for name in ("train_head", "fine_tune")
    }
    assert trained <= set(ran)
    with pytest.raises(AssertionError):
        np.testing.assert_equal(as_arrays(large.load()), old)
    assert kedro_run("--pipeline=train", **settings)[0] == 0
    np.testing.assert_equal(as_arrays(large.load()), old)


def test_stages_may_be_others_and_each_starts_from_the_one_before() -> None:
    nodes = {node.name: node.inputs for node in train.create_pipeline(("tiny", "huge")).nodes}
    for stage, initial, other in (("tiny", "backbone_weights", "huge"), ("huge", "tiny_checkpoint", "tiny")):
        for name in ("compute_features", "find_head_rate", "train_head"):
            assert initial in nodes[f"{stage}.{name}"]
            assert any(each.startswith(f"params:train.stages.{stage}.") for each in nodes[f"{stage}.{name}"])
        own = [entry for name, inputs in nodes.items() if name.startswith(f"{stage}.") for entry in inputs]
        assert [entry for entry in own if other in entry and entry != initial] == []
    assert nodes["draw_examples"][0] == "tiny_pixels"
    assert nodes["join_stages"] == ["tiny_history", "huge_history"]


@pytest.mark.parametrize("stage", STAGES)
def test_a_phase_goes_on_from_what_it_wrote(project: Path, stage: str) -> None:
    catalog = catalog_of(project)
    for earlier, written in (
        ("head_resume_from", f"{stage}_head_checkpoint"),
        ("fine_tune_resume_from", f"{stage}_checkpoint"),
    ):
        assert catalog[f"{stage}_{earlier}"]._describe() == catalog[written]._describe()
