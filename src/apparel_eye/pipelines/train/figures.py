"""From photos and histories to what is shown of training."""

import pandas as pd
from matplotlib.figure import Figure

from apparel_eye.attributes import is_length
from apparel_eye.data.reading.photos import Pixels
from apparel_eye.data.subsets import Subsets
from apparel_eye.parameters import Augmentation

_EXAMPLES, _VIEWS = 16, 4


def draw_examples(
    pixels: Pixels,
    subsets: Subsets,
    seed: int,
    augmentation: Augmentation,
    category: str,
) -> Figure:
    """What training sees of some photos."""
    from apparel_eye.data.transforms import examples
    from apparel_eye.reports.sheets import gallery

    drawn = augmentation.for_category(is_length(category))
    rows = subsets.train[: _EXAMPLES // _VIEWS]
    seen = examples(pixels, rows, seed, _VIEWS, drawn)
    values = [subsets.values[target] for target in subsets.train_targets[: len(rows)]]
    titles = [f"{value}, epoch {view + 1}" for value in values for view in range(_VIEWS)]
    return gallery(list(seen), titles, "no photo to train on", columns=2 * _VIEWS)


def draw_rates(head_rates: pd.DataFrame, fine_tune_rates: pd.DataFrame) -> Figure:
    """The curves of the learning-rate finder."""
    from apparel_eye.reports.figures import rate_curves
    from apparel_eye.training.rate_finder import suggest_rate

    sweeps = {"head": head_rates, "all layers": fine_tune_rates}
    suggested = {name: suggest_rate(sweep.to_dict("records")) for name, sweep in sweeps.items() if len(sweep)}
    return rate_curves(sweeps, suggested)
