"""Which of two states of a model is better, measured on validation cases only."""

import math

from trainer.area_under_curve import mean_auc
from trainer.case_labels import CaseLabels
from trainer.errors import UserError
from trainer.settings import SelectionMetric


def is_better(metric: SelectionMetric, score: float, best: float | None) -> bool:
    """Says whether a score beats the best one so far; the first score does."""
    if best is None:
        return True
    return score < best if metric == "loss" else score > best


def check_selection(metric: SelectionMetric, labels: CaseLabels) -> None:
    """Says before a training whether its selection metric can be computed at all.

    Raises:
        UserError: No class is present in some of the validation cases and absent in others.
    """
    auc = mean_auc(labels.targets, labels.weights, labels.targets)
    if metric == "auc" and math.isnan(auc):
        raise UserError(
            "selection_metric: auc needs a class that is present in some validation cases and "
            "absent in others. Add such cases, or set selection_metric: loss."
        )
