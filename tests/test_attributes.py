import pytest

from apparel_eye.attributes import DIMENSIONS, folder_of, is_length, values_of_folders

NUM_VALUES = {
    "coat_length": 8,
    "collar_design": 5,
    "lapel_design": 5,
    "neck_design": 5,
    "neckline_design": 10,
    "pant_length": 6,
    "skirt_length": 6,
    "sleeve_length": 9,
}
"""The competition's."""


def test_dimensions_have_the_competitions_54_values() -> None:
    assert {category: len(DIMENSIONS[category]) for category in NUM_VALUES} == NUM_VALUES
    assert sum(NUM_VALUES.values()) == 54


@pytest.mark.parametrize("category", DIMENSIONS)
def test_values_are_different_and_the_first_is_invisible(category: str) -> None:
    assert DIMENSIONS[category][0] == "Invisible"
    assert len(set(DIMENSIONS[category])) == len(DIMENSIONS[category])


def test_four_dimensions_are_lengths() -> None:
    assert [category for category in NUM_VALUES if is_length(category)] == [
        "coat_length",
        "pant_length",
        "skirt_length",
        "sleeve_length",
    ]
    assert not is_length("length_of_the_heel")  # it is the last word that says so


def test_a_slash_in_a_value_is_a_hyphen_in_its_folder() -> None:
    slashed = {
        value: folder_of(value) for values in DIMENSIONS.values() for value in values if folder_of(value) != value
    }
    assert slashed == {"3/4 Length": "3-4 Length", "3/4 Sleeves": "3-4 Sleeves"}


@pytest.mark.parametrize("category", DIMENSIONS)
def test_folders_of_a_dimension_stand_for_its_values_in_its_order(category: str) -> None:
    folders = sorted(folder_of(value) for value in DIMENSIONS[category])
    assert values_of_folders(category, folders) == DIMENSIONS[category]


def test_a_few_folders_of_a_dimension_stand_for_all_its_values() -> None:
    assert values_of_folders("sleeve_length", ["Sleeveless", "3-4 Sleeves"]) == DIMENSIONS["sleeve_length"]


@pytest.mark.parametrize(
    ("category", "folders"),
    [("sleeve_length", ["Sleeveless", "Batwing"]), ("pattern", ["striped", "Invisible", "checked"])],
    ids=["a folder that the dimension does not have", "a category that is no dimension"],
)
def test_other_folders_are_values_in_alphabetical_order(category: str, folders: list[str]) -> None:
    assert values_of_folders(category, folders) == tuple(sorted(folders))


@pytest.mark.fault(52)
def test_numbers_in_names_are_ordered_by_size() -> None:
    folders = ["10", "2", "a", "size 10", "size 9", "1", "02", "10 cm", "ab", "3.5", "3.25", "3.", "10.5"]
    expected = ("1", "02", "2", "3.", "3.25", "3.5", "10", "10 cm", "10.5", "a", "ab", "size 9", "size 10")
    assert values_of_folders("heel", folders) == expected
    assert values_of_folders("heel", folders[::-1]) == expected
