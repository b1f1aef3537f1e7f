"""From rows to cases, and from patients to splits: pure rules, used by Beam and by validation."""

import dataclasses
import hashlib
import itertools
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

from components.case_example_gen.manifest import ManifestRow
from components.case_example_gen.settings import DataSettings
from schemas import case_features


@dataclass(frozen=True)
class Case:
    """What a clinician would label once: its rows, and what they agree on."""

    case_id: str
    patient_id: str
    site: str
    sex: str
    age: float | None
    split: str | None
    label: str | None
    findings: tuple[float | None, ...]
    case_features: tuple[tuple[str, str], ...]
    rows: tuple[ManifestRow, ...]

    @property
    def labelled(self) -> bool:
        """Whether anything is known of this case."""
        return self.label is not None or any(value is not None for value in self.findings)


@dataclass(frozen=True)
class Conflict:
    """Rows that contradict each other, and the column in which they do."""

    rows: tuple[ManifestRow, ...]
    column: str
    message: str


def assemble_case(rows: Iterable[ManifestRow], data: DataSettings) -> Case | Conflict:
    """Joins the rows of one case, in the order of the manifest.

    A blank in one row gives way to a value in another (labels, sex, age, split, case features); two
    different values are a conflict. A copy of another row's image adds what it says, and no image.
    """
    ordered = tuple(sorted(rows, key=lambda row: row.order))
    copies = {copy.order for copy, _ in copies_within(ordered)}
    merged: dict[str, str | float | None] = {}
    for column in ("patient_id", "site", "sex", "age", "split", "label"):
        values = _distinct(getattr(row, column) for row in ordered)
        if len(values) > 1:
            return _conflict(ordered, column)
        merged[column] = values[0] if values else None
    findings: list[float | None] = []
    for index in range(len(ordered[0].findings)):
        values = _distinct(row.findings[index] for row in ordered)
        if len(values) > 1:
            return _conflict(ordered, data.classes[index])
        findings.append(values[0] if values else None)  # type: ignore[arg-type]
    features = []
    for index, name in enumerate(data.case_features):
        values = _distinct(row.case_features[index] for row in ordered)
        if len(values) > 1:
            return _conflict(ordered, name)
        features.append((name, str(values[0]) if values else case_features.UNKNOWN))
    return Case(
        case_id=ordered[0].case_id,
        findings=tuple(findings),
        case_features=tuple(features),
        rows=tuple(row for row in ordered if row.order not in copies),
        sex=str(merged.pop("sex") or case_features.UNKNOWN),
        **merged,  # type: ignore[arg-type]
    )


def copies_within(rows: Iterable[ManifestRow]) -> list[tuple[ManifestRow, ManifestRow]]:
    """Returns each row of a case with an earlier row's image, and that row.

    A file with a row for each reader names an image once for each label.
    """
    firsts: dict[bytes, ManifestRow] = {}
    copies = []
    for row in sorted(rows, key=lambda row: row.order):
        if row.digest and firsts.setdefault(row.digest, row) is not row:
            copies.append((row, firsts[row.digest]))
    return copies


def without_images(case: Case, digests: Container[bytes]) -> Case | None:
    """Returns a case without some of its images; None where it has no other."""
    rows = tuple(row for row in case.rows if row.digest not in digests)
    return dataclasses.replace(case, rows=rows) if rows else None


def labels_differ(one: ManifestRow, other: ManifestRow) -> bool:
    """Says whether two rows state different labels; unknown ones differ from none."""
    pairs = [(one.label, other.label), *zip(one.findings, other.findings, strict=True)]
    return any(None not in pair and pair[0] != pair[1] for pair in pairs)


def _distinct(values: Iterable[str | float | None]) -> list[str | float]:
    known = (value for value in values if value is not None and value != case_features.UNKNOWN)
    return list(dict.fromkeys(known))


def _conflict(rows: tuple[ManifestRow, ...], column: str) -> Conflict:
    # The values stay behind: an identifier may stand in any column.
    if column == "patient_id":
        return Conflict(rows, column, "one case with the identifiers of two patients")
    return Conflict(rows, column, "one case with two values; make its rows agree")


MOST_IMAGES = 256
"""Of a case: pairs are drawn from as many."""
MOST_BYTES = 512 * 1024**2
"""Of a case's images together: a case is one record, of which protocol buffers allow 2 GB, and a
worker holds its bytes three times while it writes them. Any PNG of `MAX_PIXELS` has fewer.
"""


def within_limit(
    case: Case, most_images: int = MOST_IMAGES, most_bytes: int = MOST_BYTES
) -> tuple[Case, tuple[ManifestRow, ...]]:
    """Returns a case with no more images than it may hold, drawn by a hash, and the other rows.

    Args:
        case: Each of its images alone is within the limits.
        most_images: That are kept.
        most_bytes: Of those that are kept, together.
    """
    if len(case.rows) <= most_images and sum(row.written_bytes for row in case.rows) <= most_bytes:
        return case, ()
    drawn = sorted(case.rows, key=_draw)
    sizes = itertools.accumulate(row.written_bytes for row in drawn)
    fitting = min(most_images, sum(size <= most_bytes for size in sizes))
    kept = sorted(drawn[:fitting], key=lambda row: row.order)
    return dataclasses.replace(case, rows=tuple(kept)), tuple(drawn[fitting:])


def _draw(row: ManifestRow) -> bytes:
    return hashlib.sha256(f"{row.case_id}:{row.image}".encode()).digest()


@dataclass(frozen=True)
class PatientSplit:
    """The split of one patient's cases; cases that must be left out, with the reason."""

    placed: tuple[tuple[str, Case], ...]
    left_out: tuple[tuple[Case, str], ...]


BEYOND_THE_LIMIT = "one of more images than a case may hold"
HELD_OUT_PATIENT = "patient is also seen at a held-out site"
TWO_SPLITS = "patient stands in two given splits"


def split_patient(cases: Sequence[Case], data: DataSettings) -> PatientSplit:
    """Places all cases of one patient in one split.

    A patient with a case at a held-out site must not be trained on, so that patient's other cases
    are left out. A given split wins over the drawn one.
    """
    shifted = [case for case in cases if case.site in data.held_out_sites]
    others = [case for case in cases if case.site not in data.held_out_sites]
    if shifted:
        return PatientSplit(
            tuple((case_features.SHIFTED, case) for case in shifted),
            tuple((case, HELD_OUT_PATIENT) for case in others),
        )
    given = {case.split for case in cases if case.split}
    if len(given) > 1:
        return PatientSplit((), tuple((case, TWO_SPLITS) for case in cases))
    split = given.pop() if given else draw_split(cases[0].patient_id, data)
    return PatientSplit(tuple((split, case) for case in cases), ())


def draw_split(patient_id: str, data: DataSettings) -> str:
    """Returns the split that a hash of the patient falls into; the same for ever."""
    if data.task == "unlabelled":
        return case_features.TRAIN
    digest = hashlib.sha256(f"{data.split_seed}:{patient_id}".encode()).digest()
    position = int.from_bytes(digest[:8], "big") / 2**64
    if position < data.validation_fraction:
        return case_features.VALIDATION
    if position < data.validation_fraction + data.test_fraction:
        return case_features.TEST
    return case_features.TRAIN
