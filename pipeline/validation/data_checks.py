"""Checks the manifests and images of a data set; memory grows with what is wrong, not with it."""

import dataclasses
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from components.case_example_gen.cases import (
    Case,
    Conflict,
    PatientSplit,
    assemble_case,
    split_patient,
)
from components.case_example_gen.external_set import ExternalSet
from components.case_example_gen.manifest import ManifestRow, RowProblem, manifest_rows
from components.case_example_gen.settings import DataSettings
from pipeline.row_store import RowStore
from pipeline.validation.findings import Finding, Severity, Summary
from pipeline.validation.image_checks import ImageFile, look_at_files
from pipeline.validation.label_checks import classes_present, thin_classes
from schemas import case_features

SPARSE_SITE_CASES = 20


@dataclass
class DataCounts:
    """Counts of a data set's sound cases.

    Attributes:
        cases: All, and those that no split takes.
        patients: Of the cases.
        sites: Of the cases.
        by_split: Cases by split.
        by_site: Cases that a split takes, by site.
        labelled: Cases by split of which something is known.
        classes: By split, those that a case is known to have.
        training_patients: Patients of the training split by class that a case of theirs has.
    """

    cases: int = 0
    patients: int = 0
    sites: set[str] = field(default_factory=set)
    by_split: Counter[str] = field(default_factory=Counter)
    by_site: Counter[str] = field(default_factory=Counter)
    labelled: Counter[str] = field(default_factory=Counter)
    classes: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    training_patients: Counter[str] = field(default_factory=Counter)

    def add_patient(
        self, cases: Sequence[Case], placed: Sequence[tuple[str, Case]], data: DataSettings
    ) -> None:
        """Adds all cases of one patient, and where the splits took them."""
        self.cases += len(cases)
        self.patients += 1
        self.sites.update(case.site for case in cases)
        in_training: set[str] = set()
        for split, case in placed:
            present = classes_present(case, data)
            self.by_split[split] += 1
            self.by_site[case.site] += 1
            self.labelled[split] += case.labelled
            self.classes[split] |= present
            if split == case_features.TRAIN:
                in_training |= present
        self.training_patients.update(in_training)


def validate_data(
    data: DataSettings, label_fraction: float, is_evaluated: bool
) -> tuple[list[Finding], Summary, int]:
    """Checks a data set and its external collections.

    Args:
        data: The data set.
        label_fraction: Share of the training patients whose labels are to be used.
        is_evaluated: Whether anybody is told how well its labels are predicted.

    Returns:
        Findings, what the data set holds, and the bytes of all images.

    Raises:
        UserError: A manifest cannot be read at all.
    """
    manifest = Path(data.manifest)
    with RowStore() as store:
        findings, sound, image_bytes = _read(manifest, data, None, store)
        counts, case_findings = _count_cases(store, manifest, data)
    findings.extend(case_findings)
    findings.extend(_check_content(counts, manifest, data, is_evaluated))
    training_patients = {name: counts.training_patients[name] for name in data.classes}
    for thin in thin_classes(training_patients, label_fraction):
        findings.append(Finding("warning", f"{manifest}: {thin}"))
    for external in data.external:
        found, size = _validate_external(external, data, counts.sites)
        findings.extend(found)
        image_bytes += size
    summary = Summary(
        images=sound,
        cases=counts.cases,
        patients=counts.patients,
        cases_by_split=dict(counts.by_split),
        training_patients=training_patients,
        sites=frozenset(counts.by_site) | {external.name for external in data.external},
    )
    return findings, summary, image_bytes


def _validate_external(
    external: ExternalSet, data: DataSettings, own_sites: set[str]
) -> tuple[list[Finding], int]:
    """Checks a collection that is evaluated only."""
    manifest = Path(external.manifest)
    labelled = 0
    present: set[str] = set()
    with RowStore() as store:
        findings, _, image_bytes = _read(manifest, data, external, store)
        for case in _sound_cases(store, manifest, data, findings):
            labelled += case.labelled
            present |= classes_present(case, data)
    if external.name in own_sites:
        findings.append(
            Finding(
                "error",
                f"data.medical.external: {external.name} is the name of a site of the data set "
                "itself. Give the collection another name.",
            )
        )
    if not labelled:
        findings.append(
            Finding("error", f"{manifest}: no case has a label that external.labels names.")
        )
        return findings, image_bytes
    for name in data.classes:
        if name in external.labels and name not in present:
            findings.append(
                Finding(
                    "warning",
                    f"{manifest}: no case has '{external.labels[name]}', which stands for "
                    f"'{name}'.",
                )
            )
    return findings, image_bytes


