"""Turns published layouts of image collections into manifest rows; no image is opened."""

import csv
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from trainer.errors import UserError

_HAM10000_METADATA = "HAM10000_metadata"
_HAM10000_FOLDERS = ("HAM10000_images_part_1", "HAM10000_images_part_2")
_HAM10000_COLUMNS = ("lesion_id", "image_id", "dx", "age", "sex", "dataset")
_IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png")


def ham10000_manifest(source: Path) -> Iterator[dict[str, str]]:
    """Reads HAM10000 as published: `HAM10000_metadata` beside its two image folders.

    A case is a lesion. A lesion that two sources photographed is one case per source, named
    `lesion/source`, so that every case has one site; both keep the lesion as their patient and
    so stay in one split. (The collection names no patients.)

    Args:
        source: Folder of the metadata.

    Yields:
        One row per image, in the order of the metadata; `label` is the diagnosis `dx`. An image
        that stands in neither folder is given as if in the first, for ingestion to report.

    Raises:
        UserError: The metadata are missing or lack a column.
    """
    metadata = source / _HAM10000_METADATA
    lesion_sources: defaultdict[str, set[str]] = defaultdict(set)
    for row in _read(metadata, _HAM10000_COLUMNS):
        lesion_sources[row["lesion_id"]].add(row["dataset"])
    for row in _read(metadata, _HAM10000_COLUMNS):
        lesion, dataset = row["lesion_id"], row["dataset"]
        yield {
            "image": str(_ham10000_image(source, row["image_id"])),
            "case_id": lesion if len(lesion_sources[lesion]) == 1 else f"{lesion}/{dataset}",
            "patient_id": lesion,
            "site": dataset,
            "view": "",
            "label": row["dx"],
            "sex": row["sex"],
            "age": row["age"],
        }


def image_folder_manifest(source: Path) -> Iterator[dict[str, str]]:
    """Lists unlabelled natural images: every image below a folder is a case of its own.

    Args:
        source: Folder, with or without subfolders (ImageNet's layout is understood).

    Yields:
        One row per JPEG or PNG file, files of a folder before its subfolders, with site `natural`.

    Raises:
        UserError: The folder is missing or has no image.
    """
    if not source.is_dir():
        raise UserError(f"{source}: no such folder. Name the folder of the natural images.")
    empty = True
    for path in _images_below(source):
        empty = False
        name = path.relative_to(source).as_posix()
        yield {"image": str(path), "case_id": name, "patient_id": name, "site": "natural"}
    if empty:
        raise UserError(f"{source}: no .jpg, .jpeg or .png file in it. Name a folder of images.")


def write_manifest(rows: Iterable[dict[str, str]], path: Path) -> int:
    """Writes rows as a manifest CSV, one at a time; a failed run leaves an old file untouched.

    Args:
        rows: All with the same columns; `image` is a path from the working directory.
        path: Of the CSV. Images below its folder are named relative to it, others absolutely.

    Returns:
        The number of rows.
    """
    folder = path.parent.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    count = 0
    with partial.open("w", encoding="utf-8", newline="") as file:
        writer = None
        for row in rows:
            if writer is None:
                writer = csv.DictWriter(file, list(row), lineterminator="\n")
                writer.writeheader()
            writer.writerow({**row, "image": _from_folder(row["image"], folder)})
            count += 1
    partial.replace(path)
    return count


def _read(path: Path, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    if not path.is_file():
        raise UserError(f"{path}: no such file. Name the folder that holds {path.name}.")
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = [column for column in columns if column not in (reader.fieldnames or ())]
        if missing:
            raise UserError(
                f"{path}: column {', '.join(missing)} missing. Use the file as published."
            )
        yield from reader


def _ham10000_image(source: Path, image_id: str) -> Path:
    candidates = [source / folder / f"{image_id}.jpg" for folder in _HAM10000_FOLDERS]
    return next((path for path in candidates if path.exists()), candidates[0])


def _images_below(folder: Path) -> Iterator[Path]:
    for parent, subfolders, files in os.walk(folder):
        subfolders.sort()
        for name in sorted(files):
            if name.lower().endswith(_IMAGE_SUFFIXES):
                yield Path(parent, name)


def _from_folder(image: str, folder: Path) -> str:
    resolved = Path(image).resolve()
    return str(resolved.relative_to(folder) if resolved.is_relative_to(folder) else resolved)
