import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node
from pydantic import BaseModel

from apparel_eye.datasets import AtomicDataset
from apparel_eye.execution.fingerprints import _checksum_of, fingerprint_of, input_fingerprint


class Settings(BaseModel):
    """Typed parameters, one of which nobody gave."""

    given: int
    by_default: int = 2


def test_a_changed_line_of_the_pipeline_changes_its_fingerprint(tmp_path: Path) -> None:
    catalog = DataCatalog({"sizes": AtomicDataset(str(tmp_path / "sizes.json"), {"type": "json.JSONDataset"})})

    def fingerprint() -> str:
        _checksum_of.cache_clear()
        return fingerprint_of(node, catalog)

    code = tmp_path / "some_pipeline"
    code.mkdir()
    (code / "nodes.py").write_text("def double(sizes):\n    return 2 * sizes\n")
    (code / "more.py").write_text("A = 1\n")
    node = Node(function_of(code / "nodes.py", "double"), "sizes", "doubled", name="double")
    before = fingerprint()
    (tmp_path / "elsewhere.py").write_text("A = 1\n")
    assert fingerprint() == before
    (code / "more.py").write_text("A = 2\n")
    assert fingerprint() != before


def function_of(path: Path, name: str) -> Callable[..., Any]:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function: Callable[..., Any] = getattr(module, name)
    return function


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
