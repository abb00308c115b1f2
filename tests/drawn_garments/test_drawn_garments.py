import csv
import hashlib
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from apparel_eye.attributes import DIMENSIONS, is_length
from drawn_garments import draw, write_samples
from drawn_garments.__main__ import main
from drawn_garments.cloth import Cloth
from drawn_garments.drawing import compose, drawn_as
from drawn_garments.figure import Figure, sample_figure
from drawn_garments.garments import sleeve_layers
from drawn_garments.geometry import Frame, fit_frame
from drawn_garments.labels import sample_size
from drawn_garments.outfits import LENGTHS
from drawn_garments.paint import paint_layers
from drawn_garments.scenes import Scene
from drawn_garments.write import NUMBERED, seed_of

MARKER, OTHER = (255, 0, 0), (0, 0, 0)
GARMENTS = {"skirt_length": "skirt", "pant_length": "pants", "coat_length": "coat"}


def read_rows(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def sized(category: str, value: int, generator: np.random.Generator) -> tuple[float, str]:
    return sample_size(len(DIMENSIONS[category]), value, drawn_as(category).sizes, generator)


def seen_end(scene: Scene, name: str) -> float:
    """Height, in body units, of the lowest pixel of a garment that nothing covers."""
    frame = fit_frame(scene.wanted, (240, 360), np.random.default_rng(0), keep=scene.keep)
    marked = [layer._replace(cloth=Cloth(MARKER if layer.name == name else OTHER, flat=True)) for layer in scene.layers]
    picture = paint_layers(Image.new("RGB", (240, 360)), marked, frame, (0.0, 0.0), np.random.default_rng(0))
    lowest = np.flatnonzero((np.asarray(picture)[..., 0] > 128).any(axis=1)).max()
    return float((lowest + 1) / frame.scale + frame.origin[1])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples") / "drawn"
    write_samples(folder, ["skirt_length", "sleeve_length", "lapel_design"], photos=2, questions=1, seed=5, size=64)
    return folder


@pytest.mark.parametrize("category", DIMENSIONS)
def test_labels_have_one_yes_and_maybe_only_beside_it(category: str) -> None:
    generator = np.random.default_rng(1)
    num_values = len(DIMENSIONS[category])
    labels = [(value, sized(category, value, generator)[1]) for value in range(num_values) for _ in range(400)]
    for value, label in labels:
        assert len(label) == num_values
        assert label.index("y") == value
        assert Counter(label)["y"] == 1
        if is_length(category) and "m" in label:
            assert abs(label.index("m") - value) == 1
            assert "m" not in label[0]
    share = sum("m" in label for _, label in labels) / len(labels)
    low, high = (0.03, 0.1) if is_length(category) else (0.0, 0.02)
    assert low <= share <= high


@pytest.mark.parametrize("category", LENGTHS)
def test_maybe_is_said_exactly_near_the_edge_of_that_neighbor(category: str) -> None:
    generator = np.random.default_rng(2)
    edges = LENGTHS[category].sizes.edges
    for value in range(1, len(edges)):
        near: list[float] = []
        far: list[float] = []
        for _ in range(300):
            size, label = sized(category, value, generator)
            assert edges[value - 1] <= size <= edges[value]
            distance = min(abs(size - edge) for edge in edges[1:-1])
            (near if "m" in label else far).append(distance)
        assert max(near) < min(far)


@pytest.mark.parametrize("category", DIMENSIONS)
def test_every_value_is_drawn_at_the_size_asked(category: str) -> None:
    for value in range(len(DIMENSIONS[category])):
        drawing = draw(category, value, np.random.default_rng([3, value]), 96)
        assert max(drawing.image.size) == 96
        assert drawing.image.size[1] == 96
        assert drawing.label_string.index("y") == value
        assert drawing.domain in ({"worn", "flat"} if is_length(category) else {"worn"})
        assert np.asarray(drawing.image).std() > 8, "nothing stands out from the background"


def test_same_generator_gives_same_pixels() -> None:
    first, again, other = (draw("coat_length", 3, np.random.default_rng(seed), 96) for seed in (4, 4, 5))
    assert first.image.tobytes() == again.image.tobytes()
    assert first.image.tobytes() != other.image.tobytes()


@pytest.mark.parametrize(
    ("category", "expected"),
    {
        "coat_length": 7466.305341586236,
        "collar_design": 5338.3983149096675,
        "lapel_design": 5793.097281243076,
        "neck_design": 5258.465027472256,
        "neckline_design": 8777.326867997574,
        "pant_length": 4810.436308979516,
        "skirt_length": 4658.221361081024,
        "sleeve_length": 7127.942027759366,
    }.items(),
)
def test_scenes_are_those_that_published_results_were_drawn_from(category: str, expected: float) -> None:
    """By the sum of all their coordinates, which no version of Pillow changes."""
    total = 0.0
    for value in range(len(DIMENSIONS[category])):
        for seed in range(4):
            scene, _ = compose(category, value, np.random.default_rng([seed, value]))
            total += float(scene.wanted.sum())
            total += sum(float(outline.sum()) for layer in scene.layers for outline in layer.outlines)
    assert total == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("category", GARMENTS)
def test_a_garment_ends_where_its_value_says(category: str) -> None:
    edges = LENGTHS[category].sizes.edges
    means = []
    for value in range(1, len(edges)):
        middle = (edges[value - 1] + edges[value]) / 2
        ends = []
        for seed in range(6):
            scene = LENGTHS[category].scene(value, len(edges), middle, np.random.default_rng([6, seed]))
            # The other garments and arms may cover it, so only its own layers are painted.
            only = scene._replace(layers=tuple(layer for layer in scene.layers if layer.name == GARMENTS[category]))
            end = seen_end(only, GARMENTS[category])
            assert end == pytest.approx(scene.figure.height_at(middle), abs=0.02)
            ends.append(end)
        means.append(np.mean(ends))
    assert np.all(np.diff(means) > 0.02)


@pytest.mark.parametrize("category", GARMENTS)
def test_the_end_of_an_invisible_garment_is_not_in_the_picture(category: str) -> None:
    edges = LENGTHS[category].sizes.edges
    for seed in range(12):
        level = float(np.random.default_rng(seed).uniform(edges[1], edges[-1]))
        scene = LENGTHS[category].scene(0, len(edges), level, np.random.default_rng([7, seed]))
        assert seen_end(scene, GARMENTS[category]) < scene.figure.height_at(level) - 0.03


def count_sleeve_pixels(figure: Figure, level: float) -> int:
    layers = sleeve_layers(figure, Cloth(MARKER, flat=True), level, ease=0.01)
    frame = Frame(400, 400, 400.0, 0.0, (-0.5, 0.0))
    picture = paint_layers(Image.new("RGB", (400, 400)), layers, frame, (0.0, 0.0), np.random.default_rng(0))
    return int((np.asarray(picture)[..., 0] > 128).sum())


def test_sleeves_grow_with_the_value() -> None:
    figure = sample_figure(np.random.default_rng(8), worn=False)
    edges = LENGTHS["sleeve_length"].sizes.edges
    areas = [count_sleeve_pixels(figure, (low + high) / 2) for low, high in pairwise(edges)]
    assert areas[0] == 0
    assert np.all(np.diff(areas) > 0)


def test_counts_per_value_are_as_asked_and_no_sleeve_is_invisible(folder: Path) -> None:
    for table, count in (("base/Annotations/label.csv", 2), ("rank/Tests/answers.csv", 1)):
        found = Counter((name, label.index("y")) for _, name, label in read_rows(folder / table))
        expected = {
            (f"{category}_labels", value): count
            for category in ("skirt_length", "sleeve_length", "lapel_design")
            for value in range(int(category == "sleeve_length"), len(DIMENSIONS[category]))
        }
        assert found == expected


def test_photos_are_named_by_their_md5_and_each_has_a_row_and_a_domain(folder: Path) -> None:
    paths = {
        f"{split}/{path}"
        for split, table in (("base", "Annotations/label.csv"), ("rank", "Tests/question.csv"))
        for path, *_ in read_rows(folder / split / table)
    }
    photos = {str(path.relative_to(folder)): path for path in folder.rglob("*.jpg")}
    assert set(photos) == paths
    assert {path for path, _ in read_rows(folder / "domain.csv")} == paths
    assert all(hashlib.md5(path.read_bytes()).hexdigest() == path.stem for path in photos.values())


def test_answers_are_the_questions_in_the_same_order(folder: Path) -> None:
    questions, answers = (read_rows(folder / "rank/Tests" / name) for name in ("question.csv", "answers.csv"))
    assert [row[:2] for row in questions] == [row[:2] for row in answers]
    assert {row[2] for row in questions} == {"?"}
    assert b"\r" not in (folder / "rank/Tests/question.csv").read_bytes()


def test_photos_do_not_depend_on_the_other_categories(folder: Path, tmp_path: Path) -> None:
    write_samples(tmp_path / "one", ["skirt_length"], photos=2, questions=1, seed=5, size=64)
    alone = {name: data for name, data in contents(tmp_path / "one").items() if name.endswith(".jpg")}
    together = {name: data for name, data in contents(folder).items() if "skirt_length_labels" in name}
    assert alone == together


def test_a_dimension_more_redraws_no_other(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drawn_garments.write.DIMENSIONS", {"apron_length": ("Invisible", "Long"), **DIMENSIONS})
    write_samples(
        tmp_path / "more", ["skirt_length", "sleeve_length", "lapel_design"], photos=2, questions=1, seed=5, size=64
    )
    assert contents(tmp_path / "more") == contents(folder)


def test_the_eight_are_drawn_as_when_they_were_numbered_and_others_by_their_names() -> None:
    others = ["apron_length", "bag_strap", "heel_height", "hat_brim"]
    assert [seed_of(category) for category in sorted(NUMBERED)] == list(range(8))
    assert seed_of("heel_height") == 0xB6FCA548
    assert len({seed_of(category) for category in (*NUMBERED, *others)}) == 12


def test_same_seed_writes_the_same_bytes_and_another_seed_other_photos(tmp_path: Path) -> None:
    for name, seed in (("first", 1), ("again", 1), ("other", 2)):
        write_samples(tmp_path / name, ["neck_design"], photos=1, questions=1, seed=seed, size=64)
    first, again, other = (contents(tmp_path / name) for name in ("first", "again", "other"))
    assert first == again
    assert not {name for name in first if name.endswith(".jpg")} & set(other)


def test_a_foreign_folder_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(FileExistsError, match="not written by this command"):
        write_samples(tmp_path / "mine", ["skirt_length"], photos=1, questions=1, seed=1, size=64)
    assert contents(tmp_path) == {"mine/letter.txt": b"dear"}


def test_the_same_samples_are_kept_and_other_settings_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [str(tmp_path / "out"), "--categories=neck_design", "--photos=1", "--questions=0", "--size=64"]
    main(command)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    main(command)
    assert "left as it is" in capsys.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    with pytest.raises(SystemExit) as stop:
        main([*command, "--seed=2"])
    assert stop.value.code == 2
    assert "other settings" in capsys.readouterr().err


def test_an_interrupted_run_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = iter(range(3))

    def fail_at_third(*arguments: object) -> object:
        if next(calls) == 2:
            raise KeyboardInterrupt
        return draw(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("drawn_garments.write.draw", fail_at_third)
    with pytest.raises(KeyboardInterrupt):
        write_samples(tmp_path / "out", ["neck_design"], photos=1, questions=1, seed=1, size=64)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--categories=skirt_lenght"], "did you mean 'skirt_length'"),
        (["--categories=,"], "no category named"),
        (["--photos=0"], "'0' is not a whole number of at least 1"),
        (["--seed=x"], "'x' is not a whole number of at least 0"),
    ],
)
def test_a_wrong_option_is_named_with_its_remedy(
    options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main([str(tmp_path / "out"), *options])
    assert stop.value.code == 2
    assert re.search(re.escape(message), capsys.readouterr().err)
    assert list(tmp_path.iterdir()) == []
