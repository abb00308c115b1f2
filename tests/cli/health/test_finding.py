from pathlib import Path

import pytest

from apparel_eye.cli.health.finding import Finding, private, report


def test_problems_stand_once_more_at_the_end() -> None:
    sections = {"One": [Finding("a", "x"), Finding("b", "y", "broken")], "Two": [Finding("c", "z", "late", False)]}
    assert report(sections).splitlines() == [
        "## One", "", "- a: x", "- b: y", "",
        "## Two", "", "- c: z", "",
        "## What is wrong", "", "- b: broken", "- c: late (runs go on)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://me:pass@host/db", "postgresql://***@host/db"),
        ("https://host/x?user=me&password=pass&token=abc", "https://host/x?user=me&password=***&token=***"),
        ("mail me@host", "mail me@host"),
    ],
)
def test_credentials_are_left_out(text: str, shown: str) -> None:
    assert private(text) == shown


def test_the_home_folder_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/at/me")
    assert Path.home() == Path("/at/me")
    assert private("/at/me/photos and /at/mercury") == "~/photos and /at/mercury"
