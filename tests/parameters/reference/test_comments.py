"""Which comment of a YAML file is about which key."""

import pytest

from apparel_eye.parameters.reference.comments import comments_in


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1  # one\n", {"a": "one"}),
        ("# above\na: 1\n", {"a": "above"}),
        ("# two\n# lines\na: 1\n", {"a": "two lines"}),
        ("# above\na: 1  # behind\n", {"a": "behind"}),
        ("# not about it\n\na: 1\n", {}),
        ("b: 1  # of b\na: 2\n", {"b": "of b"}),
        ("a:  # of all below\n  b: 1  # of b\n", {"a": "of all below", "a.b": "of b"}),
        ("a:\n  # above\n  b: 1\n", {"a.b": "above"}),
        ("a: {b: 1, c: 2}  # of both\n", {"a": "of both"}),
        ("a: [6, 2]  # a list\n", {"a": "a list"}),
        ("a:\n  - 6\n  - 2  # of the last\n", {}),
        ("a: '#fff'\n", {}),
        ("a: '#fff'  # white\n", {"a": "white"}),
        ("a: ''   # empty, e.g. '/(\\d+)_'; or none\n", {"a": "empty, e.g. '/(\\d+)_'; or none"}),
        ("a: x#y\n", {}),
        ("a: |\n  text\nb: 1  # of b\n", {"b": "of b"}),
        ("a:  # nothing yet\nb: 1\n", {"a": "nothing yet"}),
        ("a: one  # first # second\n", {"a": "first # second"}),
        ("", {}),
        ("# nothing else\n", {}),
    ],
)
def test_a_comment_is_about_the_key_that_it_stands_at(text: str, expected: dict[str, str]) -> None:
    assert comments_in(text) == expected
