"""Checks a study's data before anything is trained."""

from pipeline.label_checks import lost_classes
from pipeline.study.settings import Study
from pipeline.validation import Finding, Validation, validate


def validate_study(study: Study) -> Validation:
    """Checks what `micle validate` checks, for the smallest fraction, and each fraction's classes.

    Raises:
        UserError: A manifest cannot be read at all.
    """
    smallest = {"label_fraction": min(study.label_fractions)}
    fine_tuning = study.base.fine_tuning.model_copy(update=smallest)
    validation = validate(study.base.model_copy(update={"fine_tuning": fine_tuning}))
    patients = validation.summaries["medical"].training_patients
    lost = tuple(
        Finding("error", f"{study.base.data.medical.manifest}: {line}")
        for fraction in study.label_fractions
        for line in lost_classes(patients, fraction)
    )
    return Validation(validation.findings + lost, validation.summaries)
