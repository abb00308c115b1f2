"""What is behind the figure: a studio, a wall, a street, a park, a room; or what a garment lies on.

Backgrounds are drawn at half the picture's size and enlarged, which blurs them as a lens would.
"""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from drawn_garments.cloth import Color, muted, sample_color, shade

Ink = tuple[int, int, int]


def paint_background(
    size: tuple[int, int], floor: float, color: Color, domain: str, generator: np.random.Generator
) -> Image.Image:
    """A background for a worn or flat garment; ``floor`` is the height in pixels at which the figure stands."""
    half = (size[0] // 2 + 1, size[1] // 2 + 1)
    kinds = _BEHIND_PERSON if domain == "worn" else _UNDER_GARMENT
    kind = kinds[int(generator.integers(len(kinds)))]
    picture = kind(half, floor / 2, color, generator)
    rough = generator.standard_normal((half[1], half[0]), dtype=np.float32) * np.float32(generator.uniform(0.5, 4))
    pixels = np.asarray(picture, dtype=np.float32) + rough[..., None] + _unevenness(half, generator)[..., None]
    picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    return picture.resize(size, Image.Resampling.BILINEAR)


def _unevenness(
    size: tuple[int, int], generator: np.random.Generator
) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    coarse = generator.standard_normal((4, 4), dtype=np.float32) * np.float32(generator.uniform(2, 9))
    return np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC))


def _ink(color: Color, factor: float = 1.0) -> Ink:
    red, green, blue = (int(channel) for channel in shade(color, factor))
    return red, green, blue


def _two_planes(
    size: tuple[int, int], edge: float, upper: Color, lower: Color
) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    picture = Image.new("RGB", size, _ink(upper))
    pen = ImageDraw.Draw(picture)
    if edge < size[1]:
        pen.rectangle((0, max(edge, 0), size[0], size[1]), fill=_ink(lower))
    return picture, pen


def _horizon(size: tuple[int, int], floor: float, generator: np.random.Generator) -> float:
    return floor - size[1] * generator.uniform(0.03, 0.3)


def _studio(size: tuple[int, int], floor: float, color: Color, generator: np.random.Generator) -> Image.Image:
    """A plain, light backdrop that runs into the floor."""
    light = shade((215, 214, 212), generator.uniform(0.75, 1.15)) if generator.uniform() < 0.7 else color
    picture, _ = _two_planes(size, floor - size[1] * generator.uniform(0.0, 0.1), light, shade(light, 0.92))
    return picture.filter(ImageFilter.BoxBlur(6))


def _wall(size: tuple[int, int], floor: float, color: Color, generator: np.random.Generator) -> Image.Image:
    """Bricks, boards or slats above a pavement."""
    edge = _horizon(size, floor, generator)
    picture, pen = _two_planes(size, edge, color, muted(sample_color(generator)))
    rows = np.arange(edge, -1, -generator.uniform(5, 16))
    joint = _ink(color, generator.choice((0.8, 0.88, 1.12)))
    step = generator.uniform(8, 40)
    bricks = generator.uniform() < 0.6
    for row, y in enumerate(rows):
        pen.line((0, y, size[0], y), fill=joint)
        if bricks:
            for x in np.arange((row % 2) * step / 2, size[0], step):
                pen.line((x, y, x, y - step * 0.5), fill=joint)
    return picture.filter(ImageFilter.BoxBlur(generator.uniform(0.3, 1.5)))


