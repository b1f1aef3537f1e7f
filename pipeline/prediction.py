"""Cases to be scored, from a manifest or a folder, and the CSV of their scores."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from components.case_example_gen.image_bytes import read_image_file
from components.case_example_gen.images import BadImageError
from components.case_example_gen.tensorflow_decoding import decodable_image
from components.dataset_readers.image_files import is_apple_double
from components.dataset_readers.published_csv import read_csv
from components.fine_tuner.model_card import ModelCard
from trainer.errors import UserError

_COLUMNS = ("image", "case_id")
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".gif", ".webp")


@dataclass(frozen=True)
class CaseImages:
    """The image files of one case."""

    case_id: str
    images: tuple[Path, ...]


def find_cases(source: Path) -> list[CaseImages]:
    """Lists the cases of a manifest CSV or of a folder.

    In a folder each sub-folder is a case, and each loose image is a case of its own. A manifest
    needs the columns `image` and `case_id` only.

    Raises:
        UserError: There is nothing to score, or a manifest has a row that cannot be read: no
            patient may be lost.
    """
    if source.is_dir():
        cases = _cases_of_folder(source)
    elif source.is_file():
        cases = _cases_of_manifest(source)
    else:
        raise UserError(f"{source}: there is no such manifest or folder.")
    if not cases:
        raise UserError(f"{source}: no image found ({', '.join(IMAGE_SUFFIXES)}).")
    return cases


def _cases_of_folder(folder: Path) -> list[CaseImages]:
    cases = []
    for entry in sorted(folder.iterdir()):
        if entry.is_dir():
            images = tuple(sorted(path for path in entry.rglob("*") if _is_image(path)))
            if images:
                cases.append(CaseImages(entry.name, images))
        elif _is_image(entry):
            cases.append(CaseImages(entry.stem, (entry,)))
    return cases


def _is_image(path: Path) -> bool:
    if is_apple_double(path):
        return False
    return path.is_file() and path.suffix.lower() in IMAGE_SUFFIXES


def _cases_of_manifest(manifest: Path) -> list[CaseImages]:
    images_of_case: dict[str, list[Path]] = {}
    for row in read_csv(manifest, _COLUMNS):
        for column in _COLUMNS:
            if not row[column] or "\n" in row[column]:
                raise UserError(
                    f"{manifest}: {column} is blank, or of several lines, in the row after "
                    f"{sum(map(len, images_of_case.values()))} others. Mend or remove that row."
                )
        images_of_case.setdefault(row["case_id"], []).append(manifest.parent / row["image"])
    return [CaseImages(case_id, tuple(images)) for case_id, images in images_of_case.items()]


@dataclass(frozen=True)
class ReadCase:
    """A case with the bytes of those of its images that can be used."""

    case: CaseImages
    images: tuple[bytes, ...]


def read_cases(cases: Iterable[CaseImages], left_out: list[str]) -> Iterator[ReadCase]:
    """Reads the images of each case; what cannot be used is added to `left_out`, a line each.

    A case without any usable image is left out as a whole.
    """
    for case in cases:
        images = []
        for path in case.images:
            try:
                images.append(decodable_image(read_image_file(path)).encoded)
            except OSError as error:
                left_out.append(f"{path}: cannot be read ({error.strerror}); left out.")
            except BadImageError as error:
                left_out.append(f"{path}: {error.reason}; left out.")
        if images:
            yield ReadCase(case, tuple(images))
        else:
            left_out.append(f"case '{case.case_id}': no usable image; not scored.")


def write_scores(
    output: Path,
    card: ModelCard,
    scored: Iterable[tuple[ReadCase, npt.NDArray[np.float32]]],
) -> int:
    """Writes `case_id`, `images` (how many were read), a probability per class, and `prediction`.

    `prediction` is the likeliest class (multi-class), or the findings at or above their operating
    point, joined by `;` (multi-label).

    Returns:
        The number of cases written.
    """
    number = 0
    output.parent.mkdir(parents=True, exist_ok=True)
    with output.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["case_id", "images", *card.classes, "prediction"])
        for read, scores in scored:
            probabilities = [f"{score:.6f}" for score in scores]
            row = [read.case.case_id, len(read.images), *probabilities, prediction(scores, card)]
            writer.writerow(row)
            number += 1
    return number


def prediction(scores: Sequence[float] | npt.NDArray[np.float32], card: ModelCard) -> str:
    """Returns what the scores say at the operating point."""
    if card.task == "multi_class":
        return card.classes[int(np.argmax(scores))]
    return ";".join(
        name
        for name, score in zip(card.classes, scores, strict=True)
        if score >= card.operating_point[name]
    )
