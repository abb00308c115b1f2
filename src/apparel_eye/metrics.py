"""The competition's score and the usual ones: numpy in, floats out.

Marks are the characters of the true label strings, an array of one-character strings of shape (N, values): ``y`` the
value, ``m`` a value that could not be excluded, ``n`` no. Probabilities are floats of the same shape.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Probabilities = NDArray[np.floating]
Marks = NDArray[np.str_]


def marks_of(label_strings: Sequence[str]) -> Marks:
    """Split label strings into characters, shape (N, values)."""
    return np.array([list(label_string) for label_string in label_strings], dtype="U1")


def basic_precision(probabilities: Probabilities, marks: Marks) -> float:
    """Precision with every photo answered; photos whose answer is marked ``m`` count neither way."""
    _, answers = _answers(probabilities, marks)
    return _precision((answers == "y").sum(), (answers != "m").sum())


def average_precision(probabilities: Probabilities, marks: Marks) -> float:
    """Mean of the precision over one threshold per photo, each photo's own confidence.

    At a threshold the photos with at least that confidence are answered, so ties go in together; a threshold at which
    nothing is counted is left out. FashionAI 2018; checked there on published submissions.
    """
    confidences, answers = _answers(probabilities, marks)
    order = np.argsort(-confidences, kind="stable")
    ranked = -confidences[order]
    right, counted = np.cumsum(answers[order] == "y"), np.cumsum(answers[order] != "m")
    last_of_tie = np.searchsorted(ranked, ranked, side="right") - 1
    right, counted = right[last_of_tie], counted[last_of_tie]
    if not counted.any():
        return float("nan")
    return float(np.mean(right[counted > 0] / counted[counted > 0]))


def accuracy(probabilities: Probabilities, marks: Marks) -> float:
    """Share of the photos whose likeliest value is the labelled one."""
    return float(np.mean(np.argmax(probabilities, axis=1) == true_values(marks)))


def log_loss(probabilities: Probabilities, marks: Marks) -> float:
    """Mean negative logarithm of the probability of the labelled value, in nats."""
    of_truth = np.take_along_axis(probabilities, true_values(marks)[:, None], axis=1)[:, 0]
    return float(-np.log(np.clip(of_truth, 1e-15, 1.0)).mean())


def scores(probabilities: Probabilities, marks: Marks) -> dict[str, float]:
    """All scores of one set of predictions by name."""
    measures = (basic_precision, average_precision, accuracy, log_loss)
    return {measure.__name__: measure(probabilities, marks) for measure in measures}


def confusion(probabilities: Probabilities, marks: Marks) -> NDArray[np.intp]:
    """Counts of photos, true values in rows and predicted ones in columns, shape (values, values)."""
    num_values = marks.shape[1]
    pairs = true_values(marks) * num_values + np.argmax(probabilities, axis=1)
    matrix: NDArray[np.intp] = np.bincount(pairs, minlength=num_values**2).reshape(num_values, num_values)
    return matrix


def true_values(marks: Marks) -> NDArray[np.intp]:
    """Index of the labelled value of each photo, shape (N,)."""
    index: NDArray[np.intp] = np.argmax(marks == "y", axis=1)
    return index


def _answers(probabilities: Probabilities, marks: Marks) -> tuple[Probabilities, Marks]:
    if probabilities.shape != marks.shape or not len(marks):
        raise ValueError(
            f"probabilities have shape {probabilities.shape} and labels {marks.shape}; both must be (photos, values) "
            "of at least one photo"
        )
    predicted = np.argmax(probabilities, axis=1)[:, None]
    return (
        np.take_along_axis(probabilities, predicted, axis=1)[:, 0],
        np.take_along_axis(marks, predicted, axis=1)[:, 0],
    )


def _precision(right: int, counted: int) -> float:
    return float(right / counted) if counted else float("nan")
