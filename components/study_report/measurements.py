"""The evaluations of a study's finished arms, and what of them is compared."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from components.case_predictor import predictions
from components.site_evaluator.results import Estimate, Evaluation, Slice, SliceMetrics
from components.site_evaluator.shift import ShiftLoss, shift_loss
from components.site_evaluator.sufficiency import SampleLimits, find_estimate, why_too_few
from components.study_report.arms import ComparedArm, Trainable
from schemas.case_features import SHIFTED

IN_DISTRIBUTION: Slice = ((predictions.DISTRIBUTION, predictions.IN_DISTRIBUTION),)
HELD_OUT: Slice = ((predictions.DISTRIBUTION, SHIFTED),)


@dataclass(frozen=True)
class JudgedArm:
    """An arm with its evaluation.

    Attributes:
        arm: Which.
        evaluation: Of its model on the test and held-out cases.
    """

    arm: ComparedArm
    evaluation: Evaluation


@dataclass(frozen=True)
class Condition:
    """What arms that differ in nothing but start and seed share."""

    trainable: Trainable
    label_fraction: float


class Measurements:
    """Estimates of one quantity by seed, which may be compared from start to start.

    Attributes:
        conditions: Those with a finished arm, in the study's order.
    """

    def __init__(self, judged: Iterable[JudgedArm], limits: SampleLimits) -> None:
        self._limits = limits
        self._evaluations: dict[tuple[str, Condition], dict[int, Evaluation]] = {}
        for single in judged:
            arm = single.arm
            key = arm.initialisation, Condition(arm.trainable, arm.label_fraction)
            self._evaluations.setdefault(key, {})[arm.seed] = single.evaluation
        self.conditions = list(dict.fromkeys(condition for _, condition in self._evaluations))

    def seeds(self, start: str, condition: Condition) -> list[int]:
        """Returns the finished seeds of a start."""
        return sorted(self._evaluations.get((start, condition), {}))

    def label_cases(self, start: str, condition: Condition) -> list[int]:
        """Returns by finished seed the labelled cases that a start was fine-tuned on, in order."""
        evaluations = self._evaluations.get((start, condition), {})
        return [evaluations[seed].card.label_cases for seed in self.seeds(start, condition)]

    def cases(self, start: str, condition: Condition, key: Slice) -> int:
        """Returns the cases of a slice, the same for every arm; 0 without the slice."""
        for evaluation in self._evaluations[start, condition].values():
            return evaluation.slices[key].cases if key in evaluation.slices else 0
        return 0

    def sites(self) -> list[str]:
        """Returns the sites that were evaluated."""
        return sorted(
            {
                key[0][1]
                for evaluations in self._evaluations.values()
                for evaluation in evaluations.values()
                for key in evaluation.slices
                if len(key) == 1 and key[0][0] == predictions.SITE
            }
        )

    def metric(
        self, start: str, condition: Condition, key: Slice, metric: str
    ) -> Mapping[int, Estimate]:
        """Returns a metric of a slice by seed; none where a slice has too few cases for it.

        Args:
            start: Name of an initialisation.
            condition: Kind of training and share of the labels.
            key: The slice.
            metric: `mean_auc`, or of one class `auc:edema`.
        """
        found = {}
        for seed, evaluation in self._evaluations.get((start, condition), {}).items():
            metrics = evaluation.slices.get(key)
            estimate = None if metrics is None else self._enough(metrics, metric)
            if estimate is not None:
                found[seed] = estimate
        return found

    def shift(
        self, start: str, condition: Condition, outside: Slice, metric: str
    ) -> Mapping[int, ShiftLoss]:
        """Returns by seed what a metric loses from the sites of training to another slice.

        Both sides of it are of the same classes.
        """
        found = {}
        for seed, evaluation in self._evaluations.get((start, condition), {}).items():
            if IN_DISTRIBUTION not in evaluation.slices or outside not in evaluation.slices:
                continue
            sides = evaluation.slices[IN_DISTRIBUTION], evaluation.slices[outside]
            lost = shift_loss(*sides, metric, self._limits)
            if lost is not None and all(self._enough(side, metric) for side in sides):
                found[seed] = lost
        return found

    def _enough(self, metrics: SliceMetrics, metric: str) -> Estimate | None:
        found = find_estimate(metrics, metric)
        if found is None or why_too_few(metric, metrics, self._limits) is not None:
            return None
        return found
