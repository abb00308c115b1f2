import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter, ImageOps
from torch.nn import functional

from apparel_eye.attributes import DIMENSIONS
from apparel_eye.data.duplicates import pairs as copies
from apparel_eye.data.duplicates.alignment import place
from apparel_eye.data.duplicates.frequencies import CROPS, ORIENTATIONS, orient
from apparel_eye.data.duplicates.pairs import Pairs, find_copies
from apparel_eye.data.duplicates.thumbnails import thumbnail
from drawn_garments.drawing import draw

Transform = Callable[[Image.Image, np.random.Generator], Image.Image]
NUM_PHOTOS = 60


def compressed(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


def toned(image: Image.Image, generator: np.random.Generator) -> Image.Image:
    for kind in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        image = kind(image).enhance(generator.uniform(0.8, 1.2))
    return image


def padded(image: Image.Image, share: float) -> Image.Image:
    across, down = round(share * image.width), round(share * image.height)
    return ImageOps.expand(image, (across, down, across, down), "white")


def cropped(image: Image.Image, share: float, generator: np.random.Generator) -> Image.Image:
    width, height = (round((1 - share) * side) for side in image.size)
    left, top = generator.integers(0, image.width - width + 1), generator.integers(0, image.height - height + 1)
    return image.crop((int(left), int(top), int(left) + width, int(top) + height))


TRANSFORMS: dict[str, Transform] = {
    "recompressed": lambda image, _: compressed(image, 40),
    "resized": lambda image, _: image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS),
    "blurred": lambda image, _: image.filter(ImageFilter.GaussianBlur(max(image.size) / 250)),
    "toned": toned,
    "grey": lambda image, _: image.convert("L"),
    "mirrored": lambda image, _: ImageOps.mirror(image),
    "turned by 90": lambda image, _: image.transpose(Image.Transpose.ROTATE_90),
    "padded by 5 %": lambda image, _: padded(image, 0.05),
    "padded by 10 %": lambda image, _: padded(image, 0.10),
    "cropped by 5 %": lambda image, generator: cropped(image, 0.05, generator),
}


@pytest.fixture(scope="module")
def min_similarity(project: Path) -> float:
    """What users get."""
    ingest = yaml.safe_load((project / "conf" / "base" / "ingest" / "parameters.yml").read_text())["ingest"]
    return float(ingest["duplicates"]["min_similarity"])


@pytest.fixture(scope="module")
def drawings() -> list[Image.Image]:
    """Of all categories and values, different persons before different grounds."""
    kinds = [(category, value) for category, values in DIMENSIONS.items() for value in range(1, len(values))]
    photos = [(*kinds[number % len(kinds)], np.random.default_rng(number)) for number in range(NUM_PHOTOS)]
    return [draw(category, value, generator, 200).image for category, value, generator in photos]


