"""Writes the default data: all or nothing, once, and the same bytes for the same seed."""

import csv
import json
import logging
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from components.dataset_readers.image_folder import ImageFolderReader
from components.dataset_readers.manifest_file import write_manifest
from components.dataset_readers.reader import ReaderChoices
from pipeline.demo_data.acquisition import acquire
from pipeline.demo_data.cohort import DemoCase, sample_cases
from pipeline.demo_data.findings import FINDINGS
from pipeline.demo_data.natural import natural_image
from pipeline.demo_data.radiograph import attenuation, sample_view
from pipeline.demo_data.sites import SITES
from pipeline.demo_data.size import DemoSize
from trainer import progress
from trainer.errors import UserError

logger = logging.getLogger(__name__)

GENERATOR_VERSION = 2
"""Raise it with every change of the pictures, so that old data are made anew."""
COLUMNS = ("image", "case_id", "patient_id", "site", "view", *FINDINGS, "sex", "age")

_MARKER = "complete.json"
_JPEG_QUALITY = 88
_SECONDS_BETWEEN_REPORTS = 1.0


def write_demo_data(directory: str | Path, seed: int = 0, size: DemoSize | None = None) -> None:
    """Writes chest radiographs with their manifest, and natural-like images.

    `medical/manifest.csv`, `medical/images/<site>/*.png|jpg`, `natural/manifest.csv`,
    `natural/images/*.jpg`, and last `complete.json`, which says how they were made. Where that
    already says the same, nothing is done. The data are made beside the directory and moved, so a
    run that was killed leaves no half of them. On one machine the same seed gives the same bytes.

    Args:
        directory: Made if need be; must be empty or hold earlier generated data.
        seed: Of everything random.
        size: How much; the demo's if None.

    Raises:
        UserError: The directory holds something else.
    """
    size = size or DemoSize()
    target = Path(directory)
    recipe = {"generator_version": GENERATOR_VERSION, "seed": seed, **size.model_dump()}
    if _recipe_of(target) == recipe:
        logger.info("demo data: %s is up to date", target)
        return
    _require_replaceable(target)
    partial = target.with_name(target.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    report = _Reporter(size)
    _write_medical(partial / "medical", seed, size, report)
    _write_natural(partial / "natural", seed, size, report)
    (partial / _MARKER).write_text(json.dumps(recipe, indent=2) + "\n", encoding="utf-8")
    if target.exists():
        shutil.rmtree(target)
    partial.rename(target)


def _recipe_of(target: Path) -> dict[str, Any] | None:
    try:
        recipe: dict[str, Any] = json.loads((target / _MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return recipe


def _require_replaceable(target: Path) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise UserError(f"{target}: a file; the demo data need a directory. Name another one.")
    if _recipe_of(target) is None and any(target.iterdir()):
        raise UserError(
            f"{target}: holds files that the demo did not make. Name an empty or new directory."
        )


class _Reporter:
    """Counts images and reports about once a second."""

    def __init__(self, size: DemoSize) -> None:
        # The number of radiographs is drawn with the cases: 2.65 a case on average.
        self._total = round(2.65 * sum(size.cases.values())) + size.natural_images
        self._done = 0
        self._start = self._last = time.monotonic()

    def image_done(self) -> None:
        self._done += 1
        now = time.monotonic()
        if now - self._last < _SECONDS_BETWEEN_REPORTS:
            return
        self._last = now
        total = max(self._total, self._done)
        rate = self._done / (now - self._start)
        progress.report(progress.Progress("demo data", self._done, total, "images", rate))


def _write_medical(folder: Path, seed: int, size: DemoSize, report: _Reporter) -> None:
    folder.mkdir(parents=True)
    with (folder / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        manifest = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        manifest.writeheader()
        for number, (name, count) in enumerate(size.cases.items()):
            (folder / "images" / name).mkdir(parents=True)
            rng = np.random.default_rng([seed, 1, number])
            for row, image in _site_images(rng, sample_cases(rng, SITES[name], count)):
                _save(image, folder / row["image"])
                manifest.writerow(row)
                report.image_done()


def _site_images(
    rng: np.random.Generator, cases: Iterator[DemoCase]
) -> Iterator[tuple[dict[str, str], Image.Image]]:
    """Draws the images of a site's cases; file names count up and name no patient."""
    number = 0
    for case in cases:
        site = case.site
        for view_name in case.views:
            number += 1
            view = sample_view(rng, view_name)
            shadow = attenuation(case.anatomy, case.disease, view)
            row = {
                "image": f"images/{site.name}/{number:05d}.{site.image_format}",
                "case_id": case.case_id,
                "patient_id": case.patient_id,
                "site": site.name,
                "view": view_name,
                **case.labels,
                "sex": case.sex,
                "age": case.age,
            }
            yield row, acquire(rng, shadow, site, view_name)


def _write_natural(folder: Path, seed: int, size: DemoSize, report: _Reporter) -> None:
    (folder / "images").mkdir(parents=True)
    rng = np.random.default_rng([seed, 2])
    for number in range(1, size.natural_images + 1):
        _save(natural_image(rng), folder / "images" / f"{number:05d}.jpg")
        report.image_done()
    reader = ImageFolderReader()
    rows = reader.rows(folder / "images", ReaderChoices())
    write_manifest(reader, rows, folder / "manifest.csv")


def _save(image: Image.Image, path: Path) -> None:
    if path.suffix == ".png":
        image.save(path, compress_level=1)
    else:
        image.save(path, quality=_JPEG_QUALITY)
