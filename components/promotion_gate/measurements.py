"""What the rules look at: slices of an evaluation by name, and one metric of a slice."""

from components.case_predictor.predictions import DISTRIBUTION, IN_DISTRIBUTION, SITE
from components.promotion_gate.question import Measurement
from components.promotion_gate.rules import (
    EACH_SITE,
    IN_DISTRIBUTION_SLICE,
    OVERALL_SLICE,
    SHIFTED_SLICE,
    SITE_PREFIX,
    WORST_SITE,
)
from components.site_evaluator.results import OVERALL, Evaluation, Slice, SliceMetrics
from components.site_evaluator.sufficiency import SampleLimits, find_estimate, why_too_few
from schemas.case_features import SHIFTED

NAMES = {
    "mean_auc": "mean AUC",
    "mean_average_precision": "mean average precision",
    "ece": "calibration error",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "top_3_accuracy": "top-3 accuracy",
    "auc": "AUC",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "ppv": "positive predictive value",
    "npv": "negative predictive value",
    "average_precision": "average precision",
    "calibration_slope": "calibration slope",
}
NO_CASE = "no labelled case"
NO_METRIC = "the evaluation does not have this metric"


def site_slice(site: str) -> Slice:
    """Returns the slice of one site."""
    return ((SITE, site),)


def select_slices(evaluation: Evaluation, name: str) -> dict[str, Slice]:
    """Returns the slices that a rule names, by their title for a person.

    Args:
        evaluation: Where `each_site` and `worst_site` find the sites.
        name: As in `rules.MinimumRule.slice`.
    """
    named: dict[str, tuple[str, Slice]] = {
        OVERALL_SLICE: ("all cases", OVERALL),
        IN_DISTRIBUTION_SLICE: ("sites seen in training", ((DISTRIBUTION, IN_DISTRIBUTION),)),
        SHIFTED_SLICE: ("held-out sites", ((DISTRIBUTION, SHIFTED),)),
    }
    if name in named:
        return dict([named[name]])
    if name in (EACH_SITE, WORST_SITE):
        sites = [s[0][1] for s in evaluation.slices if len(s) == 1 and s[0][0] == SITE]
    else:
        sites = [name.removeprefix(SITE_PREFIX)]
    return {f"site {site}": site_slice(site) for site in sorted(sites)}


def metric_title(metric: str) -> str:
    """Returns a metric's name for a person: `sensitivity of edema`."""
    name, _, class_name = metric.partition(":")
    return f"{NAMES[name]} of {class_name}" if class_name else NAMES[name]


def obstacle_of(metrics: SliceMetrics | None, metric: str, limits: SampleLimits) -> str:
    """Returns why a metric of a slice must not decide; blank if it may."""
    if metrics is None or metrics.cases == 0:
        return NO_CASE
    if find_estimate(metrics, metric) is None:
        return NO_METRIC
    lack = why_too_few(metric, metrics, limits)
    return "" if lack is None else f"too few to estimate ({lack})"


def measure(
    evaluation: Evaluation, title: str, key: Slice, metric: str, limits: SampleLimits
) -> Measurement:
    """Measures a metric on a slice."""
    metrics = evaluation.slices.get(key)
    obstacle = obstacle_of(metrics, metric, limits)
    if metrics is None or obstacle:
        return Measurement(title, 0 if metrics is None else metrics.cases, None, obstacle)
    return Measurement(title, metrics.cases, find_estimate(metrics, metric))