@pytest.fixture(scope="module")
def real_photos(shared_photos: Path) -> list[Image.Image]:
    """Spread over the folder, each content once."""
    contents = {hashlib.md5(path.read_bytes()).digest(): path for path in shared_photos.glob("*/Images/*/*.jpg")}
    paths = sorted(contents.values())
    return [Image.open(path).convert("RGB") for path in paths[:: len(paths) // NUM_PHOTOS][:NUM_PHOTOS]]


def textured(seed: int, num_photos: int) -> NDArray[np.uint8]:
    """Thumbnails of noise of four sizes of grain."""
    generator = torch.Generator().manual_seed(seed)
    grains = [torch.rand((num_photos, 1, side, side), generator=generator) for side in (4, 8, 16, 32)]
    photos = torch.stack([functional.interpolate(grain, 64, mode="bilinear") for grain in grains]).mean(dim=0)[:, 0]
    return (255 * photos).byte().numpy()


def compare(thumbnails: NDArray[np.uint8], min_similarity: float = 0.65) -> Pairs:
    return find_copies(thumbnails, np.arange(len(thumbnails)), min_similarity)


def found(pairs: Pairs) -> list[tuple[int, int]]:
    return sorted(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))


def share_found(photos: list[Image.Image], transform: Transform, min_similarity: float) -> tuple[float, int]:
    """Of one planted copy of each photo, and the number of other pairs."""
    generator = np.random.default_rng(0)
    copies = [compressed(transform(photo, generator), 90) for photo in photos]
    pairs = compare(np.stack([thumbnail(photo) for photo in [*photos, *copies]]), min_similarity)
    planted = pairs.second - pairs.first == len(photos)
    return float(planted.sum() / len(photos)), int((~planted).sum())


@pytest.mark.parametrize("num_photos", [0, 1, 2, 5])
def test_different_photos_have_no_copies(num_photos: int) -> None:
    assert found(compare(textured(0, num_photos))) == []


def test_each_pair_is_found_once_the_earlier_photo_first() -> None:
    photos = textured(0, 10)
    doubled = np.concatenate([photos, photos[:4], photos[:1]])
    pairs = compare(doubled)
    assert found(pairs) == [(0, 10), (0, 14), (1, 11), (2, 12), (3, 13), (10, 14)]
    np.testing.assert_allclose(pairs.similarity, 1, atol=1e-3)
    assert set(pairs.orientation) == {"upright"}


def test_of_two_alignments_of_a_pair_the_better_one_counts() -> None:
    candidates = torch.tensor([[0, 1, 0, 0], [1, 0, 3, 0], [0, 1, 2, 0]])
    chosen = copies._copies(np.array([4, 9]), candidates, torch.tensor([0.7, 0.9, 0.8]), 0.65)
    assert found(chosen) == [(4, 9)]
    assert chosen.similarity.tolist() == [pytest.approx(0.9)]
    assert chosen.orientation.tolist() == [ORIENTATIONS[3]]


@pytest.mark.fault(63)
@pytest.mark.parametrize(
    ("turn", "orientation"),
    [
        (np.fliplr, "mirrored"),
        (np.flipud, "mirrored and turned"),
        (np.transpose, "mirrored and turned"),
        (np.rot90, "turned"),
        (lambda photo: np.rot90(photo, 2), "turned"),
        (lambda photo: np.rot90(photo, 3), "turned"),
    ],
    ids=["mirrored", "upside down mirrored", "transposed", "by 90", "by 180", "by 270"],
)
def test_how_a_copy_lies_is_told(turn: Callable[[NDArray[np.uint8]], NDArray[np.uint8]], orientation: str) -> None:
    photos = textured(0, 5)
    pairs = compare(np.concatenate([photos, turn(photos[2])[None]]))
    assert found(pairs) == [(2, 5)]
    assert pairs.orientation.tolist() == [orientation]


@pytest.mark.fault(63)
@pytest.mark.parametrize("crop_comes_first", [True, False])
@pytest.mark.parametrize("crop", CROPS[1:].tolist())
def test_a_crop_is_found_however_it_is_turned(crop: list[float], crop_comes_first: bool) -> None:
    photos = torch.from_numpy(textured(0, 8))
    cropped_photos, _ = place(photos.float(), torch.tensor(crop).expand(8, 4))
    turned = orient(cropped_photos.byte(), torch.arange(8))
    pairs = compare(torch.cat([turned, photos] if crop_comes_first else [photos, turned]).numpy())
    assert found(pairs) == [(row, 8 + row) for row in range(8)]
    assert pairs.similarity.min() > 0.85


def test_the_order_of_photos_does_not_matter() -> None:
    photos = textured(0, 20)
    shifted = np.concatenate([photos, np.roll(photos[:8], 2, axis=2), np.flip(photos[:4], axis=2)])
    order = np.random.default_rng(0).permutation(len(shifted))
    permuted = [sorted((int(order[first]), int(order[second]))) for first, second in found(compare(shifted[order]))]
    assert sorted(permuted) == [list(pair) for pair in found(compare(shifted))]
    assert len(permuted) == 8 + 4 + 4


def test_only_the_rows_asked_for_are_compared() -> None:
    photos = textured(0, 6)
    rows = np.array([1, 2, 5, 7, 11])
    pairs = find_copies(np.concatenate([photos, photos]), rows, 0.65)
    assert found(pairs) == [(1, 7), (5, 11)]


def test_among_many_photos_each_keeps_its_copy() -> None:
    photos = textured(0, 600)
    copies = [(row, 600 + row) for row in range(40)]
    assert found(compare(np.concatenate([photos, photos[:40]]))) == copies


def test_thumbnails_may_stay_in_their_file(tmp_path: Path) -> None:
    photos = textured(0, 8)
    np.save(tmp_path / "thumbnails.npy", np.concatenate([photos, photos[3:5]]))
    mapped = np.load(tmp_path / "thumbnails.npy", mmap_mode="r")
    assert found(compare(mapped)) == [(3, 8), (4, 9)]


def test_blank_photos_are_copies_of_nothing() -> None:
    blank = np.stack([np.full((64, 64), grey, np.uint8) for grey in (0, 77, 78, 255)])
    assert found(compare(blank)) == []


def test_a_higher_threshold_keeps_the_best_of_the_pairs() -> None:
    photos = textured(0, 12)
    noisy = [photos[row] * 0.7 + textured(1, 12)[row] * 0.025 * row for row in range(12)]
    thumbnails = np.concatenate([photos, np.stack(noisy).astype(np.uint8)])
    some = compare(thumbnails, 0.5)
    threshold = float(np.median(some.similarity))
    assert 0 < len(some.first) < 24
    assert found(compare(thumbnails, threshold)) == found(
        Pairs(*(column[some.similarity >= threshold] for column in some))
    )


@pytest.mark.fault(63)
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_copies_of_drawn_garments_are_found_and_no_others(
    transform: str, drawings: list[Image.Image], min_similarity: float
) -> None:
    share, num_others = share_found(drawings, TRANSFORMS[transform], min_similarity)
    assert share >= 0.9
    assert num_others == 0


@pytest.mark.fault(63)
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_copies_of_real_photos_are_found_and_no_others(
    transform: str, real_photos: list[Image.Image], min_similarity: float
) -> None:
    share, num_others = share_found(real_photos, TRANSFORMS[transform], min_similarity)
    assert share >= 0.99
    assert num_others == 0


@pytest.mark.fault(63)
def test_most_real_photos_are_found_when_a_tenth_is_cut_off(
    real_photos: list[Image.Image], min_similarity: float
) -> None:
    share, num_others = share_found(
        real_photos, lambda image, generator: cropped(image, 0.10, generator), min_similarity
    )
    assert share >= 0.9
    assert num_others == 0
