"""What label strings say of values, and how much photos count: the same for networks and for heads."""

import numpy as np
from numpy.typing import NDArray

from apparel_eye.metrics.official import LabelStrings


def value_shares(label_strings: LabelStrings, maybe_share: float) -> NDArray[np.float64]:
    """How much of each photo belongs to each value, shape (photos, values), rows sum to 1.

    Args:
        label_strings: as characters, shape (photos, values).
        maybe_share: of a photo that has values marked ``m``, for these alike.
    """
    is_label, maybe = label_strings == "y", label_strings == "m"
    share = np.where(maybe.any(axis=1), maybe_share, 0.0)[:, None]
    shares: NDArray[np.float64] = is_label * (1 - share) + maybe * share / np.maximum(
        maybe.sum(axis=1, keepdims=True), 1
    )
    return shares


def photo_weights(label_strings: LabelStrings, class_balance: float) -> NDArray[np.float64]:
    """How much each photo counts, shape (photos,), 1 on average: rare values count more, by a power of their rarity.

    Args:
        label_strings: as characters, shape (photos, values).
        class_balance: 0 counts photos alike, 1 counts values alike.
    """
    is_label = label_strings == "y"
    weights = is_label.sum(axis=0)[is_label.argmax(axis=1)].astype(np.float64) ** -class_balance
    scaled: NDArray[np.float64] = weights / weights.mean()
    return scaled
