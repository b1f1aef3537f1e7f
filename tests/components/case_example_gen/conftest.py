import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

COLUMNS = [
    *("image", "case_id", "patient_id", "site", "view", "sex", "age", "split", "label"),
    "text_in_pixels",
]


@pytest.fixture
def write_image(tmp_path: Path) -> Callable[..., str]:
    """Writes a small image with its own content; returns its name."""

    def write(name: str, seed: int, mode: str = "RGB", **options: object) -> str:
        pixels = np.random.default_rng(seed).integers(0, 255, (20, 24, 3), dtype=np.uint8)
        Image.fromarray(pixels).convert(mode).save(tmp_path / name, **options)
        return name

    return write


@pytest.fixture
def write_manifest(tmp_path: Path) -> Callable[..., str]:
    """Writes rows (dictionaries) as `manifest.csv`; returns its path."""

    def write(rows: list[dict[str, str]], columns: list[str] = COLUMNS) -> str:
        path = tmp_path / "manifest.csv"
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            writer.writerows(rows)
        return str(path)

    return write
