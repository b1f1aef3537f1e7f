"""Shows what `micle validate` and `micle inspect` cost: seconds and peak memory by images.

    python benchmarks/manifest_checks.py
    python benchmarks/manifest_checks.py --images 10000 1000000      # 4 GB of disk

Images of a few bytes, since neither command decodes more than a sample: what is measured is what
they keep of rows, cases and patients. Every measurement is in a process of its own.
"""

import argparse
import csv
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from components.case_example_gen.settings import DataSettings
from pipeline.inspection.inspection_data import inspection_data
from pipeline.validation.data_checks import validate_data

CLASSES = ("absent", "mild", "severe")
SITES = 10
IMAGES_PER_CASE = 2
CASES_PER_PATIENT = 2
_IMAGES_OF_A_FOLDER = 10_000
_SAMPLE = 300


def main() -> None:
    """Prints a row for each size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, nargs="+", default=[2_000, 40_000, 200_000])
    arguments = parser.parse_args()
    print("| images | command | seconds | peak memory, MB |")
    print("|---|---|---|---|", flush=True)
    context = multiprocessing.get_context("spawn")
    for images in arguments.images:
        with tempfile.TemporaryDirectory() as directory:
            with context.Pool(1) as pool:
                manifest = pool.apply(write_data, (directory, images))
            for command in (validate, inspect):
                with context.Pool(1) as pool:
                    seconds, peak = pool.apply(measure, (command, manifest))
                print(f"| {images} | {command.__name__} | {seconds:.0f} | {peak:.0f} |", flush=True)


def measure(command: Callable[[DataSettings], None], manifest: str) -> tuple[float, float]:
    """Returns the seconds of a command, and the peak memory of this process in MB."""
    start = time.perf_counter()
    command(DataSettings(manifest=manifest, task="multi_class", classes=CLASSES))
    seconds = time.perf_counter() - start
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def validate(data: DataSettings) -> None:
    """Does what `micle validate` does with a data set."""
    findings, _ = validate_data(data, label_fraction=1.0, is_evaluated=True)
    if findings:
        raise AssertionError(f"the drawn data are not sound: {findings[0]}")


def inspect(data: DataSettings) -> None:
    """Does what `micle inspect` does, but for the page."""
    inspection_data(data, images_per_site=_SAMPLE, thumbnails_per_site=12)


def write_data(directory: str, images: int) -> str:
    """Writes small images, no two alike, and their manifest; returns its path."""
    manifest = Path(directory, "manifest.csv")
    with manifest.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "case_id", "patient_id", "site", "view", "label"])
        for index in range(images):
            folder = Path(directory, str(index // _IMAGES_OF_A_FOLDER))
            folder.mkdir(exist_ok=True)
            path = folder / f"{index}.png"
            # The number itself, as pixels.
            pixels = np.frombuffer(index.to_bytes(16, "big"), np.uint8).reshape(4, 4)
            Image.fromarray(pixels).save(path)
            case = index // IMAGES_PER_CASE
            patient = case // CASES_PER_PATIENT
            writer.writerow(
                [
                    path.relative_to(directory),
                    f"case-{case:08d}",
                    f"patient-{patient:08d}",
                    f"site {patient % SITES}",
                    ("PA", "lateral")[index % IMAGES_PER_CASE],
                    CLASSES[case % len(CLASSES)],
                ]
            )
    return str(manifest)


if __name__ == "__main__":
    main()
