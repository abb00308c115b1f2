"""Tables in which probabilities, learning rates and epochs travel, see ``schemas``."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apparel_eye.data.subsets import Rows, Subsets
from apparel_eye.metrics.official import Probabilities
from apparel_eye.schemas import COUNTS, RATES, Epochs, Rates


def probability_table(
    candidate: str,
    subsets: Subsets,
    validation: NDArray[np.floating],
    to_predict: NDArray[np.floating],
) -> pd.DataFrame:
    """One candidate's probabilities for validation photos and photos to predict, each of shape (photos, values)."""
    return pd.concat(
        [
            table_of(candidate, subsets.keys_of(subsets.validation), "validation", validation),
            table_of(candidate, subsets.keys_of(subsets.to_predict), "to predict", to_predict),
        ],
        ignore_index=True,
    )


def table_of(
    candidate: str, image_keys: Sequence[str] | pd.Series | pd.Index, role: str, probabilities: NDArray[np.floating]
) -> pd.DataFrame:
    """Probabilities of photos of one role, see ``schemas.Probabilities``."""
    table = pd.DataFrame(probabilities, columns=[f"p{index}" for index in range(probabilities.shape[1])])
    table.insert(0, "candidate", candidate)
    table.insert(1, "image_key", np.asarray(image_keys, dtype=object))
    table.insert(2, "role", role)
    return table.astype({"candidate": "str", "image_key": "str", "role": "str"})


def candidates_of(table: pd.DataFrame, subsets: Subsets, rows: Rows) -> dict[str, Probabilities]:
    """Every candidate's probabilities of the photos in some rows of the manifest, shape (rows, values)."""
    image_keys = subsets.keys_of(rows)
    return {str(name): probabilities_of(table, str(name), image_keys) for name in table["candidate"].unique()}


def probabilities_of(table: pd.DataFrame, candidate: str, image_keys: Sequence[str] | pd.Series) -> NDArray[np.float64]:
    """One candidate's probabilities of given photos, in their order, shape (photos, values)."""
    of_candidate = table[table["candidate"] == candidate].set_index("image_key").filter(regex=r"^p\d+$")
    return of_candidate.loc[list(image_keys)].to_numpy(dtype=np.float64)


def rates_table(sweep: Sequence[Mapping[str, float]]) -> pd.DataFrame:
    """What a learning-rate finder measured, see ``schemas.Rates``; without rows where nothing was looked for."""
    columns = list(Rates.to_schema().columns)
    return pd.DataFrame(sweep, columns=columns).astype("float64").astype({"step": "int64"})


def history_table(histories: Mapping[str, Sequence[Mapping[str, float]]], num_groups: int) -> pd.DataFrame:
    """The epochs of a stage's phases, given by name in the order in which they ran, see ``schemas.StageHistory``."""
    rates = [f"rate_{number}" for number in range(1, num_groups + 1)]
    columns = [column for name in Epochs.to_schema().columns for column in (rates if name == RATES else [name])]
    rows = [{**row, "phase": phase} for phase, history in histories.items() for row in history]
    table = pd.DataFrame(rows, columns=[*columns, "phase"])
    return table.astype(dict.fromkeys(columns, "float64") | dict.fromkeys(COUNTS, "int64") | {"phase": "str"})
