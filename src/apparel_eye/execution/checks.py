"""Everything that can be known to be wrong before the first step of a run."""

import logging
from pathlib import Path
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline
from pydantic import ValidationError

from apparel_eye.errors import UsageError
from apparel_eye.execution.configuration import check_environment, check_stages
from apparel_eye.networks.backbone_names import check_backbone
from apparel_eye.parameters import ProjectParameters
from apparel_eye.parameters.problems import in_words

logger = logging.getLogger(__name__)


class ParameterCheck:
    """Every parameter is checked before anything runs, also those that the pipeline does not use."""

    @hook_impl(tryfirst=True)
    def after_context_created(self, context: KedroContext) -> None:
        checked_parameters(context.config_loader)

    @hook_impl(tryfirst=True)
    def before_pipeline_run(self, pipeline: Pipeline, catalog: DataCatalog) -> None:
        """Where photos are read that do not exist, that is told before weights are fetched."""
        if "raw_folder" in pipeline.inputs():
            from apparel_eye.data.layouts.offered import check_category

            labels = catalog.load("params:ingest.labels")
            check_category(catalog.load("raw_folder"), catalog.load("params:category"), labels)


def checked_parameters(loader: Any) -> ProjectParameters:
    """The parameters of an environment with what was given on the command line.

    Args:
        loader: as of ``config_loader``.

    Raises:
        UsageError: there is no such environment, or parameters are wrong; all of these are told at once.
    """
    if Path(loader.conf_source).is_dir():
        check_environment(Path(loader.conf_source), loader.env or loader.default_run_env)
    try:
        parameters = ProjectParameters.model_validate(loader["parameters"])
    except ValidationError as error:
        raise UsageError(in_words(error)) from error
    if Path(loader.conf_source).is_dir():
        check_stages(Path(loader.conf_source), loader.env or loader.default_run_env)
    check_backbone(parameters.train.backbone)
    return parameters


def settle_category(parameters: ProjectParameters, raw: Path, is_given: bool) -> str:
    """The category to work on, of which there are photos.

    Args:
        parameters: checked.
        raw: the raw folder.
        is_given: the category was asked for; otherwise it may be another, and the run says which.
    """
    from apparel_eye.data.layouts.offered import check_category, choose_category
    from apparel_eye.data.raw_folder import scan_folder

    folder, labels = scan_folder(raw, follow_links=parameters.follow_links), parameters.ingest.labels
    category, why = parameters.category, ""
    if not is_given:
        category, why = choose_category(folder, category, labels)
    check_category(folder, category, labels)
    if why:
        logger.info("No category is given; taking %s, %s", category, why)
    return category
