"""How fast photos are scanned, and how much memory that takes, beside a bare loop that decodes and hashes them.

    python benchmarks/ingest.py [--photos 20000] [--growth 5000 20000 80000] [--folder FOLDER]

The files are drawn into FOLDER (a temporary one that is removed afterwards, if it is left out): JPEGs of about
600 x 750 pixels, no two alike. Each measurement is a process of its own, so that its peak of memory is its own; memory
is that of the process and its workers together, without pages of files. All files are in the page cache if they fit.
"""

import argparse
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
from PIL import Image
from tqdm import tqdm

from apparel_eye.data.raw_folder import scan_folder
from apparel_eye.data.scan import scan_photos
from apparel_eye.datasets import ArrayDataset
from apparel_eye.parameters import PhotoParameters

LIMITS = PhotoParameters(
    formats=("JPEG",), max_bytes=10**8, max_pixels=4 * 10**7, min_side=16, max_side_ratio=20, ground="white"
)
DIFFERENT = 20_000
"""Pictures; further files are the same ones with a comment, so that their bytes differ and decoding costs the same."""


def main() -> None:
    """Draw the files, measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=20_000)
    parser.add_argument("--growth", type=int, nargs="*", default=[5_000, 20_000, 80_000])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--measure", choices=["first_scan", "bare_loop", "match"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(globals()[arguments.measure], arguments.folder, arguments.photos)
        return
    folder = arguments.folder or Path(tempfile.mkdtemp())
    try:
        sizes = {arguments.photos, *arguments.growth}
        draw(folder / "raw", max(sizes))
        for num_photos in sizes:
            link(folder / "raw", folder / f"raw-{num_photos}", num_photos)
        compare(folder, arguments.photos)
        grow(folder, arguments.growth)
    finally:
        if not arguments.folder:
            shutil.rmtree(folder)


def compare(folder: Path, num_photos: int) -> None:
    """First scan, bare loop, second scan, matching: alternating, so that a noisy machine disturbs both sides alike."""
    firsts, bares = [], []
    for _ in range(3):
        shutil.rmtree(folder / "scan", ignore_errors=True)
        firsts.append(apart(first_scan, folder, num_photos)[0])
        bares.append(apart(bare_loop, folder, num_photos)[0])
    second, _ = apart(first_scan, folder, num_photos)
    matching, memory = apart(match, folder, num_photos)
    first, bare = float(np.median(firsts)), float(np.median(bares))
    print(f"{num_photos:,} photos, {os.cpu_count()} processes, median of 3")
    print(f"first scan          {num_photos / first:9,.0f} photos/s")
    print(f"bare Pillow loop    {num_photos / bare:9,.0f} photos/s; the first scan is {bare / first:.2f} times as fast")
    print(f"second scan         {num_photos / second:9,.0f} photos/s; {first / second:.0f} times as fast as the first")
    print(f"matching duplicates {num_photos / matching:9,.0f} photos/s ({matching:.1f} s, {memory:.0f} MB)")


def grow(folder: Path, sizes: list[int]) -> None:
    """Time and memory of a first scan against the number of files."""
    print("\n   photos   seconds   ms/photo   memory, MB")
    for num_photos in sizes:
        shutil.rmtree(folder / "scan", ignore_errors=True)
        seconds, memory = apart(first_scan, folder, num_photos)
        print(f"{num_photos:9,} {seconds:9.1f} {1000 * seconds / num_photos:10.2f} {memory:12.0f}")


def first_scan(folder: Path, num_photos: int) -> None:
    """List, read, check, hash and make thumbnails; a second one if there are results."""
    raw = scan_folder(folder / f"raw-{num_photos}")
    known = [dataset.earlier() for dataset in results(folder)]
    for part in scan_photos(photos_of(raw.files), raw, *known, LIMITS):
        for dataset, rows in zip(results(folder), part, strict=True):
            dataset.save(rows)


def match(folder: Path, num_photos: int) -> None:
    """Find copies among what was scanned."""
    from apparel_eye.data.duplicates.copies import find_duplicates  # imports torch, whose memory is no part of a scan

    raw = scan_folder(folder / f"raw-{num_photos}")
    records, thumbnails = (dataset.load() for dataset in results(folder))
    find_duplicates(photos_of(raw.files), records, thumbnails, min_similarity=0.65)


def results(folder: Path) -> tuple[ArrayDataset, ArrayDataset]:
    """Where records and thumbnails are written."""
    scan = folder / "scan"
    return ArrayDataset(str(scan / "records.npy")), ArrayDataset(str(scan / "thumbnails.npy"))


def bare_loop(folder: Path, num_photos: int) -> None:
    """Decode and hash over as many processes."""
    root = folder / f"raw-{num_photos}"
    paths = [root / file.key for file in scan_folder(root).files]
    with Pool(os.cpu_count()) as pool:
        for _ in pool.imap(decode_and_hash, paths, chunksize=32):
            pass


def decode_and_hash(path: Path) -> tuple[str, tuple[int, int]]:
    """What any loader must do to each photo."""
    data = path.read_bytes()
    image = Image.open(io.BytesIO(data))
    image.load()
    return hashlib.sha256(data).hexdigest(), image.size


def photos_of(files: tuple) -> pd.DataFrame:
    """As ``layouts.read_layout`` lists them."""
    return pd.DataFrame(
        {
            "image_key": [file.key for file in files],
            "size": [file.size for file in files],
            "modified": [file.modified for file in files],
            "problem": "",
            "value": "",
            "role": "labelled",
            "split": "",
        }
    )


def apart(work: Callable[[Path, int], None], folder: Path, num_photos: int) -> tuple[float, float]:
    """Seconds, and the peak of memory in MB of a process of its own and its workers."""
    command = [sys.executable, __file__, "--measure", work.__name__, "--folder", folder, "--photos", str(num_photos)]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    seconds, memory = printed.split()
    return float(seconds), float(memory)


def measure(work: Callable[[Path, int], None], folder: Path, num_photos: int) -> None:
    """Do the work while a thread looks at the memory, and print both."""
    done, peak = threading.Event(), [0.0]
    watcher = threading.Thread(target=watch, args=(done, peak))
    watcher.start()
    started = time.perf_counter()
    work(folder, num_photos)
    seconds = time.perf_counter() - started
    done.set()
    watcher.join()
    print(seconds, peak[0])


def watch(done: threading.Event, peak: list[float]) -> None:
    """Private memory (RssAnon), which the pages of mapped files are no part of."""
    while not done.wait(0.1):
        own = psutil.Process()
        peak[0] = max(peak[0], sum(anonymous(process.pid) for process in [own, *own.children(recursive=True)]) / 1e6)


def anonymous(pid: int) -> float:
    """Bytes; 0 if the process has ended meanwhile."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((1024.0 * int(line.split()[1]) for line in lines if line.startswith("RssAnon")), 0.0)


