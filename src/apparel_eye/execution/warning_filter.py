"""Runs when the `kedro` command starts, before it loads any plugin (entry point ``kedro.init``)."""

import warnings


def quiet() -> None:
    """Import kedro-mlflow, which is needed anyway, without MLflow's warning of a model class that is not used here.

    MLflow sets its own filter around that warning, so one set beforehand has no effect.
    """
    with warnings.catch_warnings(record=True):
        import kedro_mlflow.mlflow  # noqa: F401
