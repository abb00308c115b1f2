"""Draws the flow as Kedro-Viz shows it at first, its boxes closed.

    python docs/draw_flow.py

Needs Chromium: that of the system, or the one that ``playwright install chromium`` fetches.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

_ROOT = Path(__file__).parents[1]
_SHOWN = {"theme": "light", "showFeatureHints": False, "visible": {"sidebar": False, "miniMap": False}}
"""What Kedro-Viz keeps in the browser: no introduction, no list, no map beside the flow."""
_MARGIN = 16  # pixels around the flow


def main() -> None:
    """Start Kedro-Viz, look at it once, and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pipeline", default="__default__")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("flow.png"))
    options = parser.parse_args()
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1600, "height": 1000}, device_scale_factor=2)
        page.add_init_script(f"localStorage.setItem('KedroViz', {json.dumps(json.dumps(_SHOWN))})")
        page.goto(f"{address}/?pid={options.pipeline}")
        draw(page, options.output)
        browser.close()
    shrink(options.output)


@contextmanager
def served() -> Iterator[str]:
    """Kedro-Viz at the address that it says, until it is no longer looked at."""
    command = [str(Path(sys.executable).with_name("kedro")), "viz", "run", "--env=demo", "--no-browser"]
    process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        said = iter(process.stdout or ())
        found = next((match for line in said if (match := re.search(r"http://[\w.]+:\d+", line))), None)
        if found is None:
            raise SystemExit("Kedro-Viz does not start; what it says stands above")
        yield found[0]
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)  # its server is a process of its own
        process.wait()


def draw(page: Page, path: Path) -> None:
    """Take the part of the page that has nodes and edges."""
    page.locator(".pipeline-edge").first.wait_for()
    page.get_by_text("Dismiss").click()  # an advertisement
    boxes = _settled(page)
    left, top = (min(box[side] for box in boxes) - _MARGIN for side in ("left", "top"))
    right, bottom = (max(box[side] for box in boxes) + _MARGIN for side in ("right", "bottom"))
    page.screenshot(path=path, clip={"x": left, "y": top, "width": right - left, "height": bottom - top})


def shrink(path: Path) -> None:
    """The same picture in 64 colors: there are but lines and letters."""
    with Image.open(path) as picture:
        reduced = picture.convert("RGB").quantize(64, dither=Image.Dither.NONE)
    reduced.save(path, optimize=True)


def _settled(page: Page) -> list[dict[str, float]]:
    """Where nodes and edges are once they have stopped moving to their places."""
    places = "parts => parts.map(part => part.getBoundingClientRect().toJSON())"
    before: list[dict[str, float]] = []
    while (now := page.locator(".pipeline-node, .pipeline-edge").evaluate_all(places)) != before:
        before = now
        page.wait_for_timeout(1000)
    return now


if __name__ == "__main__":
    main()
