"""Every parameter as a frozen model that refuses unknown keys, a module a pipeline; defaults stand in ``conf/base``."""

from pydantic import Field

from apparel_eye.parameters.activations import ActivationsParameters, ExtractionParameters
from apparel_eye.parameters.base import Parameters, ResizeMode
from apparel_eye.parameters.boost import (
    BagParameters,
    BoosterParameters,
    BoostParameters,
    ClassifierParameters,
    LogisticParameters,
    PerceptronParameters,
    WeightParameters,
    XGBoostParameters,
)
from apparel_eye.parameters.ensemble import EnsembleParameters
from apparel_eye.parameters.infer import InferParameters
from apparel_eye.parameters.ingest import DuplicateParameters, IngestParameters, LabelParameters, PhotoParameters
from apparel_eye.parameters.predict import PredictParameters
from apparel_eye.parameters.report import ReportParameters
from apparel_eye.parameters.split import SplitParameters
from apparel_eye.parameters.submit import SubmitParameters
from apparel_eye.parameters.train import (
    STAGES,
    Augmentation,
    AugmentationParameters,
    ComputingParameters,
    FeatureParameters,
    Finder,
    FinderParameters,
    HeadParameters,
    LossParameters,
    Optimizer,
    OptimizerParameters,
    Phase,
    PhaseParameters,
    StageParameters,
    Stages,
    StagesParameters,
    TrainParameters,
)

__all__ = [
    "STAGES",
    "ActivationsParameters",
    "Augmentation",
    "AugmentationParameters",
    "BagParameters",
    "BoostParameters",
    "BoosterParameters",
    "ClassifierParameters",
    "ComputingParameters",
    "DuplicateParameters",
    "EnsembleParameters",
    "ExtractionParameters",
    "FeatureParameters",
    "Finder",
    "FinderParameters",
    "HeadParameters",
    "InferParameters",
    "IngestParameters",
    "LabelParameters",
    "LogisticParameters",
    "LossParameters",
    "Optimizer",
    "OptimizerParameters",
    "Parameters",
    "PerceptronParameters",
    "Phase",
    "PhaseParameters",
    "PhotoParameters",
    "PredictParameters",
    "ProjectParameters",
    "ReportParameters",
    "ResizeMode",
    "SplitParameters",
    "StageParameters",
    "Stages",
    "StagesParameters",
    "SubmitParameters",
    "TrainParameters",
    "WeightParameters",
    "XGBoostParameters",
]


class ProjectParameters(Parameters):
    """All top-level keys."""

    category: str = Field(min_length=1)
    raw: str = Field(min_length=1)
    data: str = Field(min_length=1)
    photos: str = Field(min_length=1)
    photos_column: str = Field(description="of a table of photos, with their paths; if empty, it is looked for")
    members: str = Field(description="of an ensemble: folders and ids of MLflow runs, separated by spaces")
    follow_links: bool = Field(description="links may lead out of the raw folder")
    ingest: IngestParameters
    split: SplitParameters
    train: TrainParameters
    infer: InferParameters
    activations: ActivationsParameters
    boost: BoostParameters
    report: ReportParameters
    submit: SubmitParameters
    predict: PredictParameters
    ensemble: EnsembleParameters
