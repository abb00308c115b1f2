"""How files of ``conf`` are read, by Kedro and by commands that need no more of it."""

import os
from pathlib import Path
from typing import Any

from kedro.config import OmegaConfigLoader
from omegaconf.resolvers import oc

CONFIG_LOADER_ARGS: dict[str, Any] = {
    "base_env": "base",
    "default_run_env": "local",
    "config_patterns": {"mlflow": ["mlflow*"]},
    "custom_resolvers": {
        "oc.env": oc.env,  # Kedro allows it in credentials only
        "expand": lambda path: str(Path(os.path.expandvars(path)).expanduser()),  # before Kedro makes it absolute
    },
    "merge_strategy": {"parameters": "soft", "globals": "soft"},
}


def config_loader(env: str | None, conf: str | None = None, given: dict[str, Any] | None = None) -> OmegaConfigLoader:
    """A loader as Kedro's session makes it.

    Args:
        env: the environment; if None, the one of ``KEDRO_ENV``, or ``local``.
        conf: folder of the environments.
        given: on the command line, by ``--params``.
    """
    wanted = env or os.getenv("KEDRO_ENV") or None
    return OmegaConfigLoader(conf or "conf", env=wanted, runtime_params=given, **CONFIG_LOADER_ARGS)