def _read(
    manifest: Path, data: DataSettings, external: ExternalSet | None, store: RowStore
) -> tuple[list[Finding], int, int]:
    """Stores the rows with a sound image.

    Returns:
        Findings, the number of sound images, and the bytes of all.
    """
    row_findings: list[Finding] = []
    image_findings: list[Finding] = []
    sound = image_bytes = 0
    parsed = manifest_rows(data, external)
    for row, file in look_at_files(_sound_rows(parsed, manifest, row_findings), manifest.parent):
        image_bytes += file.size
        problem = _store(row, file, store)
        if problem is None:
            sound += 1
            continue
        message = f"{_at(manifest, row.row, 'image')}: {problem}; it will be quarantined."
        image_findings.append(Finding("warning", message))
    if not (sound or row_findings or image_findings):
        row_findings.append(Finding("error", f"{manifest}: no rows below the header."))
    findings = row_findings + image_findings
    if external is None:
        findings.extend(_too_many_bad(manifest, len(image_findings), sound, data))
    return findings, sound, image_bytes


def _store(row: ManifestRow, file: ImageFile, store: RowStore) -> str | None:
    """Stores a row, of a copy within its case what it says; returns what is wrong with its image.

    No path is named: it may name a patient.
    """
    if file.problem:
        return f"the image {file.problem}"
    first, its_case = store.first_with(file.digest, row)
    if first == row.row:
        store.add(row)
        return None
    if its_case == row.case_id:
        store.add(dataclasses.replace(row, is_copy=True))
    return f"the same bytes as row {first}"


def _sound_rows(
    parsed: Iterable[ManifestRow | RowProblem], manifest: Path, findings: list[Finding]
) -> Iterator[ManifestRow]:
    for item in parsed:
        if isinstance(item, ManifestRow):
            yield item
            continue
        at = _at(manifest, item.row, item.column)
        findings.append(Finding("error", f"{at}: {item.message}."))


def _too_many_bad(manifest: Path, bad: int, sound: int, data: DataSettings) -> Iterator[Finding]:
    images = bad + sound
    bad_fraction = bad / max(images, 1)
    if bad_fraction > data.max_bad_fraction:
        yield Finding(
            "error",
            f"{manifest}: {bad} of {images} images ({bad_fraction:.1%}) are bad, "
            f"more than max_bad_fraction {data.max_bad_fraction:.1%}. Mend or remove them, "
            "or raise the limit.",
        )


def _at(manifest: Path, row: int, column: str = "") -> str:
    place = f"{manifest}, row {row}"
    return f"{place}, column {column}" if column else place


def _count_cases(
    store: RowStore, manifest: Path, data: DataSettings
) -> tuple[DataCounts, list[Finding]]:
    counts = DataCounts()
    findings: list[Finding] = []
    for case in _sound_cases(store, manifest, data, findings):
        store.add_case(case)
    for cases in store.patients():
        split = split_patient(cases, data)
        counts.add_patient(cases, split.placed, data)
        if split.left_out:
            findings.append(_left_out(manifest, split))
    return counts, findings


def _sound_cases(
    store: RowStore, manifest: Path, data: DataSettings, findings: list[Finding]
) -> Iterator[Case]:
    for rows in store.cases():
        case = assemble_case(rows, data)
        if isinstance(case, Case):
            yield case
        else:
            findings.append(_conflict(manifest, case))


def _conflict(manifest: Path, conflict: Conflict) -> Finding:
    numbers = _listed(row.row for row in conflict.rows)
    return Finding(
        "error", f"{manifest}, rows {numbers}, column {conflict.column}: {conflict.message}."
    )


def _left_out(manifest: Path, split: PatientSplit) -> Finding:
    numbers = _listed(row.row for case, _ in split.left_out for row in case.rows)
    reason = split.left_out[0][1]
    severity: Severity = "warning" if split.placed else "error"
    remedy = "They are left out." if split.placed else "Give the patient one split."
    return Finding(severity, f"{manifest}, rows {numbers}: {reason}. {remedy}")


def _listed(numbers: Iterable[int]) -> str:
    first = list(itertools.islice(numbers, 7))
    return ", ".join(str(number) for number in first[:6]) + (", ..." if len(first) > 6 else "")


def _check_content(
    counts: DataCounts, manifest: Path, data: DataSettings, is_evaluated: bool
) -> Iterator[Finding]:
    for site in data.shifted_sites:
        if site not in counts.by_site:
            known = ", ".join(sorted(counts.by_site))
            yield Finding(
                "error",
                f"{manifest}: shifted site '{site}' has no case. Its sites are: {known}.",
            )
    if data.task == "unlabelled":
        return
    for site, number in sorted(counts.by_site.items()):
        if is_evaluated and number < SPARSE_SITE_CASES:
            yield Finding(
                "warning",
                f"{manifest}: site '{site}' has {number} cases; its metrics will read "
                "'too few to estimate'.",
            )
    splits = [case_features.TRAIN, case_features.VALIDATION]
    for split in [*splits, case_features.TEST] if is_evaluated else splits:
        if not counts.labelled[split]:
            yield Finding("error", f"{manifest}: no labelled case in the {split} split.")
            continue
        severity: Severity = "error" if split == case_features.TRAIN else "warning"
        for name in data.classes:
            if name in counts.classes[split]:
                continue
            yield Finding(
                severity,
                f"{manifest}: class '{name}' has no case in the {split} split. "
                "Remove it from classes, or add cases.",
            )
