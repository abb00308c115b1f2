import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from waiting import HOUR

PATH = Path("notebooks") / "results.ipynb"


@pytest.fixture(scope="module")
def notebook(project: Path) -> nbformat.NotebookNode:
    return nbformat.read(project / PATH, as_version=4)


def test_it_is_kept_without_outputs(notebook: nbformat.NotebookNode) -> None:
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.source for cell in cells if cell.outputs or cell.execution_count is not None] == []


def test_it_shows_the_results_of_the_flow_in_the_projects_folder_and_in_its_own(
    notebook: nbformat.NotebookNode, project: Path, results: Path, scratch_tracking: str
) -> None:
    before = set(project.iterdir()) | set((project / "notebooks").iterdir())
    variables = {
        "KEDRO_ENV": "test",
        "KEDRO_PARAMS": f"data={results},category=skirt_length",
        "MLFLOW_TRACKING_URI": scratch_tracking,
    }
    resources = {"metadata": {"path": str(project)}}
    first, again = nbformat.from_dict(notebook), nbformat.from_dict(notebook)
    for cell in again.cells:
        cell.id = f"again-{cell.id}"
    move = nbformat.v4.new_code_cell("%reset -f\nimport os\nos.chdir('notebooks')")
    content = nbformat.v4.new_notebook(cells=[*first.cells, move, *again.cells])
    client = NotebookClient(content, startup_timeout=HOUR, kernel_name="python3", resources=resources)
    done = client.execute(env={**os.environ, **variables})
    for cells in (done.cells[: len(first.cells)], done.cells[-len(again.cells) :]):
        shown = [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]
        kinds = [set(output.data) for output in shown if "data" in output]
        assert sum("image/png" in kind for kind in kinds) == 4  # curves, confusion matrix, mistakes, confidence
        assert sum("text/html" in kind for kind in kinds) == 4  # scores, choice, best epochs, the network's answers
    assert set(project.iterdir()) | set((project / "notebooks").iterdir()) == before
