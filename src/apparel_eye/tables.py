"""The table in which probabilities travel, see ``schemas.Probabilities``."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apparel_eye.subsets import Subsets


def probability_table(
    column: str,
    manifest: pd.DataFrame,
    subsets: Subsets,
    validation: NDArray[np.floating],
    questions: NDArray[np.floating],
) -> pd.DataFrame:
    """One column's probabilities for validation photos and photos to predict, each of shape (photos, values)."""
    rows = np.concatenate([subsets.validation, subsets.questions])
    probabilities = np.concatenate([validation, questions])
    table = pd.DataFrame(probabilities, columns=[f"p{index}" for index in range(probabilities.shape[1])])
    table.insert(0, "column", column)
    table.insert(1, "image_key", manifest["image_key"].to_numpy()[rows])
    table.insert(2, "role", np.repeat(["validation", "to predict"], [len(validation), len(questions)]))
    return table


def probabilities_of(table: pd.DataFrame, column: str, image_keys: Sequence[str] | pd.Series) -> NDArray[np.float64]:
    """One column's probabilities of given photos, in their order, shape (photos, values)."""
    of_column = table[table["column"] == column].set_index("image_key").filter(regex=r"^p\d+$")
    return of_column.loc[list(image_keys)].to_numpy(dtype=np.float64)
