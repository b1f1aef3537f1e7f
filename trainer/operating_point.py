"""The score at and above which a case counts as positive, chosen once on validation."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

_WITHOUT_CHOICE = 0.5


@dataclass(frozen=True)
class OperatingPointRule:
    """How the operating point of a class is chosen on the validation cases.

    Attributes:
        rule: `youden`: largest sensitivity + specificity (Youden's J). `sensitivity`: the highest
            score at which the sensitivity is at least `value`. `specificity`: the lowest score at
            which the specificity is at least `value`.
        value: Of `sensitivity` and `specificity`, within 0..1; none with `youden`.
    """

    rule: Literal["youden", "sensitivity", "specificity"] = "youden"
    value: float | None = None

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        if self.rule == "youden" and self.value is not None:
            raise ValueError(f"value has no meaning with youden; leave it out. Got {self.value}")
        if self.rule != "youden" and (self.value is None or not 0 < self.value < 1):
            raise ValueError(
                f"value must be within 0..1, such as 0.9, with {self.rule}. Received: {self.value}"
            )

    @property
    def description(self) -> str:
        """The rule for a person."""
        if self.rule == "youden":
            return "largest sensitivity + specificity on the validation cases (Youden's J)"
        return f"{self.rule} of at least {self.value:g} on the validation cases"


def operating_points(
    targets: npt.NDArray[np.floating],
    weights: npt.NDArray[np.floating],
    scores: npt.NDArray[np.floating],
    rule: OperatingPointRule,
) -> npt.NDArray[np.float64]:
    """Chooses the operating point of each class.

    Candidates are the observed scores; of equally good ones the highest is taken. Where no score
    reaches the specificity, the point is just above the highest score: no case is positive.

    Args:
        targets: [cases, classes]: one-hot, or 1 present and 0 absent.
        weights: [cases, classes]: 0 where the label is unknown.
        scores: [cases, classes]: probabilities.
        rule: How to choose.

    Returns:
        float64 [classes]; 0.5 for a class without a positive or without a negative case.
    """
    known = weights > 0
    thresholds = [
        _threshold(targets[known[:, index], index] > 0, scores[known[:, index], index], rule)
        for index in range(targets.shape[1])
    ]
    return np.array(thresholds, np.float64)


def _threshold(
    positive: npt.NDArray[np.bool_], scores: npt.NDArray[np.floating], rule: OperatingPointRule
) -> float:
    if positive.all() or not positive.any():
        return _WITHOUT_CHOICE
    candidates, group = np.unique(scores, return_inverse=True)
    positives_at = np.bincount(group, weights=positive, minlength=len(candidates))
    negatives_at = np.bincount(group, weights=~positive, minlength=len(candidates))
    # Highest candidate first: the counts are those at and above each.
    falling = candidates[::-1]
    true_positives = np.cumsum(positives_at[::-1])
    false_positives = np.cumsum(negatives_at[::-1])
    positives, negatives = true_positives[-1], false_positives[-1]
    if rule.value is None:
        # Youden's J times positives and negatives: whole numbers, so that ties are exact.
        youden = true_positives * negatives - false_positives * positives
        return float(falling[np.argmax(youden)])
    if rule.rule == "sensitivity":
        return float(falling[np.argmax(true_positives / positives >= rule.value)])
    specific = 1 - false_positives / negatives >= rule.value
    if not specific[0]:
        return float(np.nextafter(falling[0], np.inf))
    return float(falling[np.flatnonzero(specific)[-1]])
