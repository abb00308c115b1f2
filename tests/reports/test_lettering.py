import pytest
from drawn_figures import NAMES
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from apparel_eye.reports.lettering import fitted, names_of


def width_of(text: str, size: float) -> float:
    """In inches, as matplotlib writes it."""
    figure = Figure(dpi=200)
    FigureCanvasAgg(figure)
    return float(figure.text(0, 0, text, fontsize=size).get_window_extent().width / 200)


@pytest.mark.parametrize("inches", [0.6, 1.0, 1.8])
@pytest.mark.parametrize("text", [*NAMES[:12], "W" * 60, "i" * 60, "ü " * 20], ids=lambda text: text[:9])
def test_a_line_is_no_wider_than_its_room_and_keeps_its_ends(text: str, inches: float) -> None:
    shown = fitted(text, inches, 8)
    assert width_of(shown, 8) <= inches
    start, dots, end = shown.replace(r"\$", "$").partition("…")
    assert text.startswith(start)
    assert text.endswith(end)
    if dots:
        assert 0 <= len(start) - len(end) <= 1
        assert width_of(text.replace("$", "S"), 8) > 0.9 * inches
    else:
        assert start == text


def test_dollars_enclose_no_formula() -> None:
    figure = Figure()
    FigureCanvasAgg(figure)
    assert width_of(fitted("$5 to $9", 9, 10), 10) == pytest.approx(width_of("S5 to S9", 10), rel=0.05)


def test_short_names_are_written_as_they_are() -> None:
    assert names_of(["1", "NA", "", "3/4 Length"]) == ["1", "NA", "", "3/4 Length"]
