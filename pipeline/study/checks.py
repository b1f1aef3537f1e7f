"""Checks a study's data and ready encoders before anything is trained."""

from collections.abc import Iterator

from pipeline.study.settings import Study
from pipeline.study.steps import ReadyEncoder
from pipeline.validation.configuration_checks import check_encoder, validate
from pipeline.validation.findings import Finding, Validation
from pipeline.validation.label_checks import lost_classes


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
    encoders = tuple(_check_ready_encoders(study))
    return Validation(validation.findings + lost + encoders, validation.summaries)


def _check_ready_encoders(study: Study) -> Iterator[Finding]:
    for name, step in study.steps.items():
        chains = {key: chain for key, chain in study.initialisations.items() if name in chain}
        if not chains or not isinstance(step, ReadyEncoder):
            continue
        fine_tunings = [
            study.fine_tuning_of(key) for key, chain in chains.items() if chain[-1] == name
        ]
        head_for = next((f for f in fine_tunings if f.features_from != "encoder"), None)
        yield from check_encoder(
            f"steps.{name}.encoder", step.encoder, study.base.encoder, head_for
        )
