"""How much each training of a study has to go over, so that one that ran tells of one that has not.

Rough: of the time that an image takes it knows nothing, and a fine-tuning may stop early.
"""

import math
from collections.abc import Mapping

from pipeline.configuration import PretrainingStep
from pipeline.study.arms import Arm, StudyEncoder, arms_of, encoders_of
from pipeline.study.settings import Study
from pipeline.study.steps import ReadyEncoder
from pipeline.validation.findings import Summary
from schemas.case_features import TRAIN


def training_work(study: Study, summaries: Mapping[str, Summary]) -> dict[str, float]:
    """Returns by node id the images or cases that a training goes over, all its passes together.

    Args:
        study: What is trained.
        summaries: What its data sets hold, by `natural` and `medical`.
    """
    work = {e.node_id: _of_encoder(study, e, summaries) for e in encoders_of(study)}
    labelled = summaries["medical"].cases_by_split.get(TRAIN, 0)
    return work | {f"fine-tune-{arm.role}": _of_arm(study, arm, labelled) for arm in arms_of(study)}


def _of_encoder(study: Study, encoder: StudyEncoder, summaries: Mapping[str, Summary]) -> float:
    step = study.steps[encoder.step]
    if isinstance(step, ReadyEncoder):
        return 0.0
    of_images = isinstance(step, PretrainingStep) and step.method == "simclr"
    summary = summaries[step.data]
    return step.training.epochs * float(summary.images if of_images else summary.cases)


def _of_arm(study: Study, arm: Arm, labelled: int) -> float:
    settings = study.fine_tuning_of(arm.initialisation)
    steps = max(1, math.ceil(labelled * arm.label_fraction / settings.batch_size))
    passes = settings.epochs * settings.passes_per_epoch(steps)
    return float(passes * steps * settings.batch_size)
