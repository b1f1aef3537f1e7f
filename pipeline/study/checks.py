"""Checks a study's data and ready encoders before anything is trained."""

from collections.abc import Iterator
from dataclasses import replace

from pipeline.configuration import PretrainingStep
from pipeline.study.fraction_checks import check_fractions
from pipeline.study.settings import Study
from pipeline.study.steps import ReadyEncoder, steps_of_base
from pipeline.validation.configuration_checks import check_encoder, check_place, validate_data_sets
from pipeline.validation.findings import Finding, Summary, Validation
from pipeline.validation.pair_checks import check_pairs


def validate_study(study: Study, path: str) -> Validation:
    """Checks what `micle validate` checks, and what the study asks of its data and encoders.

    Args:
        study: The study.
        path: Of its file, which findings name.

    Raises:
        UserError: A manifest cannot be read at all.
    """
    found = validate_study_data(study, path)
    place = tuple(check_place(study.base, found.summaries))
    encoders = _named(path, _check_ready_encoders(study))
    return Validation(found.findings + place + encoders, found.summaries)


def validate_study_data(study: Study, path: str) -> Validation:
    """Checks the data, and what the study asks of them; not what else a run here needs.

    Args:
        study: The study.
        path: Of its file, which findings name.

    Raises:
        UserError: A manifest cannot be read at all.
    """
    # The fractions and steps of the study are checked, not those of the base.
    labels = study.base.fine_tuning.model_copy(update={"label_fraction": 1.0})
    base = study.base.model_copy(update={"fine_tuning": labels, "pretraining": ()})
    found = validate_data_sets(base)
    own = _named(path, _check_questions(study, found.summaries["medical"]))
    return Validation(found.findings + own, found.summaries)


def _named(path: str, findings: Iterator[Finding]) -> tuple[Finding, ...]:
    return tuple(replace(finding, message=f"{path}: {finding.message}") for finding in findings)


def _check_questions(study: Study, medical: Summary) -> Iterator[Finding]:
    yield from check_fractions(study.label_fractions, medical)
    used = {name for chain in study.initialisations.values() for name in chain}
    steps = {
        f"steps.{name}": step
        for name, step in study.steps.items()
        if name in used and isinstance(step, PretrainingStep)
    }
    yield from check_pairs(steps, medical)
    of_base = steps_of_base(study.base, study.steps)
    for name, step in study.steps.items():
        if name not in used and step != of_base.get(name):
            yield Finding(
                "warning",
                f"steps.{name}: no initialisation goes through it, so it plays no part. Name it in "
                "one, or leave it out.",
            )


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
