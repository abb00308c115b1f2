import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apparel_eye.attributes import DIMENSIONS, folder_of
from apparel_eye.data.layouts.names import check_distinct, check_names
from apparel_eye.errors import DataError


@pytest.mark.parametrize("category", DIMENSIONS)
def test_the_names_of_fashionai_are_names(category: str) -> None:
    assert check_names([category], "category") == []
    assert check_names(DIMENSIONS[category], "value") == []
    assert check_names(map(folder_of, DIMENSIONS[category]), "value") == []


@pytest.mark.fault(90)
@given(name=st.text(max_size=6))
def test_no_name_that_is_allowed_starts_a_formula_or_ends_in_what_is_dropped(name: str) -> None:
    if re.match(r"[=+\-@\s]|.*[\s.]\Z|.*[\0-\x1f\x7f-\x9f\u2028\u2029\\]|\Z", name, re.DOTALL):
        with pytest.raises(DataError, match=re.escape(f"the value {name!r} ")):
            check_names([name], "value")
    else:
        check_names([name], "value")


@pytest.mark.fault(45, 46)
@pytest.mark.parametrize(
    ("first", "second"), [("Straße", "STRASSE"), ("É", "e\u0301"), ("Å", "\u212b"), ("İ", "i\u0307")]
)
def test_alike_is_what_a_reader_or_a_disk_cannot_tell_apart(first: str, second: str) -> None:
    with pytest.raises(DataError, match=r"look the same|differ only"):
        check_distinct([first, second], "value")


def test_names_that_differ_are_kept_apart() -> None:
    check_distinct(["e", "é", "ee", "red", "reds"], "value")
