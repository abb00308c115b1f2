"""Photos whose label a model doubts, to be looked at by people."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apparel_eye.metrics.official import Probabilities


def rank_labels(
    image_keys: Sequence[str], targets: NDArray[np.intp], probabilities: Probabilities, values: Sequence[str]
) -> pd.DataFrame:
    """See ``schemas.DoubtedLabels``: labelled photos, the most doubtful label first.

    A label is as doubtful as its probability lies below that of the likeliest other value ("confident learning",
    arXiv:1911.00068, ranks by this normalized margin).

    Args:
        image_keys: of photos that the model has not seen.
        targets: index of the value that each is labelled with.
        probabilities: of each value, shape (photos, values).
        values: their names.
    """
    rows = np.arange(len(targets))
    of_label = probabilities[rows, targets]
    others = probabilities.copy()
    others[rows, targets] = -1.0
    likeliest = others.argmax(axis=1)
    table = pd.DataFrame(
        {
            "image_key": list(image_keys),
            "value": np.array(values)[targets],
            "probability": of_label,
            "instead": np.array(values)[likeliest],
            "its_probability": others[rows, likeliest],
        }
    )
    margin = table["probability"] - table["its_probability"]
    return table.iloc[np.argsort(margin.to_numpy(), kind="stable")].reset_index(drop=True)
