"""Checks the manifests and images of a data set; memory grows with what is wrong, not with it."""

import dataclasses
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from components.case_example_gen.cases import (
    Case,
    Conflict,
    PatientSplit,
    assemble_case,
    copies_within,
    split_patient,
    within_limit,
    without_images,
)
from components.case_example_gen.external_set import ExternalSet
from components.case_example_gen.manifest import ManifestRow, RowProblem, manifest_rows
from components.case_example_gen.settings import DataSettings
from components.pair_builder.pairing import ImageTraits, has_pair
from components.pair_builder.settings import PairRule, PairScope
from pipeline.row_store import RowStore
from pipeline.validation.findings import Finding, Severity, Summary
from pipeline.validation.image_checks import look_at_files
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
        labelled_patients: The labelled ones of them, by the indices of all such classes.
        pairable: Scopes and rules by which some two images of the training split make a pair.
        duplicates: Rows whose image the run leaves out, with the row that has the same bytes.
        findings: What is wrong with cases and patients.
    """

    cases: int = 0
    patients: int = 0
    sites: set[str] = field(default_factory=set)
    by_split: Counter[str] = field(default_factory=Counter)
    by_site: Counter[str] = field(default_factory=Counter)
    labelled: Counter[str] = field(default_factory=Counter)
    classes: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    training_patients: Counter[str] = field(default_factory=Counter)
    labelled_patients: Counter[frozenset[int]] = field(default_factory=Counter)
    pairable: set[tuple[PairScope, PairRule]] = field(default_factory=set)
    duplicates: dict[int, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def add_patient(
        self, cases: Sequence[Case], placed: Sequence[tuple[str, Case]], data: DataSettings
    ) -> None:
        """Adds all cases of one patient, and where the splits took them."""
        self.cases += len(cases)
        self.patients += bool(cases)
        self.sites.update(case.site for case in cases)
        training = [case for split, case in placed if split == case_features.TRAIN]
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
        if any(case.labelled for case in training):
            indices = frozenset(data.classes.index(name) for name in in_training)
            self.labelled_patients[indices] += 1
        self._add_pairs(training)

    def _add_pairs(self, cases: Sequence[Case]) -> None:
        """Notes which scopes and rules find a pair among a patient's training cases."""
        of_cases = [[ImageTraits(row.view, row.visit) for row in case.rows] for case in cases]
        of_patient = [image for images in of_cases for image in images]
        groups: dict[PairScope, list[list[ImageTraits]]] = {
            "case": of_cases,
            "patient": [of_patient],
        }
        for scope, of_scope in groups.items():
            for rule in get_args(PairRule):
                # One pair is enough to know.
                if (scope, rule) not in self.pairable and any(
                    has_pair(images, rule) for images in of_scope
                ):
                    self.pairable.add((scope, rule))


@dataclass
class _Looked:
    """What a look at rows and files has found.

    Attributes:
        findings: What is wrong with rows.
        problems: Of images, by row.
        images: Files looked at.
        image_bytes: Of all of them.
        text_in_pixels: Sound images by site whose rows say that their pixels hold text.
    """

    findings: list[Finding] = field(default_factory=list)
    problems: dict[int, str] = field(default_factory=dict)
    images: int = 0
    image_bytes: int = 0
    text_in_pixels: Counter[str] = field(default_factory=Counter)


def validate_data(
    data: DataSettings, label_fraction: float, is_evaluated: bool
) -> tuple[list[Finding], Summary]:
    """Checks a data set and its external collections.

    Args:
        data: The data set.
        label_fraction: Share of the training patients whose labels are to be used.
        is_evaluated: Whether anybody is told how well its labels are predicted.

    Returns:
        Findings, and what the data set holds.

    Raises:
        UserError: A manifest cannot be read at all.
    """
    manifest = Path(data.manifest)
    with RowStore() as store:
        looked = _look(manifest, data, None, store)
        counts = _count_cases(store, manifest, data)
    findings = [*looked.findings, *_image_findings(manifest, looked, counts)]
    findings.extend(_text_in_pixels(manifest, looked))
    bad = len(looked.problems) + len(counts.duplicates)
    findings.extend(_too_many_bad(manifest, bad, looked.images, data))
    findings.extend(counts.findings)
    findings.extend(_check_content(counts, manifest, data, is_evaluated))
    image_bytes = looked.image_bytes
    training_patients = {name: counts.training_patients[name] for name in data.classes}
    for thin in thin_classes(training_patients, label_fraction):
        findings.append(Finding("warning", f"{manifest}: {thin}"))
    for external in data.external:
        found, size = _validate_external(external, data, counts.sites)
        findings.extend(found)
        image_bytes += size
    summary = Summary(
        images=looked.images - bad,
        cases=counts.cases,
        patients=counts.patients,
        cases_by_split=dict(counts.by_split),
        training_patients=training_patients,
        sites=frozenset(counts.by_site) | {external.name for external in data.external},
        labelled_patients=dict(counts.labelled_patients),
        pairable=frozenset(counts.pairable),
        image_bytes=image_bytes,
    )
    return findings, summary


