"""What the rules look at: slices of an evaluation by name, and one metric of a slice."""

from components.case_predictor.predictions import DISTRIBUTION, IN_DISTRIBUTION, SITE
from components.promotion_gate.rules import (
    EACH_SITE,
    IN_DISTRIBUTION_SLICE,
    OVERALL_SLICE,
    SHIFTED_SLICE,
    SITE_PREFIX,
)
from components.site_evaluator.results import OVERALL, Estimate, Evaluation, Slice
from schemas.case_features import SHIFTED

NAMES = {
    "mean_auc": "mean AUC",
    "ece": "calibration error",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "auc": "AUC",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "ppv": "positive predictive value",
    "npv": "negative predictive value",
}


def site_slice(site: str) -> Slice:
    """Returns the slice of one site."""
    return ((SITE, site),)


def select_slices(evaluation: Evaluation, name: str) -> dict[str, Slice]:
    """Returns the slices that a rule names, by their title for a person.

    Args:
        evaluation: Where `each_site` finds the sites.
        name: As in `rules.MinimumRule.slice`.
    """
    named: dict[str, tuple[str, Slice]] = {
        OVERALL_SLICE: ("all cases", OVERALL),
        IN_DISTRIBUTION_SLICE: ("sites seen in training", ((DISTRIBUTION, IN_DISTRIBUTION),)),
        SHIFTED_SLICE: ("held-out sites", ((DISTRIBUTION, SHIFTED),)),
    }
    if name in named:
        return dict([named[name]])
    if name == EACH_SITE:
        sites = [s[0][1] for s in evaluation.slices if len(s) == 1 and s[0][0] == SITE]
    else:
        sites = [name.removeprefix(SITE_PREFIX)]
    return {f"site {site}": site_slice(site) for site in sorted(sites)}


def metric_title(metric: str) -> str:
    """Returns a metric's name for a person: `sensitivity of edema`."""
    name, _, class_name = metric.partition(":")
    return f"{NAMES[name]} of {class_name}" if class_name else NAMES[name]


def measure(evaluation: Evaluation, features: Slice, metric: str) -> Estimate | None:
    """Returns a metric of a slice; None where the evaluation does not have it."""
    metrics = evaluation.slices.get(features)
    if metrics is None:
        return None
    name, _, class_name = metric.partition(":")
    if not class_name:
        return metrics.metrics.get(name)
    of_class = metrics.classes.get(class_name)
    return None if of_class is None else getattr(of_class, name)
