"""From a checkpoint to probabilities."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apparel_eye.attributes import is_length
from apparel_eye.data.subsets import Subsets
from apparel_eye.networks.checkpoint import Checkpoint
from apparel_eye.parameters import Augmentation, InferParameters
from apparel_eye.selection.tables import probability_table


def predict_photos(
    checkpoint: Checkpoint,
    pixels: NDArray[np.uint8],
    subsets: Subsets,
    modes: dict[str, dict[str, str]],
    infer: InferParameters,
    augmentation: Augmentation,
    category: str,
) -> pd.DataFrame:
    """Plain and TTA probabilities of validation photos and photos to predict.

    The photos of a half of the validation fold are predicted with the epoch that the other chose.
    """
    from apparel_eye.networks.device import Mode
    from apparel_eye.networks.inference import Predictor, identity_of
    from apparel_eye.training.best_epochs import without

    settings: tuple[Any, ...] = (infer, augmentation.for_category(is_length(category)), Mode(**modes["predict"]))
    identities = subsets.table["sha256"].map(identity_of).to_numpy(dtype=np.uint64)
    validation = np.zeros((2, len(subsets.validation), len(subsets.values)))
    for half in np.unique(subsets.validation_halves):
        of_half = subsets.validation_halves == half
        predictor = Predictor(checkpoint, without(half), *settings)
        validation[:, of_half] = predictor.predict(pixels, subsets.validation[of_half], identities)
    to_predict = Predictor(checkpoint, "best", *settings).predict(pixels, subsets.to_predict, identities)
    return pd.concat(
        [
            probability_table(candidate, subsets, validation[index], to_predict[index])
            for index, candidate in enumerate(("plain", "tta"))
        ],
        ignore_index=True,
    )
