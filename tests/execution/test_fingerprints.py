from pathlib import Path

from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node
from pydantic import BaseModel

from apparel_eye.datasets import AtomicDataset
from apparel_eye.execution.fingerprints import fingerprint_of, input_fingerprint


class Settings(BaseModel):
    """Typed parameters, one of which nobody gave."""

    given: int
    by_default: int = 2


def test_code_and_what_it_is_given_are_in_a_fingerprint(tmp_path: Path) -> None:
    catalog = DataCatalog({"sizes": AtomicDataset(str(tmp_path / "sizes.json"), {"type": "json.JSONDataset"})})
    found = {fingerprint_of(Node(function, "sizes", "made", name="made"), catalog) for function in (double, triple)}
    assert len(found) == 2
    catalog["sizes"].save([1])
    assert fingerprint_of(Node(double, "sizes", "made", name="made"), catalog) not in found


def double(sizes: int) -> int:
    return 2 * sizes


def triple(sizes: int) -> int:
    return 3 * sizes


def test_an_input_is_a_checksum_and_a_parameter_its_value(tmp_path: Path) -> None:
    sizes = AtomicDataset(str(tmp_path / "sizes.json"), {"type": "json.JSONDataset"})
    parameters = {"params:scale": MemoryDataset({"a": 1}), "params:model": MemoryDataset(Settings(given=1))}
    catalog = DataCatalog({"sizes": sizes, **parameters})
    assert input_fingerprint("params:scale", catalog) == {"a": 1}
    assert input_fingerprint("params:model", catalog) == {"given": 1, "by_default": 2}  # a new default is a new value
    assert input_fingerprint("sizes", catalog) is None
    found = []
    for version in (1, 2, 1):
        sizes.save([version])
        found.append(input_fingerprint("sizes", catalog))
    assert found[0] == found[2] != found[1]
