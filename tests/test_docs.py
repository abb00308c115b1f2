"""What README and docs say is so: parameters, files, exit codes, the tree, links, the site."""

import html
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kedro.config import OmegaConfigLoader
from kedro.io import DataCatalog

from apparel_eye.data.reading.verdicts import FIXES, REASONS
from apparel_eye.parameters import STAGES
from apparel_eye.parameters.reference import describe_parameters, written
from apparel_eye.pipeline_registry import register_pipelines
from apparel_eye.schemas import Predictions

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXTS = {page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8") for page in PAGES}
ALL = "\n".join(TEXTS.values())
CATEGORY = "skirt_length"
APART = ("predict", "ensemble")
"""Pipelines that start from what others have made."""
MAX_README = 8192
"""Bytes; what is longer belongs to the docs."""


def test_every_parameter_in_a_command_exists(parameters_of: Callable[[str], dict[str, Any]]) -> None:
    def has(tree: Any, path: list[str]) -> bool:
        return not path or (isinstance(tree, dict) and path[0] in tree and has(tree[path[0]], path[1:]))

    parameters = parameters_of("base")
    given = [pair.split("=")[0] for text in re.findall(r"--params[ =]([^\s`]+)", ALL) for pair in text.split(",")]
    assert {"raw", "category", "photos", "train.bakbone"} <= set(given)
    assert {key for key in given if not has(parameters, key.split("."))} == {"train.bakbone"}


def test_every_command_within_a_sentence_uses_what_there_is() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", ALL)) <= targets
    assert set(re.findall(r"--env=([a-z]+)", ALL)) <= {folder.name for folder in (ROOT / "conf").iterdir()}
    assert set(re.findall(r"--pipeline=([a-z_]+)", ALL)) <= set(register_pipelines())


def files_by_pipeline() -> Iterator[tuple[str, str]]:
    """The table's pipelines, and the files that it says they make."""
    pipeline = ""
    for line in TEXTS["docs/files.md"].splitlines():
        if line.count("|") == 4:
            _, name, _, files, _ = line.split("|")
            pipeline = name.strip(" `") or pipeline
            for path in re.findall(r"`(\d\d_[^`]+)`", files):
                yield pipeline, path


def test_the_page_of_prediction_explains_the_columns_of_its_table() -> None:
    rows = re.findall(r"^\| (`.+?`) \| ", TEXTS["docs/prediction.md"], flags=re.MULTILINE)
    told = [name for row in rows for name in re.findall(r"`([^`]+)`", row)]
    assert told == [re.sub("^\\^(.*)$", r"\1<value>", name) for name in Predictions.to_schema().columns][1:]


def test_every_file_of_the_table_is_made_by_the_flow(results: Path) -> None:
    paths = [path for pipeline, path in files_by_pipeline() if pipeline not in APART]
    assert any("<stage>" in path for path in paths)
    paths = [path.replace("<stage>", stage) for path in paths for stage in (STAGES if "<stage>" in path else [""])]
    patterns = [re.sub("<candidate>|<head>", "*", path.replace("<category>", CATEGORY)) for path in paths]
    assert [pattern for pattern in patterns if not list(results.glob(pattern))] == []
    assert len(paths) > 20


def test_every_result_of_a_pipeline_is_in_the_table() -> None:
    told = {re.sub("<(?!category>)[a-z]+>", r"\\w+", path) for _, path in files_by_pipeline()}
    results = [path for path in made_by("__default__") if path.startswith(("07_model_output/", "08_reporting/"))]
    assert [path for path in results if not any(re.fullmatch(pattern, path) for pattern in told)] == []
    assert len(results) > 30


@pytest.mark.parametrize("pipeline", APART)
def test_the_files_of_pipelines_apart_from_the_flow_are_all_in_the_table(pipeline: str) -> None:
    assert {path for name, path in files_by_pipeline() if name == pipeline} == made_by(pipeline)


def made_by(pipeline: str) -> set[str]:
    """Files that it makes, as the table names them."""
    from apparel_eye.settings import CONFIG_LOADER_ARGS

    given = {"data": "/out", "category": "<category>"}
    loader = OmegaConfigLoader(str(ROOT / "conf"), env="base", runtime_params=given, **CONFIG_LOADER_ARGS)
    entries = {name: entry for name, entry in loader["catalog"].items() if not name.startswith("_")}
    catalog: Any = DataCatalog.from_config(entries)
    paths = [catalog[name].path for name in register_pipelines()[pipeline].all_outputs()]
    return {path.relative_to("/out").as_posix() for path in paths}


def layout() -> list[str]:
    """Paths of the tree, two spaces of indentation a level."""
    paths: list[str] = []
    parents: list[str] = []
    [block] = re.findall(
        r"^```text\n(.*?)^```", TEXTS["docs/architecture.md"].split("\n## Tree\n")[1], flags=re.DOTALL | re.MULTILINE
    )
    for line in block.splitlines():
        level = (len(line) - len(line.lstrip())) // 2
        name = line.split()[0]
        paths.append("".join([*parents[:level], name]))
        parents[level:] = [name]
    return paths


@pytest.mark.parametrize("path", layout())
def test_what_the_layout_names_exists(path: str) -> None:
    assert (ROOT / path).is_dir() if path.endswith("/") else (ROOT / path).is_file()


def test_the_layout_names_every_module_and_environment() -> None:
    named = {ROOT / path for path in layout()}
    folders = {path.parent for path in named if path.suffix == ".py"} - {ROOT / "docs"}
    modules = {module for folder in folders for module in folder.glob("*.py") if module.name != "__init__.py"}
    assert sorted({*modules, *(ROOT / "docs").iterdir()} - named) == []
    envs = {folder for folder in (ROOT / "conf").iterdir() if folder.is_dir()}
    assert sorted(envs - named) == []


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_relative_link_resolves(page: str) -> None:
    """Those of the site, MkDocs looks after."""
    links = [link for link in re.findall(r"\]\(([^)\s#]+)[^)]*\)", TEXTS[page]) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_heading_that_the_readme_links_to_exists() -> None:
    targets = re.findall(r"\]\(([^)\s#]+)#([^)]+)\)", TEXTS["README.md"])
    assert targets
    headings = {
        (page, re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-"))
        for page in dict(targets)
        for title in re.findall(r"^#+ (.+)$", TEXTS[page], flags=re.MULTILINE)
    }
    assert [target for target in targets if target not in headings] == []


def test_the_exit_codes_are_those_of_the_errors() -> None:
    from apparel_eye import errors

    kinds = [
        errors.UsageError,
        errors.DataError,
        errors.SystemEnvironmentError,
        errors.LockedError,
        errors.DivergedError,
    ]
    codes = {int(code) for code in re.findall(r"^\| (\d) \|", TEXTS["docs/exit_codes.md"], flags=re.MULTILINE)}
    assert codes == {0, 1, *(kind.exit_code for kind in kinds)}


def test_every_verdict_on_a_photo_is_told() -> None:
    told = set(re.findall(r"`([a-z0-9 ]+)`", TEXTS["docs/bad_inputs.md"]))
    assert {*REASONS, *FIXES} - told == set()


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_bytes()) <= MAX_README


def test_the_readme_has_the_scores_of_the_results() -> None:
    row = re.compile(r"^\| ([\w: ]+?)(?:,[^|]*)? \|.*\| (\d\.\d+ / \d\.\d+) \| (\d+ s) \|", flags=re.MULTILINE)
    told = row.findall(TEXTS["README.md"])
    assert len(told) == 5
    assert set(told) <= set(row.findall(TEXTS["docs/results.md"]))


def test_every_module_that_is_named_exists() -> None:
    package = ROOT / "src" / "apparel_eye"
    named = {
        name
        for page in ("CONTRIBUTING.md", "docs/architecture.md")
        for name in re.findall(r"`([a-z_]+/(?:[a-z_]+/)*(?:[a-z_]+\.py)?)`", TEXTS[page])
    }
    assert len(named) > 20
    assert [name for name in sorted(named) if not ((package / name).exists() or (ROOT / name).exists())] == []


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The docs as `make docs` builds them."""
    folder = tmp_path_factory.mktemp("site")
    done = build(ROOT, folder)
    assert done.returncode == 0, done.stdout
    return folder


def build(root: Path, into: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(into)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(
        command, cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


def test_the_site_tells_every_parameter_with_its_default(site: Path) -> None:
    page = (site / "parameters.html").read_text(encoding="utf-8")
    described = describe_parameters(ROOT / "conf", "base")
    assert len(described) > 100
    missing = [
        parameter.name
        for parameter in described
        if f"<td><code>{parameter.name}</code></td>" not in page
        or f"<code>{html.escape(written(parameter.default), quote=False)}</code>" not in page
    ]
    assert missing == []


def test_the_site_takes_nothing_from_elsewhere(site: Path) -> None:
    taken = [
        found[0]
        for page in site.rglob("*.html")
        for found in re.finditer(r"<(?:script|img|link)\b[^>]*(?:src|href)=\"?https?:[^>]*>", page.read_text("utf-8"))
    ]
    assert [tag for tag in taken if 'rel="canonical"' not in tag] == []


def test_a_loose_page_and_a_broken_link_fail(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    for name in ("src", "conf"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "docs" / "loose.md").write_text("# Loose\n\n[nowhere](nowhere.md)\n")
    done = build(tmp_path, tmp_path / "site")
    assert done.returncode != 0
    assert 'not included in the "nav" configuration' in done.stdout
    assert "'nowhere.md'" in done.stdout