def _street(size: tuple[int, int], floor: float, color: Color, generator: np.random.Generator) -> Image.Image:
    """Buildings with windows, cars, passers-by and a road, out of focus."""
    width, height = size
    edge = _horizon(size, floor, generator)
    road = shade((150, 148, 145), generator.uniform(0.5, 1.25))
    picture, pen = _two_planes(size, edge, shade((205, 215, 228), generator.uniform(0.8, 1.1)), road)
    x = -generator.uniform(0, 30)
    while x < width:
        wide, top = generator.uniform(0.15, 0.6) * width, generator.uniform(-0.5, 0.35) * edge
        front = muted(sample_color(generator), generator.uniform(90, 190))
        pen.rectangle((x, top, x + wide, edge), fill=_ink(front))
        _windows(pen, (x, top, x + wide, edge), _ink(front, generator.uniform(0.4, 0.75)), generator)
        x += wide
    for _ in range(int(generator.integers(0, 4))):
        _car(pen, generator.uniform(-0.1, 0.9) * width, edge + 0.03 * height, height, generator)
    for _ in range(int(generator.integers(0, 5))):
        _passer_by(pen, generator.uniform(0, width), edge + 0.04 * height, height, generator)
    if generator.uniform() < 0.4:
        start = generator.uniform(0, width)
        pen.line((start, edge, start + generator.normal(0, width), height), fill=_ink(road, 1.5), width=4)
    return picture.filter(ImageFilter.BoxBlur(generator.uniform(0.8, 3.0)))


def _windows(
    pen: ImageDraw.ImageDraw, wall: tuple[float, float, float, float], ink: Ink, generator: np.random.Generator
) -> None:
    left, top, right, bottom = wall
    step, tall = generator.uniform(9, 22), generator.uniform(10, 26)
    for y in np.arange(max(top, -tall) + 4, bottom - 4, tall)[:9]:
        for x in np.arange(left + 3, min(right, left + 130) - 3, step):
            pen.rectangle((x, y, min(x + step * 0.55, right), min(y + tall * 0.6, bottom)), fill=ink)


def _car(pen: ImageDraw.ImageDraw, x: float, y: float, height: int, generator: np.random.Generator) -> None:
    long, tall = height * generator.uniform(0.25, 0.5), height * generator.uniform(0.08, 0.14)
    paint = sample_color(generator)
    pen.rounded_rectangle((x, y - tall * 0.65, x + long, y), tall * 0.25, fill=_ink(paint))
    roof = (
        (x + long * 0.15, y - tall * 0.6),
        (x + long * 0.3, y - tall),
        (x + long * 0.7, y - tall),
        (x + long * 0.85, y - tall * 0.6),
    )
    pen.polygon(roof, fill=_ink(paint, 0.5))
    for wheel in (0.22, 0.78):
        middle = x + long * wheel
        pen.ellipse((middle - tall * 0.2, y - tall * 0.2, middle + tall * 0.2, y + tall * 0.2), fill=(25, 25, 28))


def _passer_by(pen: ImageDraw.ImageDraw, x: float, y: float, height: int, generator: np.random.Generator) -> None:
    tall = height * generator.uniform(0.14, 0.32)
    upper, lower = _ink(sample_color(generator)), _ink(sample_color(generator), 0.7)
    pen.rectangle((x - tall * 0.07, y - tall * 0.5, x + tall * 0.07, y), fill=lower)
    pen.rounded_rectangle((x - tall * 0.13, y - tall * 0.86, x + tall * 0.13, y - tall * 0.42), tall * 0.06, fill=upper)
    pen.ellipse((x - tall * 0.06, y - tall, x + tall * 0.06, y - tall * 0.84), fill=(150, 110, 90))


def _park(size: tuple[int, int], floor: float, color: Color, generator: np.random.Generator) -> Image.Image:
    """Foliage above grass or gravel."""
    edge = _horizon(size, floor, generator)
    ground = (112.0, 138.0, 70.0) if generator.uniform() < 0.5 else (188.0, 178.0, 160.0)
    picture, pen = _two_planes(size, edge, (196, 208, 222), ground)
    for _ in range(40):
        x, y = generator.uniform(0, size[0]), edge * generator.uniform(0.0, 0.95)
        radius = generator.uniform(6, 22)
        leaf = (generator.uniform(40, 100), generator.uniform(70, 135), generator.uniform(30, 70))
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=_ink(leaf))
    for x in generator.uniform(0, size[0], 3):
        pen.rectangle((x, edge * 0.2, x + 5, edge + 3), fill=(70, 54, 42))
    return picture.filter(ImageFilter.BoxBlur(generator.uniform(1.5, 4.0)))


