import pytest

from apparel_eye.data.photo_names import is_photo_name, suffix_of


@pytest.mark.fault(51)
@pytest.mark.parametrize(
    ("key", "suffix", "is_photo"),
    [
        ("a/b.jpg", "jpg", True),
        ("a/b.JPG", "jpg", True),
        ("a/b.jpg.png", "png", True),
        ("a.jpg/b", "", True),
        ("a.d/b.txt", "txt", False),
        ("b.", "", True),
        ("a/b.jpg.csv", "csv", False),
        ("a/b.001", "001", False),
    ],
)
def test_the_suffix_is_of_the_name_alone_and_in_lower_case(key: str, suffix: str, is_photo: bool) -> None:
    assert suffix_of(key) == suffix
    assert is_photo_name(key) == is_photo
