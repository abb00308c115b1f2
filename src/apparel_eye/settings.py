"""Kedro's settings, see https://docs.kedro.org/en/stable/configure/project_settings/."""

import os
from pathlib import Path

os.environ.setdefault("DO_NOT_TRACK", "1")
# threads that wait for each other sleep: as fast on idle cores, several times faster where another program is at work
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# a tracking server that does not answer must not hold a run up: MLflow's own defaults add up to four minutes
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")

from omegaconf.resolvers import oc

from apparel_eye.execution.hooks import ParameterCheck, Summary
from apparel_eye.tracking import MlflowTracking

HOOKS = (ParameterCheck(), MlflowTracking(), Summary())
# the first is replaced by ours; the others would add nothing to a run
DISABLE_HOOKS_FOR_PLUGINS = ("kedro_mlflow", "kedro-telemetry", "kedro-viz")
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    "config_patterns": {"mlflow": ["mlflow*"]},
    "custom_resolvers": {
        "oc.env": oc.env,  # Kedro allows it in credentials only
        "expand": lambda path: str(Path(os.path.expandvars(path)).expanduser()),  # before Kedro makes it absolute
    },
    "merge_strategy": {"parameters": "soft", "globals": "soft"},
}
