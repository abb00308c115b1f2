"""From the manifest to folds."""

import pandas as pd

from apparel_eye.parameters import SplitParameters


def assign_folds_of(manifest: pd.DataFrame, split: SplitParameters) -> pd.DataFrame:
    """Folds of the labelled photos."""
    from apparel_eye.data.folds import assign_folds

    return assign_folds(manifest, split)
