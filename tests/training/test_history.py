import numpy as np
import pytest

from apparel_eye.training.history import head_columns, report, warn_of_collapse

ROW = {
    "epoch": 1,
    "learning_rate": 3e-3,
    "train_loss": 0.6124,
    "validation_loss": 0.5481,
    "accuracy": 0.8127,
    "basic_precision": 0.7914,
    "average_precision": 0.9052,
    "seconds": 212.04,
}


def test_a_run_prints_one_aligned_line_for_each_epoch(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "apparel_eye")
    head_columns()
    for epoch in (1, 2):
        report({**ROW, "epoch": epoch}, 7)
    heading, first, second = caplog.messages
    assert first.split() == ["1/7", "3.0e-03", "0.612", "0.548", "81.3", "%", "0.791", "/", "0.905", "212.0", "s"]
    assert second == first.replace("1/7", "2/7")
    for name, cell in {
        "epoch": "1/7",
        "learning rate": "3.0e-03",
        "train loss": "0.612",
        "validation loss": "0.548",
        "accuracy": "81.3 %",
        "basic / average precision": "0.791 / 0.905",
        "time": "212.0 s",
    }.items():
        ends = [line.index(text) + len(text) for line, text in ((heading, name), (first, cell))]
        assert abs(ends[0] - ends[1]) <= 2, name


def test_scores_that_are_not_known_are_printed_as_such(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "apparel_eye")
    report({**ROW, "basic_precision": float("nan"), "average_precision": float("nan")}, 7)
    assert "nan / nan" in caplog.messages[-1]


@pytest.mark.fault(115)
@pytest.mark.parametrize(
    ("answers", "warnings"),
    [
        ([1, 1, 1], ["    all 3 validation photos are predicted as knee"]),
        ([1, 1, 0], []),
        ([1], []),
    ],
    ids=["one answer", "two answers", "one photo"],
)
def test_a_network_that_gives_all_photos_one_answer_is_warned_of(
    answers: list[int], warnings: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    warn_of_collapse(np.eye(3)[answers], ["short", "knee", "long"])
    assert caplog.messages == warnings