def _validate_external(
    external: ExternalSet, data: DataSettings, own_sites: set[str]
) -> tuple[list[Finding], int]:
    """Checks a collection that is evaluated only."""
    manifest = Path(external.manifest)
    with RowStore() as store:
        looked = _look(manifest, data, external, store)
        counts = _count_cases(store, manifest, data)
    findings = [*looked.findings, *_image_findings(manifest, looked, counts), *counts.findings]
    findings.extend(_text_in_pixels(manifest, looked))
    present = set[str]().union(*counts.classes.values())
    if external.name in own_sites:
        findings.append(
            Finding(
                "error",
                f"data.medical.external: {external.name} is the name of a site of the data set "
                "itself. Give the collection another name.",
            )
        )
    if not counts.labelled.total():
        findings.append(
            Finding("error", f"{manifest}: no case has a label that external.labels names.")
        )
        return findings, looked.image_bytes
    for name in data.classes:
        if name in external.labels and name not in present:
            findings.append(
                Finding(
                    "warning",
                    f"{manifest}: no case has '{external.labels[name]}', which stands for "
                    f"'{name}'.",
                )
            )
    return findings, looked.image_bytes


def _look(
    manifest: Path, data: DataSettings, external: ExternalSet | None, store: RowStore
) -> _Looked:
    """Stores the rows whose image looks sound."""
    looked = _Looked()
    parsed = manifest_rows(data, external)
    rows = _sound_rows(parsed, manifest, looked.findings)
    for row, file in look_at_files(rows, manifest.parent):
        looked.images += 1
        looked.image_bytes += file.size
        if file.problem:
            # No path is named: it may name a patient.
            looked.problems[row.row] = f"the image {file.problem}"
        else:
            store.add(dataclasses.replace(row, digest=file.digest, written_bytes=file.size))
            if row.text_in_pixels:
                looked.text_in_pixels[row.site] += 1
    if not (looked.images or looked.findings):
        looked.findings.append(Finding("error", f"{manifest}: no rows below the header."))
    return looked


def _image_findings(manifest: Path, looked: _Looked, counts: DataCounts) -> Iterator[Finding]:
    same = {row: f"the same bytes as row {first}" for row, first in counts.duplicates.items()}
    for row, problem in sorted((looked.problems | same).items()):
        message = f"{_at(manifest, row, 'image')}: {problem}; it will be quarantined."
        yield Finding("warning", message)


def _text_in_pixels(manifest: Path, looked: _Looked) -> Iterator[Finding]:
    if looked.text_in_pixels:
        sites = ", ".join(f"{site} {n}" for site, n in sorted(looked.text_in_pixels.items()))
        yield Finding(
            "warning",
            f"{manifest}, column text_in_pixels: images whose pixels hold text, by site: {sites}. "
            "The text may name a patient. Look at these images, and mask it or leave them out.",
        )


def _sound_rows(
    parsed: Iterable[ManifestRow | RowProblem], manifest: Path, findings: list[Finding]
) -> Iterator[ManifestRow]:
    for item in parsed:
        if isinstance(item, ManifestRow):
            yield item
            continue
        at = _at(manifest, item.row, item.column)
        findings.append(Finding("error", f"{at}: {item.message}."))


def _too_many_bad(manifest: Path, bad: int, images: int, data: DataSettings) -> Iterator[Finding]:
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


def _count_cases(store: RowStore, manifest: Path, data: DataSettings) -> DataCounts:
    """Counts cases as the run will keep them: of the same bytes, the first in a case that stays."""
    counts = DataCounts()
    for case in _sound_cases(store, manifest, data, counts):
        store.add_case(case)
    for cases in store.patients():
        for _, case in split_patient(cases, data).placed:
            for row in case.rows:
                store.add_image(row)
    for cases in store.patients():
        split = split_patient(cases, data)
        placed = [(name, _first_images(case, store, counts)) for name, case in split.placed]
        kept = [(name, case) for name, case in placed if case is not None]
        left_out = [case for case, _ in split.left_out]
        counts.add_patient([*(case for _, case in kept), *left_out], kept, data)
        if split.left_out:
            counts.findings.append(_left_out(manifest, split))
    return counts


def _first_images(case: Case, store: RowStore, counts: DataCounts) -> Case | None:
    """Leaves out what an earlier row has too; returns None of a case that has nothing else."""
    later = set()
    for row in case.rows:
        first = store.first_with(row.digest)
        if first != row.row:
            later.add(row.digest)
            counts.duplicates[row.row] = first
    return without_images(case, later)


def _sound_cases(
    store: RowStore, manifest: Path, data: DataSettings, counts: DataCounts
) -> Iterator[Case]:
    for rows in store.cases():
        counts.duplicates.update((copy.row, first.row) for copy, first in copies_within(rows))
        case = assemble_case(rows, data)
        if isinstance(case, Case):
            yield within_limit(case)[0]
        else:
            counts.findings.append(_conflict(manifest, case))


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
