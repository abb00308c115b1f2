import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from apparel_eye.cli import cli
from apparel_eye.cli.commands import COMMANDS

HEAVY = ["kedro", "mlflow", "torch", "timm", "xgboost", "pandas", "numpy", "pydantic", "yaml", "omegaconf"]


def test_commands_stand_in_the_order_in_which_they_are_used() -> None:
    listed = CliRunner().invoke(cli, ["--help"]).output.partition("Commands:\n")[2].splitlines()
    assert tuple(line.split()[0] for line in listed) == COMMANDS
    assert [line for line in listed if not line.endswith(".") or len(line) > 80] == []


def test_help_imports_nothing_heavy() -> None:
    asked = [["--help"], *([name, "--help"] for name in COMMANDS if name != "run")]
    code = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from apparel_eye.__main__ import cli\n"
        f"print([CliRunner().invoke(cli, asked).exit_code for asked in {asked!r}])\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines() == [str([0] * len(asked)), "[]"], done.stderr


def test_run_has_the_options_of_kedro_and_one_of_its_own() -> None:
    said = CliRunner().invoke(cli, ["run", "--help"]).output
    assert [option for option in ("--params", "--pipelines", "--env", "--debug") if option not in said] == []


@pytest.mark.parametrize(("typed", "meant"), [("pedict", "predict"), ("docter", "doctor")])
def test_a_misspelt_command_brings_the_nearest(typed: str, meant: str) -> None:
    done = CliRunner().invoke(cli, [typed])
    assert done.exit_code == 2
    assert meant in done.output


def complete(*words: str) -> list[str]:
    """What a shell is offered for the last word; as bash asks."""
    asked = {"_APPAREL_EYE_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
    done = subprocess.run(
        [Path(sys.executable).with_name("apparel-eye")], env={**os.environ, **asked}, capture_output=True, text=True,
    )  # fmt: skip
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


def test_shells_complete_commands_and_options() -> None:
    assert complete("apparel-eye", "pre") == ["predict"]
    assert complete("apparel-eye", "predict", "--heat") == ["--heat-maps"]
    assert complete("apparel-eye", "run", "--pipel") == ["--pipeline", "--pipelines"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_for_a_shell_is_printed(shell: str) -> None:
    environment = {**os.environ, "_APPAREL_EYE_COMPLETE": f"{shell}_source"}
    command = [Path(sys.executable).with_name("apparel-eye")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert f"_APPAREL_EYE_COMPLETE={shell}_complete" in done.stdout
