"""Kedro's settings, see https://docs.kedro.org/en/stable/configure/project_settings/."""

import os

os.environ.setdefault("DO_NOT_TRACK", "1")
# threads that wait for each other sleep: as fast on idle cores, several times faster where another program is at work
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# a tracking server that does not answer must not hold a run up: MLflow's own defaults add up to four minutes
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")
# or MLflow prints where a run is to be seen on a server, with the password if the address has one
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")

from apparel_eye.execution.checks import ParameterCheck
from apparel_eye.execution.config_loader import CONFIG_LOADER_ARGS
from apparel_eye.execution.hooks import Summary
from apparel_eye.tracking import MlflowTracking

__all__ = ["CONFIG_LOADER_ARGS", "DISABLE_HOOKS_FOR_PLUGINS", "HOOKS"]

HOOKS = (ParameterCheck(), MlflowTracking(), Summary())
# the first is called by ours, in a thread of its own; the others would add nothing to a run
DISABLE_HOOKS_FOR_PLUGINS = ("kedro_mlflow", "kedro-telemetry", "kedro-viz")
