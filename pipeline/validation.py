"""Checks a configuration's data in seconds, before any training."""

import hashlib
import itertools
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image

from components.case_example_gen.cases import Case, assemble_case, split_patient
from components.case_example_gen.external_set import ExternalSet
from components.case_example_gen.manifest import ManifestRow, RowProblem, manifest_rows
from components.case_example_gen.settings import DataSettings
from components.slice_report.study_excerpt import read_study
from pipeline.configuration import Configuration
from pipeline.label_checks import patients_by_class, thin_classes
from schemas import case_features
from schemas.case_features import Task
from trainer.encoder_card import (
    PROJECTION_HEAD_WEIGHTS,
    WEIGHTS,
    check_encoder_fits,
    read_encoder_card,
)
from trainer.errors import UserError
from trainer.settings import EncoderSettings, FineTuneSettings

SPARSE_SITE_CASES = 20
_DISK_FACTOR = 6
"""Artifacts of a run (examples, transformed, pairs) take about so many times the images' bytes."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong (`error` stops a run) or should be known (`warning`)."""

    severity: Literal["error", "warning"]
    message: str


@dataclass(frozen=True)
class Summary:
    """What a sound data set holds.

    Attributes:
        images: Sound ones.
        cases: Of them.
        patients: Of the cases.
        cases_by_split: Cases by the name of their split.
        training_patients: Patients of the training split with a labelled case of each class.
    """

    images: int
    cases: int
    patients: int
    cases_by_split: dict[str, int]
    training_patients: dict[str, int]


@dataclass(frozen=True)
class Validation:
    """All findings, and a summary by data set."""

    findings: tuple[Finding, ...]
    summaries: dict[str, Summary]

    @property
    def errors(self) -> list[Finding]:
        """Findings that stop a run."""
        return [finding for finding in self.findings if finding.severity == "error"]


def validate(configuration: Configuration) -> Validation:
    """Checks every data set of a configuration, and the room on the disk.

    Raises:
        UserError: A manifest cannot be read at all.
    """
    findings: list[Finding] = []
    summaries = {}
    image_bytes = 0
    data = configuration.data
    for name, settings in (("natural", data.natural), ("medical", data.medical)):
        if settings is None:
            continue
        # All labels of natural images are learnt, and nobody is told how well.
        is_medical = name == "medical"
        fraction = configuration.fine_tuning.label_fraction if is_medical else 1.0
        found, summary, size = _validate_data(settings, fraction, is_medical)
        findings.extend(found)
        summaries[name] = summary
        image_bytes += size
    findings.extend(_check_disk(configuration.output_dir, image_bytes))
    if configuration.initial_encoder is not None:
        given = configuration.initial_encoder
        # A pretraining step leaves a head of its own; without one the given encoder must have it.
        head_for = None if configuration.pretraining else configuration.fine_tuning.training
        findings.extend(check_encoder("initial_encoder", given, configuration.encoder, head_for))
    if configuration.study is not None:
        findings.extend(_check_study(configuration.study, data.labelled_task))
    return Validation(tuple(findings), summaries)


def _validate_data(
    data: DataSettings, label_fraction: float, is_evaluated: bool
) -> tuple[list[Finding], Summary, int]:
    manifest = Path(data.manifest)
    rows, findings = _read_rows(manifest, data)
    image_findings, bad_rows, image_bytes = _check_images(rows, manifest)
    findings.extend(image_findings)
    bad_fraction = len(bad_rows) / max(len(rows), 1)
    if bad_fraction > data.max_bad_fraction:
        findings.append(
            Finding(
                "error",
                f"{manifest}: {len(bad_rows)} of {len(rows)} images ({bad_fraction:.1%}) are bad, "
                f"more than max_bad_fraction {data.max_bad_fraction:.1%}. Mend or remove them, "
                "or raise the limit.",
            )
        )
    good_rows = [row for row in rows if row.row not in bad_rows]
    cases, case_findings = _assemble(good_rows, manifest, data)
    placed, split_findings = _split(cases, manifest, data)
    findings.extend(case_findings + split_findings)
    findings.extend(_check_content(placed, manifest, data, is_evaluated))
    training_cases = [case for split, case in placed if split == case_features.TRAIN]
    for thin in thin_classes(training_cases, data, label_fraction):
        findings.append(Finding("warning", f"{manifest}: {thin}"))
    own_sites = {case.site for case in cases}
    for external in data.external:
        found, size = _validate_external(external, data, own_sites)
        findings.extend(found)
        image_bytes += size
    summary = Summary(
        images=len(good_rows),
        cases=len(cases),
        patients=len({case.patient_id for case in cases}),
        cases_by_split=dict(Counter(split for split, _ in placed)),
        training_patients=patients_by_class(training_cases, data),
    )
    return findings, summary, image_bytes


