"""Command line of the drawn garments: ``python -m drawn_garments FOLDER``."""

import argparse
import difflib
from collections.abc import Callable, Sequence
from pathlib import Path

from apparel_eye.attributes import DIMENSIONS
from drawn_garments import write_samples


def main(arguments: Sequence[str] | None = None) -> None:
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        write_samples(options.folder, options.categories, options.photos, options.questions, options.seed, options.size)
    except OSError as error:
        parser.error(str(error))


def parse_categories(text: str) -> tuple[str, ...]:
    """Category names from a comma-separated list, or all eight."""
    if text.strip() == "all":
        return tuple(DIMENSIONS)
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise argparse.ArgumentTypeError(f"no category named; known are: all, {', '.join(DIMENSIONS)}")
    for name in names:
        if name not in DIMENSIONS:
            near = difflib.get_close_matches(name, DIMENSIONS, n=1, cutoff=0.0)[0]
            raise argparse.ArgumentTypeError(
                f"unknown category {name!r}; did you mean {near!r}? Known are: all, {', '.join(DIMENSIONS)}"
            )
    return tuple(dict.fromkeys(names))


def whole_number(least: int) -> Callable[[str], int]:
    """A reader of whole numbers that refuses those below the least."""

    def read(text: str) -> int:
        if not text.strip().isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {least}")
        return int(text)

    return read


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m drawn_garments",
        description="Draw photo-like pictures of garments, with labels, in the layout of the FashionAI release.",
        epilog="A folder that holds the same samples already is left as it is; any other folder must be empty or new.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where to write")
    parser.add_argument(
        "--categories",
        type=parse_categories,
        default="skirt_length",
        metavar="NAME,NAME",
        help=f"what to draw: all, or some of {', '.join(DIMENSIONS)}",
    )
    parser.add_argument("--photos", type=whole_number(1), default=40, help="labeled photos per value")
    parser.add_argument("--questions", type=whole_number(0), default=12, help="photos to predict per value")
    parser.add_argument("--seed", type=whole_number(0), default=1, help="another seed draws other pictures")
    parser.add_argument("--size", type=whole_number(64), default=256, help="long side of the photos in pixels")
    return parser


if __name__ == "__main__":
    main()
