import numpy as np
import pytest
from drawn_figures import NAMES, check_layout
from matplotlib.figure import Figure
from numpy.typing import NDArray

from apparel_eye.metrics.calibration import reliability
from apparel_eye.reports.reliability import LEAST_PHOTOS, reliability_panels


def answered(num_values: int, num_photos: int) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Probabilities of a model that is too unsure, and the values of the photos."""
    generator = np.random.default_rng(num_values)
    truth = generator.integers(0, num_values, num_photos)
    weights = np.exp(generator.normal(size=(num_photos, num_values)) + 3 * (np.arange(num_values) == truth[:, None]))
    return weights / weights.sum(axis=1, keepdims=True), truth


def texts_of(figure: Figure) -> list[list[str]]:
    return [[text.get_text() for text in axes.texts] for axes in figure.axes]


def test_a_panel_shows_the_bins_of_its_value() -> None:
    probabilities, truth = answered(4, 300)
    figure = reliability_panels(probabilities, truth, ["a", "b", "c", "d"], "blend")
    assert figure.get_suptitle() == "blend, submitted, on 300 validation photos"
    for index, axes in enumerate(figure.axes):
        bins = reliability(probabilities[:, index], truth == index, LEAST_PHOTOS, 10)
        [drawn] = axes.containers
        points, _, [bars] = drawn.lines
        np.testing.assert_allclose(points.get_xydata(), [(each.predicted, each.observed) for each in bins])
        ends = [((each.predicted, each.low), (each.predicted, each.high)) for each in bins]
        np.testing.assert_allclose(bars.get_segments(), ends, atol=1e-12)
        sizes = [each.num_photos for each in bins]
        of_it = int((truth == index).sum())
        assert axes.get_title() == f"{'abcd'[index]}\n{of_it} labelled\nbins of {min(sizes)} to {max(sizes)} photos"


def test_a_value_with_too_few_photos_says_so_and_has_no_points() -> None:
    probabilities, _ = answered(3, 40)
    truth = np.repeat([0, 1, 2], [LEAST_PHOTOS, LEAST_PHOTOS - 1, 40 - 2 * LEAST_PHOTOS + 1])
    figure = reliability_panels(probabilities, truth, ["enough", "few", "many"], "tta")
    assert texts_of(figure) == [[], ["too few photos:\nneeds 10"], []]
    assert [len(axes.containers) for axes in figure.axes] == [1, 0, 1]
    assert figure.axes[1].get_title() == "few\n9 labelled"


def test_no_photos_of_any_value_are_enough_for_a_bin() -> None:
    figure = reliability_panels(np.full((9, 3), 1 / 3), np.arange(9) % 3, ["a", "b", "c"], "tta")
    assert texts_of(figure) == [["too few photos:\nneeds 10"]] * 3
    assert figure.legends == []
    check_layout(figure, max_pixels=(600, 800))


@pytest.mark.parametrize(
    ("num_values", "max_pixels"), [(1, (600, 500)), (2, (600, 500)), (10, (1000, 1000)), (40, (1700, 1900))]
)
@pytest.mark.parametrize("of_a_value", [5, 40, 4000])
def test_panels_are_legible_for_few_and_many_values(
    num_values: int, max_pixels: tuple[int, int], of_a_value: int
) -> None:
    figure = reliability_panels(*answered(num_values, num_values * of_a_value), NAMES[:num_values], "perceptron")
    check_layout(figure, max_pixels)
