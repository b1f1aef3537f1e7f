"""The manifest CSV: one row per image.

Columns: `image`, `case_id`, `patient_id`, `site`; optional `view`, `visit`, `sex`, `age`,
`split`, `text_in_pixels`; and the
label columns and case features that the data settings name. Further columns are ignored.
"""

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from components.case_example_gen.external_set import ExternalSet
from components.case_example_gen.image_measurement import ImageMeasurement
from components.case_example_gen.settings import DataSettings
from schemas import case_features
from schemas.case_features import UNKNOWN
from trainer.errors import UserError

REQUIRED_COLUMNS = ("image", "case_id", "patient_id", "site")
GIVEN_SPLITS = (case_features.TRAIN, case_features.VALIDATION, case_features.TEST)
_SEXES = {"f": "female", "m": "male", "": case_features.UNKNOWN} | {
    sex: sex for sex in case_features.SEXES
}
_MOST_DAYS = 50_000
_TEXT_IN_PIXELS = {"yes": True, "no": False, "": None}
_FINDING_VALUES = {"1": 1.0, "1.0": 1.0, "0": 0.0, "0.0": 0.0, "": None}


@dataclass(frozen=True)
class ManifestRow:
    """One image and what the manifest says of it.

    Attributes:
        row: 1-based, header included, as a spreadsheet shows it.
        image: Path as written.
        label: Multi-class: the class; None = unlabelled.
        findings: Multi-label: 1, 0 or None (unknown) per class, in the settings' order.
        case_features: A value per case feature, in the settings' order.
        external: Name of the external collection that the row is of; blank for the data set's own.
        age: Years.
        split: Given split; None = drawn by patient.
        visit: Days since the patient's first visit, or the visit's number; `unknown` if blank.
        text_in_pixels: Whether the pixels hold text, which may name the patient; None = not stated.
        measurement: Of the image, once it was checked, where it is to be written as it is.
        digest: SHA-256 of the image's bytes, once they were read.
        written_digest: SHA-256 of the image as it is to be written, once it was checked.
        written_bytes: Size of that image.
    """

    row: int
    image: str
    case_id: str
    patient_id: str
    site: str
    view: str
    sex: str
    age: float | None
    split: str | None
    label: str | None
    findings: tuple[float | None, ...]
    case_features: tuple[str, ...] = ()
    external: str = ""
    visit: str = UNKNOWN
    text_in_pixels: bool | None = None
    measurement: ImageMeasurement | None = None
    digest: bytes = b""
    written_digest: bytes = b""
    written_bytes: int = 0

    @property
    def order(self) -> tuple[str, int]:
        """Sorts rows as they stand, an external collection's after the data set's own."""
        return self.external, self.row

    @property
    def labelled(self) -> bool:
        """Whether anything is known of this image's case."""
        return self.label is not None or any(value is not None for value in self.findings)


@dataclass(frozen=True)
class RowProblem:
    """A row that cannot be used, with the column to look at.

    It quotes no cell, and names no site: its cells may stand under the wrong headings, and an
    identifier must not get into a message.
    """

    row: int
    column: str
    message: str
    collection: str = ""


def read_manifest(
    lines: TextIO, name: str, data: DataSettings, external: ExternalSet | None = None
) -> Iterator[ManifestRow | RowProblem]:
    """Yields a row or what is wrong with it, for each row; memory does not grow with the file.

    Args:
        lines: The CSV's text; a byte order mark, and `;` or tabs for commas, are understood.
        name: Of the file, for messages.
        data: Task, classes and label column.
        external: The collection whose manifest it is; its identifiers, site and labels then become
            those of the data set. None for the data set's own.

    Raises:
        UserError: The header lacks a column, the file is no text, or a quotation mark swallows
            rows.
    """
    row_number = 1
    try:
        header_line = lines.readline().lstrip("\ufeff")
        delimiter = delimiter_of(header_line)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        columns = _columns(header_line, name, data, external)
        for row_number, cells in enumerate(reader, start=2):
            if not any(cell.strip() for cell in cells):
                continue
            parsed = _parse(row_number, cells, columns, data, external)
            if swallows_rows(cells, delimiter) or isinstance(parsed, RowProblem):
                _require_one_line(cells, name, row_number)
            yield parsed
    except UnicodeDecodeError as error:
        raise UserError(
            f"{name}: not UTF-8 text ({error.reason} at byte {error.start}). "
            "Save it as 'CSV UTF-8'."
        ) from error
    except csv.Error as error:
        raise UserError(
            f"{name}, row {row_number + 1}: cannot be read ({error}). Look for a stray quotation "
            "mark or byte there."
        ) from error


def _require_one_line(cells: Sequence[str], name: str, row: int) -> None:
    """Refuses a file in which a stray quotation mark may have made one bad row of many.

    Nobody could tell how many images are missing. A note of several lines in a sound row is fine.
    """
    lines = max(cell.count("\n") for cell in cells) + 1
    if lines > 1:
        raise UserError(
            f"{name}, row {row}: a quoted cell goes on over {lines} lines. Close or remove its "
            "quotation mark."
        )


def manifest_rows(
    data: DataSettings, external: ExternalSet | None = None
) -> Iterator[ManifestRow | RowProblem]:
    """Yields what `read_manifest` does, from a manifest on this machine.

    Args:
        data: The data set.
        external: One of its external collections; None for the data set's own manifest.

    Raises:
        UserError: The file cannot be opened, or as `read_manifest` says.
    """
    manifest = Path((external or data).manifest)
    try:
        with manifest.open(encoding="utf-8", newline="") as lines:
            yield from read_manifest(lines, str(manifest), data, external)
    except OSError as error:
        raise UserError(
            f"{manifest}: the manifest cannot be read ({error.strerror}). Check data.*.manifest; "
            "relative paths start at the YAML file."
        ) from error


