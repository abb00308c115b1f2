from apparel_eye.errors import nearest

COLORS = ("red", "green", "grey")


def test_a_misspelt_name_brings_the_names_like_it() -> None:
    assert nearest("gren", COLORS) == "did you mean green or grey?"


def test_a_name_like_no_other_brings_all_names_in_order() -> None:
    assert nearest("xyz", COLORS) == "there are green, grey, red"
