"""Candidates made honest: each at the temperature that validation photos want, and their blend."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from apparel_eye.data.subsets import Subsets
from apparel_eye.metrics import official
from apparel_eye.metrics.calibration import apply_temperature, cross_fit, fit_temperature, fit_threshold
from apparel_eye.metrics.official import Probabilities
from apparel_eye.parameters.candidates import BLEND
from apparel_eye.selection.blend import blend, cross_fit_blend, fit_blend
from apparel_eye.selection.candidates import ByCandidate, seen_values_of


@dataclass(frozen=True)
class Calibrated:
    """A candidate as it may be shown.

    Attributes:
        validation: cross-fitted, so that no photo has a temperature that it took part in, shape (photos, values).
        to_predict: at the temperature of all validation photos, likewise.
        about: temperature, threshold, and how the probabilities were before; JSON.
    """

    validation: Probabilities
    to_predict: Probabilities
    about: dict[str, Any]


def calibrate(
    validation: ByCandidate,
    to_predict: ByCandidate,
    subsets: Subsets,
    blended: Sequence[str],
    precision: float,
    refit: bool,
) -> Iterator[tuple[str, Calibrated]]:
    """Every candidate by name, the blend last.

    Args:
        validation: probabilities of validation photos as they come out of the models, shape (photos, values).
        to_predict: of the photos to predict, likewise.
        subsets: whose photos they are.
        blended: candidates of which the blend is the mean.
        precision: of the answers that a threshold leaves.
        refit: whether heads were fitted once more, on all labelled photos.
    """
    label_strings, halves, seen = subsets.validation_label_strings, subsets.validation_halves, subsets.seen_values
    for name, found in validation.items():
        temperature = fit_temperature(found, label_strings, seen)
        honest = cross_fit(found, label_strings, halves, seen)
        about = {
            "temperature": temperature,
            "threshold": fit_threshold(honest, label_strings, precision),
            "uncalibrated_log_loss": official.log_loss(found, label_strings),
            "uncalibrated_expected_calibration_error": official.expected_calibration_error(found, label_strings),
        }
        answers = apply_temperature(to_predict[name], temperature, seen_values_of(name, subsets, refit))
        yield name, Calibrated(honest, answers, about)
    mixed, mixed_to_predict = ({name: of[name] for name in blended} for of in (validation, to_predict))
    mixture = fit_blend(mixed, label_strings, seen)
    mean = cross_fit_blend(mixed, label_strings, halves, seen)
    about = {**asdict(mixture), "threshold": fit_threshold(mean, label_strings, precision)}
    yield BLEND, Calibrated(mean, blend(mixed_to_predict, mixture, seen_values_of(BLEND, subsets, refit)), about)
