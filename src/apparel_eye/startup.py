"""Runs when the `kedro` command starts, before it loads any plugin (entry point ``kedro.init``)."""

import warnings


def quiet() -> None:
    """MLflow warns of a model class of kedro-mlflow's, which is not used here, at every start."""
    warnings.filterwarnings("ignore", message=r"[\s\S]*Add type hints to the `predict` method", category=UserWarning)
