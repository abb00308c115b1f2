"""The competition's score and the usual ones: numpy in, floats out.

Marks are the characters of the true label strings, an array of one-character strings of shape (N, values): ``y`` the
value, ``m`` a value that could not be excluded, ``n`` no. Probabilities are floats of the same shape.

The usual ones are scikit-learn's numbers, but its checks would make intervals, of 1,000 resamples, ten times slower.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Probabilities = NDArray[np.floating]
LabelStrings = NDArray[np.str_]

NUM_BINS = 15
"""Of confidences, in the calibration error; as in arXiv:1706.04599."""


def parse_label_strings(texts: Sequence[str]) -> LabelStrings:
    """Split label strings into characters, shape (N, values)."""
    return np.array([list(text) for text in texts], dtype="U1")


def basic_precision(probabilities: Probabilities, label_strings: LabelStrings) -> float:
    """Precision with every photo answered; photos whose answer is marked ``m`` count neither way."""
    _, answers = _answers(probabilities, label_strings)
    return _precision((answers == "y").sum(), (answers != "m").sum())


def average_precision(probabilities: Probabilities, label_strings: LabelStrings) -> float:
    """Mean of the precision over one threshold per photo, each photo's own confidence.

    At a threshold the photos with at least that confidence are answered, so ties go in together; a threshold at which
    nothing is counted is left out. FashionAI 2018; checked there on published submissions.
    """
    _, right, counted = at_own_thresholds(probabilities, label_strings)
    if not counted.any():
        return float("nan")
    return float(np.mean(right[counted > 0] / counted[counted > 0]))


def accuracy(probabilities: Probabilities, label_strings: LabelStrings) -> float:
    """Share of the photos whose likeliest value is the labelled one."""
    return float(np.mean(np.argmax(probabilities, axis=1) == true_values(label_strings)))


def losses(probabilities: Probabilities, label_strings: LabelStrings) -> NDArray[np.float64]:
    """Negative logarithm of the probability of each photo's labelled value, in nats, shape (N,)."""
    of_truth = np.take_along_axis(probabilities, true_values(label_strings)[:, None], axis=1)[:, 0]
    return np.asarray(-np.log(np.clip(of_truth, 1e-15, 1.0)), dtype=np.float64)


def log_loss(probabilities: Probabilities, label_strings: LabelStrings) -> float:
    """Mean of ``losses``."""
    return float(losses(probabilities, label_strings).mean())


def within_one_step(probabilities: Probabilities, label_strings: LabelStrings, ordered: Sequence[int]) -> float:
    """Share of the photos whose likeliest value is the labelled one or next to it on the scale.

    Args:
        probabilities: shape (N, values).
        label_strings: of the same shape.
        ordered: indices of the values on the scale, in its order; others have no neighbors.
    """
    steps = np.full(label_strings.shape[1], np.nan)
    steps[list(ordered)] = np.arange(len(ordered))
    true, predicted = true_values(label_strings), np.argmax(probabilities, axis=1)
    is_near = np.abs(steps[true] - steps[predicted]) <= 1  # nan is near to nothing
    return float(np.mean(is_near | (true == predicted)))


def macro_f1(probabilities: Probabilities, label_strings: LabelStrings) -> float:
    """Mean of the F1 scores of the values that some photo is labelled or answered with."""
    counts = confusion(probabilities, label_strings)
    labelled_and_answered = counts.sum(axis=0) + counts.sum(axis=1)
    has_any = labelled_and_answered > 0
    return float(np.mean(2 * np.diag(counts)[has_any] / labelled_and_answered[has_any]))


def brier_score(probabilities: Probabilities, label_strings: LabelStrings) -> float:
    """Squared distance to the certainty of the labelled value: the sum over values, the mean over photos."""
    return float(np.mean(np.sum((probabilities - (label_strings == "y")) ** 2, axis=1)))


def expected_calibration_error(
    probabilities: Probabilities, label_strings: LabelStrings, num_bins: int = NUM_BINS
) -> float:
    """How far the confidence in the answers is from their accuracy: the mean over photos, by bins of equal width.

    A bin holds its lower edge. On calibrated confidences it is not zero: see ``calibration_noise``. arXiv:1706.04599.
    """
    confidences, _ = _answers(probabilities, label_strings)
    gaps = (np.argmax(probabilities, axis=1) == true_values(label_strings)) - confidences
    return float(np.abs(np.bincount(_bins(confidences, num_bins), gaps)).sum() / len(gaps))


