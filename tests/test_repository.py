"""Rules for every file that is tracked."""

import ast
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
MAX_LINES = 250
UNWANTED = {
    # written so that this file does not hold what it looks for
    "a package index": r"--(extra-)?index-"
    + r"url\b|--find-"
    + r"links\b|\bpypi\.(?!org)[\w-]+\.\w|/simple"
    + r"/?\s*$"
    r"|files\.python" + r"hosted\.org|\b(mirror|mirrors|nexus|artifactory|devpi)[\w-]*" + r"\.[\w-]+\.\w+",
    "a path of one machine": r"(?<![\w.}/-])/(home|Users|root|work|workspace|mnt)" + r"/\w",
    "something left to do": r"\b" + "TO" + r"DO(?!\w)|\bFIX" + "ME\b",
}


def tracked() -> list[Path]:
    """Files under version control, and those that would be with the next commit."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def texts() -> dict[Path, str]:
    found = {}
    for path in tracked():
        try:
            found[path.relative_to(ROOT)] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    assert len(found) > 100
    return found


MODULES = sorted((ROOT / "src").rglob("*.py"))


@pytest.mark.parametrize("what", UNWANTED)
def test_no_tracked_file_has(what: str) -> None:
    pattern = re.compile(UNWANTED[what], flags=re.MULTILINE)
    lines = [
        f"{path}: {found[0].strip()}" for path, text in texts().items() for found in [pattern.search(text)] if found
    ]
    assert lines == []


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a package index", "index-" + "url = https://pypi" + ".example.com/simple"),
        ("a package index", "--extra-index" + "-url https://x"),
        ("a package index", "https://mirror" + ".example.org/x"),
        ("a path of one machine", "see /home" + "/me/data"),
        ("a path of one machine", "open('/work" + "/x')"),
        ("something left to do", "# TO" + "DO: later"),
    ],
)
def test_the_rules_find_what_they_look_for(what: str, line: str) -> None:
    assert re.search(UNWANTED[what], line, flags=re.MULTILINE)


def test_every_package_is_pinned_to_one_version() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    requirements = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    assert len(requirements) > 100
    assert [line for line in requirements if not re.fullmatch(r"[\w.-]+(\[[\w,-]+\])?==[\w.+!]+( ; .+)?", line)] == []


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(ROOT / "src").as_posix())
def test_a_module_and_what_it_offers_say_what_they_are(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    offered = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_") and node.name != "main"
    ]
    if (
        module.parent.name == "drawn_garments"
    ):  # shapes and figures, which their names describe; two are for others to call
        offered = [node for node in offered if node.name in ("draw", "write_samples")]
    assert not tree.body or ast.get_docstring(tree)
    assert [node.name for node in offered if not ast.get_docstring(node)] == []


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(ROOT / "src").as_posix())
def test_a_module_can_be_read_at_once(module: Path) -> None:
    assert len(module.read_text(encoding="utf-8").splitlines()) <= MAX_LINES


def test_the_build_machines_call_the_commands_of_the_contributors() -> None:
    script = ROOT / ".ci" / "run"
    called = [line for line in script.read_text(encoding="utf-8").splitlines() if line.startswith("make ")]
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert called == guide.split("```console\n")[1].split("```")[0].splitlines()
    assert "make test" in called
    assert script.stat().st_mode & 0o111
    assert "make test" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_github_calls_what_the_build_machine_calls() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "checks.yml").read_text(encoding="utf-8"))
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert [step["run"] for step in steps if "run" in step] == [".ci/run"]


def test_the_image_runs_the_demo_without_being_root() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users
    assert users[-1] not in ("root", "0")
    assert lines[-1] == 'CMD ["make", "demo"]'


TESTS = sorted((ROOT / "tests").rglob("*.py"))
WAITS = ROOT / "tests" / "fixtures" / "waiting.py"
"""The only place to sleep: helpers that wait for an event, or give others time that no test relies on."""
CLOCKS = {f"time.{name}" for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time")}
WAITING = {"wait", "join", "communicate", "result", "get", "acquire"}


def reads_a_clock(node: ast.AST) -> bool:
    calls = [ast.unparse(each.func) for each in ast.walk(node) if isinstance(each, ast.Call)]
    return any(call.removesuffix("_ns") in CLOCKS for call in calls)


def is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def is_bounded(call: ast.Call) -> bool:
    """Whether it sleeps, or gives up after so many seconds."""
    function = ast.unparse(call.func)
    named = [each.value for each in call.keywords if each.arg in ("timeout", "deadline")]
    first = call.args[:1] if function.rpartition(".")[2] in WAITING else []
    return function in ("time.sleep", "sleep") or any(map(is_number, [*named, *first]))


def hopes_in(text: str) -> list[str]:
    """What may fail in a test because the machine is busy."""
    nodes = list(ast.walk(ast.parse(text)))
    spans = {
        ast.unparse(target)
        for node in nodes
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp) and reads_a_clock(node.value)
        for target in node.targets
    }
    asserted = [node.test for node in nodes if isinstance(node, ast.Assert)]
    timed = [each for each in asserted if reads_a_clock(each) or spans & {ast.unparse(part) for part in ast.walk(each)}]
    return [
        ast.unparse(node)
        for node in [*timed, *(each for each in nodes if isinstance(each, ast.Call) and is_bounded(each))]
    ]


@pytest.mark.fault(130)
@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_test_depends_on_the_clock(path: Path) -> None:
    assert path == WAITS or hopes_in(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("text", "num_hopes"),
    [
        ("time.sleep(0.1)", 1),
        ("started = time.monotonic()\nwork()\nassert time.monotonic() - started < 2", 1),
        ("seconds = time.perf_counter() - started\nassert seconds <= 10", 1),
        ("settings(max_examples=60, deadline=200)", 1),
        ("process.communicate(timeout=60)\nprocess.wait(5)\nthread.join(1.5)", 3),
        ("before = time.time_ns()\nwork()\nassert path.stat().st_mtime_ns >= before", 0),
        ("settings(deadline=None)\nprocess.wait()\nbegun.wait(HOUR)\n', '.join(names)", 0),
    ],
)
def test_hopes_are_seen_and_nothing_else(text: str, num_hopes: int) -> None:
    assert len(hopes_in(text)) == num_hopes


NOT_OF_ONE_MODULE = {
    "test_boxes.py": "the whole flow in Kedro-Viz",
    "test_docs.py": "the pages",
    "test_faults.py": "the table of bad inputs",
    "test_flow.py": "the whole flow, run once",
    "test_kill_runs.py": "the whole flow, killed",
    "test_made_again.py": "the whole flow, against the fingerprints of its nodes",
    "test_notebook.py": "the notebook",
    "test_odd_values.py": "the whole flow with values that read like numbers, truths or nothing",
    "test_readme.py": "the README",
    "test_repository.py": "every file",
    "families/test_shown_families.py": "families of what is shown, each with a member more",
    "data/test_whole_layout.py": "drawn releases, from the folder to the manifest",
    "data/reading/test_bad_photos.py": "the corpus of bad photos",
    "families/test_heads.py": "a head more, by its entry alone",
    "datasets/test_damaged_files.py": "files of all datasets, damaged",
    "datasets/test_killed_saves.py": "saves of all datasets, killed",
    "families/test_training_families.py": "families of training, each with a member more",
}
"""Tests that no single module stands for, and what they are of."""


def modules_of(test: Path) -> list[Path]:
    """Where what a test file is of may stand: a module, or a package."""
    module = test.with_name(test.name.removeprefix("test_")).relative_to(ROOT / "tests")
    places = [ROOT / "src" / "apparel_eye" / module, ROOT / "src" / module.name]
    return [path for place in places for path in (place, place.with_suffix("") / "__init__.py")]


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_test_file_stands_where_its_module_does(path: Path) -> None:
    is_test = path.name.startswith("test_")
    name = path.relative_to(ROOT / "tests").as_posix()
    assert not is_test or name in NOT_OF_ONE_MODULE or any(module.is_file() for module in modules_of(path))


def test_tests_of_no_single_module_are_there() -> None:
    assert [name for name in NOT_OF_ONE_MODULE if not (ROOT / "tests" / name).is_file()] == []
