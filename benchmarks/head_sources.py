"""Activations that heads may be fitted on: of the frozen backbone, the run's own network, or others without the photo.

    python benchmarks/head_sources.py OUT DATA [DATA ...] --categories skirt_length [--sources part folds]

Each DATA is the output root of a run of the whole flow with `--env=cpu`. OUT/<source>/<number> becomes an output root
with the source's activations, averaged over rows as heads want them, and links to the rest of DATA, so that
`benchmarks/heads.py` can fit heads on these, those of each source into a folder of their own, --against the backbone's.
One JSON line for each is appended to OUT/sources.jsonl: seconds of training networks and of extraction, and megabytes.
What is there is not made again.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
from recipe import changed_parameters

from apparel_eye.activations.index import index_of
from apparel_eye.data.subsets import Subsets
from apparel_eye.datasets import CheckpointDataset, WeightsDataset
from apparel_eye.parameters import STAGES
from apparel_eye.pipelines.activations import nodes

KEPT = ("03_primary", "07_model_output")


def main() -> None:
    """Make what is not there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--categories", nargs="+", required=True)
    parser.add_argument("--sources", nargs="+", default=["backbone", "checkpoint", "part", "folds"])
    arguments = parser.parse_args()
    for category in arguments.categories:
        for source in arguments.sources:
            for number, data in enumerate(arguments.data):
                root = arguments.out / source / str(number)
                if not (root / "04_feature" / category / "activations.npy").exists():
                    row = {"source": source, "category": category, "seed": number, **make(data, category, source, root)}
                    print(row, flush=True)
                    with (arguments.out / "sources.jsonl").open("a") as file:
                        file.write(json.dumps(row) + "\n")


def make(data: Path, category: str, source: str, root: Path) -> dict[str, float]:
    """One output root, and what it cost."""
    primary, inputs, models = (data / layer / category for layer in ("03_primary", "05_model_input", "06_models"))
    subsets = Subsets(pd.read_parquet(primary / "subsets.parquet"))
    modes = json.loads((models / "modes.json").read_text())
    pixels = {stage: np.load(inputs / f"{stage}_pixels.npy", mmap_mode="r") for stage in STAGES}
    parameters = changed_parameters("cpu", 0, {})
    activations = parameters.activations.model_copy(update={"source": source, "reduction": "rows"})
    train = parameters.train
    started = time.perf_counter()
    networks, network_of = nodes.choose_networks(
        WeightsDataset(filepath=str(models / "backbone.safetensors")).load(),
        CheckpointDataset(str(models / f"{STAGES[-1]}.safetensors")).load(),
        *(subsets, modes, source, activations.held_out, train.augmentation, train),
        *(train.stages, train.finder, category),
        **pixels,
    )
    trained = time.perf_counter()
    of_activations = np.load(inputs / "activations_pixels.npy", mmap_mode="r")
    photos = index_of(subsets.table)
    how = (modes, activations, train.augmentation, train.backbone, category)
    parts = nodes.extract_activations(of_activations, photos, 0, networks, network_of, *how)
    found = np.concatenate([part.rows for part in parts])
    extracted = time.perf_counter()
    place = root / "04_feature" / category
    place.mkdir(parents=True, exist_ok=True)
    np.save(place / "activation_network_of.npy", network_of)
    np.save(place / "activations.npy", found)
    for layer in KEPT:
        link = root / layer / category
        link.parent.mkdir(exist_ok=True)
        if not link.exists():
            link.symlink_to((data / layer / category).resolve())
    return {"training": trained - started, "extraction": extracted - trained, "megabytes": found.nbytes / 1e6}


if __name__ == "__main__":
    main()
