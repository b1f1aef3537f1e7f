"""What a study asks, in the words of its report."""

from dataclasses import asdict

from components.study_report.question import ComparedStart, StudyQuestion
from pipeline.study.settings import Study
from pipeline.study.steps import ReadyEncoder

_METHODS = {"simclr": "SimCLR", "micle": "MICLe", "supervised": "supervised"}


def study_question(study: Study) -> StudyQuestion:
    """Returns what the report of a study needs to know of it."""
    medical = study.base.data.medical
    return StudyQuestion(
        title=study.title,
        task=study.base.data.labelled_task,
        classes=medical.classes,
        held_out_sites=medical.held_out_sites,
        evaluation_split=study.evaluation_split,
        metric=study.metric,
        metrics=study.metrics,
        baseline=study.baseline,
        contrasts=study.contrasts,
        initialisations=tuple(
            ComparedStart(
                name,
                tuple(_sentence(study, step) for step in chain),
                tuple(_own_fine_tuning(study, name)),
            )
            for name, chain in study.initialisations.items()
        ),
        seeds=study.seeds,
        label_fractions=study.label_fractions,
        trainable=study.trainable,
        sample_limits=study.base.report.sample_limits,
    )


def _sentence(study: Study, step_name: str) -> str:
    step = study.steps[step_name]
    if isinstance(step, ReadyEncoder):
        return f"the ready encoder {step_name}"
    usual_name = f"{step.method}-{step.data}"
    remarks = [f"step {step_name}"] if step_name != usual_name else []
    if step_name in study.shared_steps:
        remarks.append("one for all seeds")
    in_brackets = f" ({', '.join(remarks)})" if remarks else ""
    return f"{_METHODS[step.method]} {step.data}{in_brackets}"


def _own_fine_tuning(study: Study, initialisation: str) -> list[str]:
    """Says where the fine-tuning of an initialisation differs from that of the others."""
    usual = asdict(study.base.fine_tuning.training)
    own = asdict(study.fine_tuning_of(initialisation))
    return [f"{field} {value}" for field, value in own.items() if value != usual[field]]