def draw(raw: Path, num_photos: int) -> None:
    """Different files; those that are there already are kept."""
    raw.mkdir(parents=True, exist_ok=True)
    missing = [number for number in range(num_photos) if not path_of(raw, number).exists()]
    with Pool(os.cpu_count()) as pool:
        drawn = [(raw, number) for number in missing if number < DIFFERENT]
        for _ in tqdm(pool.imap_unordered(draw_one, drawn, chunksize=64), total=len(drawn), desc="draw", unit="photo"):
            pass
    for number in missing:
        if number >= DIFFERENT:
            picture, comment = path_of(raw, number % DIFFERENT).read_bytes(), f"{number:010}".encode()
            path_of(raw, number).parent.mkdir(exist_ok=True)
            path_of(raw, number).write_bytes(picture[:2] + b"\xff\xfe\x00\x0c" + comment + picture[2:])


def link(raw: Path, root: Path, num_photos: int) -> None:
    """A raw folder of some of the files, by hard links."""
    for number in range(num_photos):
        path = path_of(root, number)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.hardlink_to(path_of(raw, number))


def path_of(raw: Path, number: int) -> Path:
    """A thousand files a folder."""
    return raw / f"{number // 1000:03}" / f"{number:06}.jpg"


def draw_one(job: tuple[Path, int]) -> None:
    """Blots of color at three scales under a little grain, with the bits per pixel of street photos (1.4)."""
    raw, number = job
    generator = np.random.default_rng(number)
    width, height = (int(side + generator.integers(-40, 41)) for side in (600, 750))
    picture = np.zeros((height, width, 3), dtype=np.float32)
    for cells, share in ((4, 0.5), (16, 0.3), (75, 0.2)):
        blots = generator.integers(0, 256, (cells * 5 // 4, cells, 3), dtype=np.uint8)
        picture += share * np.asarray(Image.fromarray(blots).resize((width, height), Image.Resampling.BICUBIC))
    grain = np.tile(generator.normal(0, 2, (128, 128, 1)).astype(np.float32), (7, 6, 1))[:height, :width]
    path_of(raw, number).parent.mkdir(exist_ok=True)
    Image.fromarray((picture + grain).clip(0, 255).astype(np.uint8)).save(path_of(raw, number), quality=88)


if __name__ == "__main__":
    main()
