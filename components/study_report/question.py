"""What a study asks, as far as its report needs to know it."""

from dataclasses import dataclass
from typing import Literal

from components.site_evaluator.sufficiency import SampleLimits
from components.study_report.arms import ComparedArm, Trainable, compared_arms
from schemas.case_features import Task

Metric = Literal["balanced_accuracy", "accuracy", "mean_auc"]
EvaluationSplit = Literal["test", "validation"]


@dataclass(frozen=True)
class ComparedStart:
    """One initialisation.

    Attributes:
        name: Of the start.
        steps: What the network has gone through, in order, a few words each; none = random weights.
        own_fine_tuning: Where its fine-tuning differs from that of the others, a setting each.
    """

    name: str
    steps: tuple[str, ...] = ()
    own_fine_tuning: tuple[str, ...] = ()


@dataclass(frozen=True)
class StudyQuestion:
    """What is compared and how; holds nothing but what JSON can.

    Attributes:
        title: Of the report.
        task: Of all models.
        classes: Of all models.
        held_out_sites: Sites that no training saw.
        evaluation_split: What the evaluations are of: `test`, with the held-out sites, or
            `validation`.
        metric: What the label-efficiency curve, the shift and the claims are about.
        metrics: All that the table has; the study's own first.
        baseline: The initialisation that the others are compared with.
        contrasts: Further pairs of initialisations, the first compared with the second.
        initialisations: In the study's order.
        seeds: One repetition each.
        label_fractions: Shares of the training patients whose labels are used.
        trainable: Kinds of fine-tuning.
        sample_limits: The fewest cases from which a number is shown.
    """

    title: str
    task: Task
    classes: tuple[str, ...]
    held_out_sites: tuple[str, ...]
    evaluation_split: EvaluationSplit
    metric: Metric
    metrics: tuple[Metric, ...]
    baseline: str
    contrasts: tuple[tuple[str, str], ...]
    initialisations: tuple[ComparedStart, ...]
    seeds: tuple[int, ...]
    label_fractions: tuple[float, ...]
    trainable: tuple[Trainable, ...]
    sample_limits: SampleLimits

    @property
    def starts(self) -> tuple[str, ...]:
        """Names of the initialisations."""
        return tuple(start.name for start in self.initialisations)

    @property
    def arms(self) -> list[ComparedArm]:
        """Every arm, finished or not."""
        return compared_arms(self.seeds, self.starts, self.trainable, self.label_fractions)