def _validate_external(
    external: ExternalSet, data: DataSettings, own_sites: set[str]
) -> tuple[list[Finding], int]:
    """Checks a collection that is evaluated only."""
    manifest = Path(external.manifest)
    rows, findings = _read_rows(manifest, data, external)
    image_findings, bad_rows, image_bytes = _check_images(rows, manifest)
    good_rows = [row for row in rows if row.row not in bad_rows]
    cases, case_findings = _assemble(good_rows, manifest, data)
    findings.extend(image_findings + case_findings)
    if external.name in own_sites:
        findings.append(
            Finding(
                "error",
                f"data.medical.external: {external.name} is the name of a site of the data set "
                "itself. Give the collection another name.",
            )
        )
    labelled = [case for case in cases if case.labelled]
    if not labelled:
        findings.append(
            Finding("error", f"{manifest}: no case has a label that external.labels names.")
        )
        return findings, image_bytes
    for name in _classes_without_case(labelled, data):
        if name in external.labels:
            findings.append(
                Finding(
                    "warning",
                    f"{manifest}: no case has '{external.labels[name]}', which stands for "
                    f"'{name}'.",
                )
            )
    return findings, image_bytes


def _read_rows(
    manifest: Path, data: DataSettings, external: ExternalSet | None = None
) -> tuple[list[ManifestRow], list[Finding]]:
    parsed = list(manifest_rows(data, external))
    rows = [row for row in parsed if isinstance(row, ManifestRow)]
    findings = [
        Finding("error", f"{_at(manifest, item.row, item.column)}: {item.message}.")
        for item in parsed
        if isinstance(item, RowProblem)
    ]
    if not parsed:
        findings.append(Finding("error", f"{manifest}: no rows below the header."))
    return rows, findings


def _at(manifest: Path, row: int, column: str = "") -> str:
    place = f"{manifest}, row {row}"
    return f"{place}, column {column}" if column else place


def _check_images(rows: list[ManifestRow], manifest: Path) -> tuple[list[Finding], set[int], int]:
    """Opens each header and looks at the end of each file; decodes nothing."""
    with ThreadPoolExecutor() as pool:
        looks = list(pool.map(lambda row: _look_at_image(manifest.parent / row.image), rows))
    findings = []
    bad_rows = set()
    seen: dict[str, int] = {}
    for row, (problem, digest, _) in zip(rows, looks, strict=True):
        if problem is None and digest in seen:
            problem = f"has the same bytes as row {seen[digest]}"
        if problem is None:
            seen[digest] = row.row
            continue
        bad_rows.add(row.row)
        at = _at(manifest, row.row, "image")
        findings.append(
            Finding("warning", f"{at}: '{row.image}' {problem}; it will be quarantined.")
        )
    return findings, bad_rows, sum(size for _, _, size in looks)


def _look_at_image(path: Path) -> tuple[str | None, str, int]:
    """Returns what is wrong (or None), a digest of the bytes, and their number."""
    try:
        encoded = path.read_bytes()
    except OSError as error:
        return f"cannot be read ({error.strerror})", "", 0
    digest = hashlib.sha256(encoded).hexdigest()
    if not encoded:
        return "is an empty file", digest, 0
    try:
        with Image.open(path) as image:
            kind = image.format
    except Exception:
        return "is not an image", digest, len(encoded)
    end_marks = {"JPEG": b"\xff\xd9", "PNG": b"IEND"}
    if kind in end_marks and end_marks[kind] not in encoded[-64:]:
        return "is truncated", digest, len(encoded)
    return None, digest, len(encoded)


def _assemble(
    rows: list[ManifestRow], manifest: Path, data: DataSettings
) -> tuple[list[Case], list[Finding]]:
    by_case: dict[str, list[ManifestRow]] = defaultdict(list)
    for row in rows:
        by_case[row.case_id].append(row)
    cases = []
    findings = []
    for members in by_case.values():
        case = assemble_case(members, data)
        if isinstance(case, Case):
            cases.append(case)
            continue
        numbers = _listed(row.row for row in case.rows)
        findings.append(
            Finding("error", f"{manifest}, rows {numbers}, column {case.column}: {case.message}.")
        )
    return cases, findings