def swallows_rows(cells: Sequence[str], delimiter: str) -> bool:
    """Says whether a cell looks as if a stray quotation mark had made it of several rows.

    Such a cell ends the row that it stands in, and begins another up to the same column: its first
    line has as many delimiters as cells follow it, its last as many as go before it, and a line
    between as many as a row.
    """
    for place, cell in enumerate(cells):
        if "\n" not in cell:
            continue
        first, *between, last = (line.count(delimiter) for line in cell.split("\n"))
        of_a_row = len(cells) - 1
        if first >= of_a_row - place and last >= place and min([*between, of_a_row]) >= of_a_row:
            return True
    return False


def delimiter_of(header: str) -> str:
    """Returns the delimiter of a CSV by its header: a comma, a semicolon or a tab."""
    return max(",;\t", key=header.count)


def _columns(
    header_line: str, name: str, data: DataSettings, external: ExternalSet | None
) -> list[str]:
    columns = [
        c.strip() for c in next(csv.reader([header_line], delimiter=delimiter_of(header_line)), [])
    ]
    if not any(columns):
        raise UserError(f"{name}: the file is empty. Its first row must name the columns.")
    repeated = sorted({column for column in columns if column and columns.count(column) > 1})
    if repeated:
        raise UserError(f"{name}: column '{repeated[0]}' appears twice in the header. Rename one.")
    wanted = list(REQUIRED_COLUMNS)
    if data.task == "multi_class":
        wanted.append((external or data).label_column)
    if data.task == "multi_label":
        wanted.extend(external.labels.values() if external else data.classes)
    wanted.extend(() if external else data.case_features)
    missing = [column for column in wanted if column not in columns]
    if missing:
        raise UserError(
            f"{name}: column{'s' if len(missing) > 1 else ''} missing: {', '.join(missing)}. "
            f"The header has: {', '.join(columns)}."
        )
    return columns


def _parse(
    row: int,
    cells: list[str],
    columns: list[str],
    data: DataSettings,
    external: ExternalSet | None,
) -> ManifestRow | RowProblem:
    values = {column: cell.strip() for column, cell in zip(columns, cells, strict=False)}

    def problem(column: str, message: str) -> RowProblem:
        return RowProblem(row, column, message, external.name if external else "")

    if len(cells) != len(columns):
        return problem("", f"{len(cells)} cells where the header has {len(columns)}")
    for column in REQUIRED_COLUMNS:
        if not values[column]:
            return problem(column, "blank")
    for column in (*REQUIRED_COLUMNS, "view", *data.case_features):
        if "\n" in values.get(column, ""):
            return problem(column, "more than one line")
    sex = _SEXES.get(values.get("sex", "").lower())
    if sex is None:
        return problem("sex", f"not one of {', '.join(case_features.SEXES)}")
    try:
        age = _age(values.get("age", ""))
    except ValueError:
        return problem("age", "no age in years (0..130, or blank)")
    visit = values.get("visit", "")
    if visit and not (visit.isdecimal() and int(visit) <= _MOST_DAYS):
        # A date, as 20240131 too, would leave ingestion as it stands.
        return problem(
            "visit",
            f"no whole number up to {_MOST_DAYS} (days since the patient's first visit, or its "
            "number)",
        )
    split = values.get("split") or None
    if split is not None and split not in GIVEN_SPLITS:
        return problem("split", f"not one of {', '.join(GIVEN_SPLITS)}")
    text = values.get("text_in_pixels", "").lower()
    if text not in _TEXT_IN_PIXELS:
        return problem("text_in_pixels", "neither yes, no nor blank (not stated)")
    label, findings, label_problem = _labels(values, data, external)
    if label_problem:
        return problem(*label_problem)
    return ManifestRow(
        row=row,
        image=values["image"],
        case_id=_identifier(values["case_id"], external),
        patient_id=_identifier(values["patient_id"], external),
        site=external.name if external else values["site"],
        view=values.get("view", "") or case_features.UNKNOWN,
        sex=sex,
        age=age,
        split=split,
        label=label,
        findings=findings,
        case_features=tuple(
            values.get(name) or case_features.UNKNOWN for name in data.case_features
        ),
        external=external.name if external else "",
        visit=str(int(visit)) if visit else case_features.UNKNOWN,
        text_in_pixels=_TEXT_IN_PIXELS[text],
    )


def _identifier(written: str, external: ExternalSet | None) -> str:
    """Keeps the same number in two collections from standing for one patient."""
    return f"{external.name}/{written}" if external else written


def _age(text: str) -> float | None:
    if not text:
        return None
    age = float(text)
    if not (math.isfinite(age) and 0 <= age <= 130):
        raise ValueError(text)
    return age


def _labels(
    values: Mapping[str, str], data: DataSettings, external: ExternalSet | None
) -> tuple[str | None, tuple[float | None, ...], tuple[str, str] | None]:
    if data.task == "multi_class" and external:
        return external.class_of(values[external.label_column]), (), None
    if data.task == "multi_class":
        label = values[data.label_column] or None
        if label is not None and label not in data.classes:
            known = ", ".join(data.classes)
            return None, (), (data.label_column, f"not one of {known}")
        return label, (), None
    if data.task == "multi_label":
        findings: list[float | None] = []
        for name in data.classes:
            finding = external.labels.get(name) if external else name
            if finding is None:
                findings.append(None)
                continue
            if values[finding] not in _FINDING_VALUES:
                message = "neither 1 (present), 0 (absent) nor blank (unknown)"
                return None, (), (finding, message)
            findings.append(_FINDING_VALUES[values[finding]])
        return None, tuple(findings), None
    return None, (), None
