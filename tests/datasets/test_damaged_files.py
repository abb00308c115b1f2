"""Files that somebody or something has changed: refused by their checksum, before any library reads them."""

import json
import pickle
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xgboost
from kedro.io.core import DatasetError

from apparel_eye.datasets import (
    ArrayDataset,
    AtomicDataset,
    CheckpointDataset,
    WeightsDataset,
    notes,
    seal,
)
from apparel_eye.errors import DataError
from apparel_eye.networks.checkpoint import Checkpoint, State

NUM_MUTANTS = 2000
WEIGHTS: dict[str, Any] = {"a": np.random.default_rng(0).normal(size=(7, 5)), "b": np.arange(3)}


def booster() -> Any:
    generator = np.random.default_rng(0)
    data = xgboost.DMatrix(generator.normal(size=(30, 4)), generator.integers(0, 2, 30))
    return json.loads(xgboost.train({"max_depth": 2, "objective": "binary:logistic"}, data, 3).save_raw("json"))


# a dataset at a path, and what it holds
ARTEFACTS: dict[str, tuple[Callable[[str], Any], Callable[[], Any]]] = {
    "array": (ArrayDataset, lambda: np.random.default_rng(0).integers(0, 256, (9, 8), dtype=np.uint8)),
    "weights": (WeightsDataset, lambda: WEIGHTS),
    "checkpoint": (CheckpointDataset, lambda: Checkpoint.single(WEIGHTS, {"backbone": "x"})),
    "table": (
        lambda path: AtomicDataset(path, {"type": "pandas.ParquetDataset"}),
        lambda: pd.DataFrame({"path": ["a", "b"], "n": [1, 2]}),
    ),
    "booster": (lambda path: AtomicDataset(path, {"type": "json.JSONDataset"}), booster),
}
of_each_kind = pytest.mark.parametrize("kind", ARTEFACTS)


