"""Images and a manifest to measure ingestion with."""

import csv
from pathlib import Path

import numpy as np
from PIL import Image

IMAGES_PER_CASE = 2
CASES_PER_PATIENT = 2


def write_images(directory: Path, images: int, side: int) -> int:
    """Writes JPEGs of smooth noise and `manifest.csv`; returns the bytes of the images.

    Two images a case, two cases a patient.
    """
    random = np.random.default_rng(0)
    total = 0
    with (directory / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "case_id", "patient_id", "site", "view"])
        for index in range(images):
            path = directory / f"{index}.jpg"
            coarse = random.integers(0, 255, (side // 16, side // 16, 3), dtype=np.uint8)
            Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC).save(
                path, quality=90
            )
            total += path.stat().st_size
            case = index // IMAGES_PER_CASE
            view = index % IMAGES_PER_CASE
            writer.writerow([path.name, case, case // CASES_PER_PATIENT, "north", view])
    (directory / "key").write_text("0123456789abcdef")
    return total