def _split(
    cases: list[Case], manifest: Path, data: DataSettings
) -> tuple[list[tuple[str, Case]], list[Finding]]:
    by_patient: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        by_patient[case.patient_id].append(case)
    placed: list[tuple[str, Case]] = []
    findings = []
    for members in by_patient.values():
        split = split_patient(members, data)
        placed.extend(split.placed)
        if split.left_out:
            rows = [row for case, _ in split.left_out for row in case.rows]
            reason = split.left_out[0][1]
            numbers = _listed(row.row for row in rows)
            severity: Literal["error", "warning"] = "error" if not split.placed else "warning"
            remedy = "Give the patient one split." if not split.placed else "They are left out."
            findings.append(Finding(severity, f"{manifest}, rows {numbers}: {reason}. {remedy}"))
    return placed, findings


def _check_content(
    placed: list[tuple[str, Case]], manifest: Path, data: DataSettings, is_evaluated: bool
) -> Iterator[Finding]:
    sites = Counter(case.site for _, case in placed)
    for site in data.shifted_sites:
        if site not in sites:
            known = ", ".join(sorted(sites))
            yield Finding(
                "error",
                f"{manifest}: shifted site '{site}' has no case. Its sites are: {known}.",
            )
    if data.task == "unlabelled":
        return
    for site, number in sorted(sites.items()):
        if is_evaluated and number < SPARSE_SITE_CASES:
            yield Finding(
                "warning",
                f"{manifest}: site '{site}' has {number} cases; its metrics will read "
                "'too few to estimate'.",
            )
    splits = [case_features.TRAIN, case_features.VALIDATION]
    for split in [*splits, case_features.TEST] if is_evaluated else splits:
        in_split = [case for name, case in placed if name == split and case.labelled]
        if not in_split:
            yield Finding("error", f"{manifest}: no labelled case in the {split} split.")
            continue
        for name in _classes_without_case(in_split, data):
            severity: Literal["error", "warning"] = (
                "error" if split == case_features.TRAIN else "warning"
            )
            yield Finding(
                severity,
                f"{manifest}: class '{name}' has no case in the {split} split. "
                "Remove it from classes, or add cases.",
            )


def _classes_without_case(cases: list[Case], data: DataSettings) -> list[str]:
    if data.task == "multi_class":
        present = {case.label for case in cases}
        return [name for name in data.classes if name not in present]
    return [
        name
        for index, name in enumerate(data.classes)
        if not any(case.findings[index] == 1 for case in cases)
    ]


def _check_disk(output_dir: str, image_bytes: int) -> Iterator[Finding]:
    path = Path(output_dir).absolute()
    existing = next(parent for parent in (path, *path.parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    needed = _DISK_FACTOR * image_bytes + 200_000_000
    if free < needed:
        yield Finding(
            "error",
            f"{existing}: {free / 1e9:.1f} GB free, about {needed / 1e9:.1f} GB needed. "
            "Free some, or set output_dir to another disk.",
        )


def check_encoder(
    field: str, directory: str, settings: EncoderSettings, head_for: FineTuneSettings | None
) -> Iterator[Finding]:
    """Yields what keeps a ready encoder from being started from.

    Args:
        field: That names the encoder.
        directory: Of the encoder.
        settings: Of the network that is to be trained.
        head_for: Settings of a fine-tuning that comes next; None where it does not.
    """
    weights = Path(directory, WEIGHTS)
    if not weights.is_file():
        yield Finding("error", f"{field}: '{weights}' is not there.")
    try:
        check_encoder_fits(read_encoder_card(directory), settings, directory)
    except UserError as error:
        yield Finding("error", f"{field}: {error}")
    if head_for is None or head_for.features_from == "encoder":
        return
    if not Path(directory, PROJECTION_HEAD_WEIGHTS).is_file():
        yield Finding(
            "error",
            f"{field}: '{directory}' has no projection head, which features_from: "
            f"{head_for.features_from} needs. Give an encoder with one, or set features_from: "
            "encoder.",
        )


def _check_study(path: str, task: Task) -> Iterator[Finding]:
    try:
        read_study(path, task)
    except UserError as error:
        yield Finding("error", str(error))


def _listed(numbers: Iterable[int]) -> str:
    first = list(itertools.islice(numbers, 7))
    return ", ".join(str(number) for number in first[:6]) + (", ..." if len(first) > 6 else "")