class Artefact:
    """A file that was written, and its dataset, which tells whether the file was parsed."""

    def __init__(self, kind: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        dataset_at, content = ARTEFACTS[kind]
        self.path, self.num_parsed = path, 0
        self.dataset = dataset_at(str(path))
        self.dataset.save(content())
        parse = self.dataset._read

        def count() -> Any:
            self.num_parsed += 1
            return parse()

        monkeypatch.setattr(self.dataset, "_read", count)

    def is_refused(self, content: bytes) -> bool:
        """Whether the dataset refuses the file with another content, by its name, and without parsing it."""
        self.path.write_bytes(content)
        self.num_parsed = 0
        try:
            self.dataset.load()
        except DatasetError as error:
            is_told = isinstance(error.__cause__, DataError) and f"{self.path} is damaged" in str(error)
            return is_told and not self.num_parsed
        return False


@pytest.fixture
def artefact(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Artefact:
    return Artefact(kind, tmp_path / "artefact", monkeypatch)


def mutant_of(whole: bytes, generator: random.Random) -> bytes:
    """One bit flipped, the end cut off, bytes put in, two parts exchanged, or zeros from some place on."""
    at, other = sorted(generator.sample(range(len(whole)), 2))
    kind = generator.randrange(6)
    if kind <= 1:
        return whole[:at] + bytes([whole[at] ^ 1 << generator.randrange(8)]) + whole[at + 1 :]
    if kind == 2:
        return whole[:at]
    if kind == 3:
        return whole[:at] + generator.randbytes(generator.randrange(1, 9)) + whole[at:]
    if kind == 4:
        return whole[at:other] + whole[:at] + whole[other:]
    return whole[:at] + bytes(len(whole) - at)


@of_each_kind
@pytest.mark.fault(117)
def test_no_mutant_is_parsed(artefact: Artefact) -> None:
    whole = artefact.path.read_bytes()
    generator = random.Random(0)
    mutants = {mutant_of(whole, generator) for _ in range(NUM_MUTANTS)} - {whole}
    assert len(mutants) > NUM_MUTANTS / 4  # small files have few ends
    assert [mutant for mutant in mutants if not artefact.is_refused(mutant)] == []
    assert not artefact.is_refused(whole)
    assert artefact.num_parsed == 1


@pytest.mark.fault(117)
def test_no_file_of_another_kind_is_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artefacts = [Artefact(kind, tmp_path / kind, monkeypatch) for kind in ARTEFACTS]
    contents = [artefact.path.read_bytes() for artefact in artefacts]
    for artefact, own in zip(artefacts, contents, strict=True):
        assert [other for other in contents if other != own and not artefact.is_refused(other)] == []


@of_each_kind
@pytest.mark.fault(117)
def test_a_file_that_no_run_has_written_is_not_parsed(artefact: Artefact) -> None:
    notes.place_of(artefact.path, notes.SEAL).unlink()
    with pytest.raises(DatasetError, match=r"has no checksum in \.seals beside it"):
        artefact.dataset.load()
    assert artefact.num_parsed == 0


@pytest.mark.parametrize(
    "text",
    ["[]", "null", '"x"', "{}", '{"sha256": null}', '{"sha256": {}}', '{"sha256": [null, 3]}', "\x00", "[" * 9999],
)
@pytest.mark.fault(117)
def test_a_seal_that_is_none_lets_nothing_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    artefact = Artefact("array", tmp_path / "artefact", monkeypatch)
    notes.place_of(artefact.path, notes.SEAL).write_text(text)
    with pytest.raises(DatasetError, match=r"has no checksum in \.seals beside it"):
        artefact.dataset.load()
    assert artefact.num_parsed == 0


class Gadget:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> Any:
        return (Path.mkdir, (self.folder,))


def foreign_files(folder: Path) -> dict[str, bytes]:
    """What somebody may put there who can write the seal, too."""
    gadget = pickle.dumps(Gadget(folder))
    np.save(folder.with_name("objects.npy"), np.array([Gadget(folder)], dtype=object), allow_pickle=True)
    header = json.dumps({"a": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}).encode()
    return {
        "nothing": b"",
        "pickle": gadget,
        "array of objects": folder.with_name("objects.npy").read_bytes(),
        "header without end": struct.pack("<Q", 2**62) + b"{",
        "header of a gigabyte": struct.pack("<Q", 2**30) + b"{" * 1000,
        "arrays that are not there": struct.pack("<Q", len(header)) + header,
        "deep JSON": b"[" * 100_000,
        "JSON that is not finite": b'{"a": NaN',
        "array that is not there": b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (9**9,)}",
    }


@of_each_kind
@pytest.mark.fault(117)
def test_a_sealed_file_of_somebody_else_runs_no_code_and_ends_in_words(artefact: Artefact, tmp_path: Path) -> None:
    made = tmp_path / "made by code"
    for content in foreign_files(made).values():
        seal.write(artefact.path, lambda path, content=content: path.write_bytes(content) and None)
        with pytest.raises(DatasetError):
            artefact.dataset.load()
    assert not made.exists()


@pytest.mark.fault(117)
def test_what_training_goes_on_from_is_refused_the_same_way(tmp_path: Path) -> None:
    path = tmp_path / "small.safetensors"
    dataset = CheckpointDataset(str(path))
    dataset.save(Checkpoint({}, {}, state=State(WEIGHTS, {"step": 1})))
    whole, generator = path.read_bytes(), random.Random(0)
    assert dataset.earlier().state is not None
    for _ in range(300):
        path.write_bytes(mutant_of(whole, generator))
        assert path.read_bytes() == whole or dataset.earlier().state is None
    for content in foreign_files(tmp_path / "made by code").values():
        seal.write(path, lambda path, content=content: path.write_bytes(content) and None)
        assert dataset.earlier().state is None
    assert not (tmp_path / "made by code").exists()
