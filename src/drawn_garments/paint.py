"""From layers to pixels: anti-aliased outlines, shading, patterns, and a camera's faults."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from drawn_garments.cloth import Cloth, Layer
from drawn_garments.geometry import Frame, Points
from drawn_garments.patterns import PATTERNS, Pixels, folds

SUPERSAMPLING = 2


def paint_layers(
    canvas: Image.Image,
    layers: Sequence[Layer],
    frame: Frame,
    light: tuple[float, float],
    generator: np.random.Generator,
) -> Image.Image:
    """Paint layers from back to front onto a copy of the canvas; light is the direction it comes from."""
    painted = canvas.copy()
    for layer in layers:
        _paint(painted, layer, frame, light, generator)
    return painted


def develop(picture: Image.Image, generator: np.random.Generator) -> Image.Image:
    """What the camera adds: uneven light, white balance, exposure, a little blur, grain."""
    if generator.uniform() < 0.3:
        picture = picture.filter(ImageFilter.BoxBlur(generator.uniform(0.2, 0.6)))
    width, height = picture.size
    across = np.linspace(-1, 1, width, dtype=np.float32)[None, :] * generator.normal(0.0, 0.07)
    down = np.linspace(-1, 1, height, dtype=np.float32)[:, None] * generator.normal(0.0, 0.07)
    exposure = generator.uniform(0.85, 1.12) + across + down
    grain = generator.standard_normal((height, width), dtype=np.float32) * np.float32(generator.uniform(1.5, 6.0))
    balance = generator.normal(1.0, 0.03, 3).astype(np.float32)
    pixels = np.asarray(picture, dtype=np.float32) * exposure.astype(np.float32)[..., None]
    pixels *= balance
    pixels += grain[..., None]
    return Image.fromarray(np.clip(pixels, 0, 255, out=pixels).astype(np.uint8))


def _paint(
    canvas: Image.Image, layer: Layer, frame: Frame, light: tuple[float, float], generator: np.random.Generator
) -> None:
    outlines = [frame.to_pixels(outline) for outline in layer.outlines]
    bounds = _bounds(outlines, canvas.size)
    if bounds is None:
        return
    mask = _mask(outlines, bounds)
    cloth = layer.cloth
    if cloth.flat:
        red, green, blue = (int(channel) for channel in cloth.color)
        canvas.paste((red, green, blue), bounds[:2], mask)
        return
    shortest = min(float(np.ptp(outline, axis=0).min()) for outline in outlines)
    radius = float(np.clip(shortest * 0.12, 0.8, 7.0))
    soft = mask.filter(ImageFilter.BoxBlur(radius))
    if cloth.shadow:
        dark = soft.point([int(level * cloth.shadow) for level in range(256)])
        canvas.paste((12, 12, 18), (bounds[0], bounds[1] + round(radius * 0.5)), dark)
    texture = _texture(cloth, soft, radius, frame.scale, light, generator)
    canvas.paste(texture, bounds[:2], mask)


def _bounds(outlines: Sequence[Points], size: tuple[int, int], air: int = 8) -> tuple[int, int, int, int] | None:
    """The pixels that outlines reach, with a rim for soft edges, or nothing if they are out of the picture."""
    low = np.min([outline.min(axis=0) for outline in outlines], axis=0)
    high = np.max([outline.max(axis=0) for outline in outlines], axis=0)
    left, top = (int(max(edge - air, -air)) for edge in low)
    right, bottom = (int(min(edge + air, side + air)) for edge, side in zip(high, size, strict=True))
    return (left, top, right, bottom) if right - left > air and bottom - top > air else None


def _mask(outlines: Sequence[Points], bounds: tuple[int, int, int, int]) -> Image.Image:
    left, top, right, bottom = bounds
    mask = Image.new("L", ((right - left) * SUPERSAMPLING, (bottom - top) * SUPERSAMPLING))
    pen = ImageDraw.Draw(mask)
    for outline in outlines:
        pen.polygon(((outline - (left, top)) * SUPERSAMPLING).ravel().tolist(), fill=255)
    return mask.reduce(SUPERSAMPLING)


def _texture(
    cloth: Cloth,
    soft: Image.Image,
    radius: float,
    scale: float,
    light: tuple[float, float],
    generator: np.random.Generator,
) -> Image.Image:
    """Cloth in its light: bulging, as the blurred outline is high in the middle and slopes to the rim."""
    bulge = _slope(soft, round(radius * 0.7) + 1, light)
    brightness = 1.0 - cloth.sheen * 0.45 + cloth.sheen * bulge
    if cloth.folds:
        brightness += folds(soft.size, cloth.folds, generator)
    color = np.array(cloth.color, dtype=np.float32)
    if cloth.pattern == "plain":
        pixels = brightness[..., None] * color
    else:
        across_first = soft.size[::-1] if cloth.turned else soft.size
        weight = PATTERNS[cloth.pattern](across_first, max(cloth.period * scale, 2.5), generator)[..., None]
        weight = weight.swapaxes(0, 1) if cloth.turned else weight
        pixels = brightness[..., None] * (color + weight * (np.array(cloth.accent, dtype=np.float32) - color))
    return Image.fromarray(np.clip(pixels, 0, 255, out=pixels).astype(np.uint8))


def _slope(soft: Image.Image, reach: int, light: tuple[float, float]) -> Pixels:
    toward = ImageChops.offset(soft, round(light[0] * reach), round(light[1] * reach))
    height = np.asarray(soft, dtype=np.float32)
    difference = np.asarray(toward, dtype=np.float32) - height
    slope: Pixels = (height * np.float32(0.55) - difference * np.float32(0.9)) * np.float32(1 / 255)
    return slope