def calibration_noise(probabilities: Probabilities, seed: int, num_draws: int, num_bins: int = NUM_BINS) -> float:
    """The calibration error to expect of these confidences if they were perfect: the mean over drawn outcomes.

    Args:
        probabilities: shape (N, values).
        seed: of the draws.
        num_draws: how often each answer is drawn to be right, with its own confidence.
        num_bins: as of the calibration error to compare with.
    """
    confidences = np.max(probabilities, axis=1)
    is_in_bin = np.eye(num_bins)[_bins(confidences, num_bins)]
    is_right = np.random.default_rng(seed).random((num_draws, len(confidences))) < confidences
    return float(np.abs((is_right - confidences) @ is_in_bin).sum(axis=1).mean() / len(confidences))


def risk_coverage(
    probabilities: Probabilities, label_strings: LabelStrings
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What answering only the most confident photos would bring, a point for each confidence; ties go in together.

    Returns:
        Shares of the photos that are answered, rising to 1, and shares of wrong answers among them.
    """
    confidences, _ = _answers(probabilities, label_strings)
    order, last_of_tie = _rank(confidences)
    num_wrong = np.cumsum((np.argmax(probabilities, axis=1) != true_values(label_strings))[order])
    last = np.unique(last_of_tie)
    num_answered = last + 1
    return num_answered / len(order), num_wrong[last] / num_answered


def area_under_risk_coverage(probabilities: Probabilities, label_strings: LabelStrings) -> float:
    """Mean of the share of wrong answers over one threshold per photo, each photo's own confidence.

    Where no label has an ``m`` it is one minus the average precision. arXiv:1805.08206.
    """
    coverages, error_rates = risk_coverage(probabilities, label_strings)
    return float(np.sum(error_rates * np.diff(coverages, prepend=0.0)))


def scores(probabilities: Probabilities, label_strings: LabelStrings) -> dict[str, float]:
    """The scores of one set of predictions that training looks at, by name."""
    measures = (basic_precision, average_precision, accuracy, log_loss)
    return {measure.__name__: measure(probabilities, label_strings) for measure in measures}


def all_scores(
    probabilities: Probabilities, label_strings: LabelStrings, ordered: Sequence[int] = ()
) -> dict[str, float]:
    """All scores of one set of predictions by name; within one step only where values are ordered."""
    measures = (macro_f1, brier_score, expected_calibration_error, area_under_risk_coverage)
    near = {within_one_step.__name__: within_one_step(probabilities, label_strings, ordered)} if len(ordered) else {}
    others = {measure.__name__: measure(probabilities, label_strings) for measure in measures}
    return {**scores(probabilities, label_strings), **near, **others}


def at_own_thresholds(
    probabilities: Probabilities, label_strings: LabelStrings
) -> tuple[Probabilities, NDArray[np.intp], NDArray[np.intp]]:
    """If the photos with at least the confidence of each photo are answered: how many are right, how many counted.

    Returns:
        Confidences, the highest first, and for each the numbers of right answers and of those not marked ``m``.
    """
    confidences, answers = _answers(probabilities, label_strings)
    order, last_of_tie = _rank(confidences)
    right, counted = np.cumsum(answers[order] == "y"), np.cumsum(answers[order] != "m")
    return confidences[order], right[last_of_tie], counted[last_of_tie]


def confusion(probabilities: Probabilities, label_strings: LabelStrings) -> NDArray[np.intp]:
    """Counts of photos, true values in rows and predicted ones in columns, shape (values, values)."""
    num_values = label_strings.shape[1]
    pairs = true_values(label_strings) * num_values + np.argmax(probabilities, axis=1)
    matrix: NDArray[np.intp] = np.bincount(pairs, minlength=num_values**2).reshape(num_values, num_values)
    return matrix


def true_values(label_strings: LabelStrings) -> NDArray[np.intp]:
    """Index of the labelled value of each photo, shape (N,)."""
    index: NDArray[np.intp] = np.argmax(label_strings == "y", axis=1)
    return index


def _answers(probabilities: Probabilities, label_strings: LabelStrings) -> tuple[Probabilities, LabelStrings]:
    if probabilities.shape != label_strings.shape or not len(label_strings):
        raise ValueError(
            f"probabilities have shape {probabilities.shape} and labels {label_strings.shape}; both must be "
            "(photos, values) of at least one photo"
        )
    predicted = np.argmax(probabilities, axis=1)[:, None]
    return (
        np.take_along_axis(probabilities, predicted, axis=1)[:, 0],
        np.take_along_axis(label_strings, predicted, axis=1)[:, 0],
    )


def _rank(confidences: Probabilities) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    order = np.argsort(-confidences, kind="stable")
    ranked = -confidences[order]
    return order, np.searchsorted(ranked, ranked, side="right") - 1


def _bins(confidences: Probabilities, num_bins: int) -> NDArray[np.intp]:
    return np.minimum((confidences * num_bins).astype(np.intp), num_bins - 1)


def _precision(right: int, counted: int) -> float:
    return float(right / counted) if counted else float("nan")