def _room(size: tuple[int, int], floor: float, color: Color, generator: np.random.Generator) -> Image.Image:
    """A room or shop with a door, pictures, shelves and boxes."""
    edge = _horizon(size, floor, generator)
    picture, pen = _two_planes(size, edge, color, shade((150, 112, 78), generator.uniform(0.5, 1.5)))
    for _ in range(int(generator.integers(2, 8))):
        x, wide, tall = generator.uniform(-0.1, 0.95) * size[0], generator.uniform(8, 50), generator.uniform(10, 90)
        foot = edge if generator.uniform() < 0.6 else edge * generator.uniform(0.3, 0.8)
        pen.rectangle(
            (x, foot - tall, x + wide, foot), fill=_ink(muted(sample_color(generator))), outline=_ink(color, 0.7)
        )
    pen.rectangle((0, edge - 4, size[0], edge), fill=_ink(color, 1.15))
    return picture.filter(ImageFilter.BoxBlur(generator.uniform(0.3, 2.0)))


def _boards(size: tuple[int, int], floor: float, color: Color, generator: np.random.Generator) -> Image.Image:
    """A wooden floor."""
    wood = shade((168, 124, 84), generator.uniform(0.45, 1.35))
    picture = Image.new("RGB", size, _ink(wood))
    pen = ImageDraw.Draw(picture)
    upright, step = generator.uniform() < 0.5, generator.uniform(10, 28)
    length = size[0] if upright else size[1]
    for start in np.arange(-generator.uniform(0, step), length, step):
        board = _ink(wood, generator.normal(1.0, 0.08))
        near, far = (start, 0), (start + step - 1.2, max(size))
        pen.rectangle((*near, *far) if upright else (*near[::-1], *far[::-1]), fill=board)
    return picture


def _carpet(size: tuple[int, int], floor: float, color: Color, generator: np.random.Generator) -> Image.Image:
    pile = np.array(color, dtype=np.float32) + generator.standard_normal(
        (size[1], size[0], 1), dtype=np.float32
    ) * np.float32(generator.uniform(5, 14))
    return Image.fromarray(np.clip(pile, 0, 255).astype(np.uint8))


def _sheet(size: tuple[int, int], floor: float, color: Color, generator: np.random.Generator) -> Image.Image:
    """A bed sheet or blanket with soft folds, sometimes checked."""
    picture = Image.new("RGB", size, _ink(color))
    pen = ImageDraw.Draw(picture)
    if generator.uniform() < 0.35:
        step, line = generator.uniform(12, 40), _ink(color, generator.choice((0.75, 1.25)))
        for start in np.arange(0, max(size), step):
            pen.rectangle((start, 0, start + step * 0.3, size[1]), fill=line)
            pen.rectangle((0, start, size[0], start + step * 0.3), fill=line)
    for _ in range(6):
        ends = generator.uniform(-0.2, 1.2, 4) * np.array([*size, *size])
        pen.line(ends.tolist(), fill=_ink(color, generator.uniform(0.82, 1.15)), width=int(generator.integers(2, 7)))
    return picture.filter(ImageFilter.BoxBlur(2.5))


def _plain(size: tuple[int, int], floor: float, color: Color, generator: np.random.Generator) -> Image.Image:
    return Image.new("RGB", size, _ink(color))


Background = Callable[[tuple[int, int], float, Color, np.random.Generator], Image.Image]
_BEHIND_PERSON: tuple[Background, ...] = (_studio, _studio, _wall, _street, _street, _park, _room)
_UNDER_GARMENT: tuple[Background, ...] = (_boards, _carpet, _sheet, _sheet, _plain)
