"""What this project adds to the time that Kedro itself takes to start.

    python benchmarks/cold_start.py

Times, alternately and in new processes: ``kedro --version``, the imports that any project with Kedro and MLflow pays
for, ``kedro registry list``, and a run in which everything was finished before. Prints medians and ratios.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_REPETITIONS = 5


def main() -> None:
    """Print the median seconds of each command and its ratio to the first."""
    kedro = str(Path(sys.executable).with_name("kedro"))
    with tempfile.TemporaryDirectory() as folder:
        raw, data = Path(folder) / "raw", Path(folder) / "data"
        subprocess.run([sys.executable, "-m", "drawn_garments", raw, "--photos", "10", "--questions", "1"], check=True)
        run = [kedro, "run", "--env=test", "--pipelines=split", f"--params=raw={raw},data={data}"]
        environment = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db"}
        commands = {
            "kedro --version": [kedro, "--version"],
            "kedro and mlflow imported": [sys.executable, "-c", "import kedro.framework.session, kedro_mlflow.mlflow"],
            "kedro registry list": [kedro, "registry", "list"],
            "kedro run, all finished": run,
        }
        _seconds(run, environment)  # so that the later ones find it finished
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(_REPETITIONS):
            for name, command in commands.items():
                seconds[name].append(_seconds(command, environment))
    first = statistics.median(seconds["kedro --version"])
    for name, values in seconds.items():
        median = statistics.median(values)
        print(f"{name:28s} {median:6.2f} s   {median / first:5.2f} times")


def _seconds(command: list[str], environment: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
