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
from components.site_evaluator.results import (
    OVERALL,
    Evaluation,
    Slice,
    SliceMetrics,
    site_slice,
)
from components.site_evaluator.sufficiency import (
    SampleLimits,
    averaged_classes,
    find_estimate,
    why_too_few,
)
from components.statement import Statement
from schemas.case_features import SHIFTED

NO_CASE = Statement("gate.obstacle.no_case")
NO_METRIC = Statement("gate.obstacle.no_metric")


def where_site(site: str) -> Statement:
    """Returns a site's name for a person: `site north`."""
    return Statement("gate.where.site", {"site": site})


def select_slices(evaluation: Evaluation, name: str) -> list[tuple[Statement, Slice]]:
    """Returns the slices that a rule names, each with its name for a person.

    Args:
        evaluation: Where `each_site` and `worst_site` find the sites.
        name: As in `rules.MinimumRule.slice`.
    """
    named: dict[str, Slice] = {
        OVERALL_SLICE: OVERALL,
        IN_DISTRIBUTION_SLICE: ((DISTRIBUTION, IN_DISTRIBUTION),),
        SHIFTED_SLICE: ((DISTRIBUTION, SHIFTED),),
    }
    if name in named:
        return [(Statement(f"gate.where.{name}"), named[name])]
    if name in (EACH_SITE, WORST_SITE):
        sites = [s[0][1] for s in evaluation.slices if len(s) == 1 and s[0][0] == SITE]
    else:
        sites = [name.removeprefix(SITE_PREFIX)]
    return [(where_site(site), site_slice(site)) for site in sorted(sites)]


def obstacle_of(
    metrics: SliceMetrics | None, metric: str, limits: SampleLimits
) -> Statement | None:
    """Returns why a metric of a slice must not decide; None if it may."""
    if metrics is None or metrics.cases == 0:
        return NO_CASE
    if find_estimate(metrics, metric) is None:
        return NO_METRIC
    lack = why_too_few(metric, metrics, limits)
    return None if lack is None else Statement("gate.obstacle.too_few", {"lack": lack})


def measure(
    evaluation: Evaluation, where: Statement, key: Slice, metric: str, limits: SampleLimits
) -> Measurement:
    """Measures a metric on a slice."""
    metrics = evaluation.slices.get(key)
    obstacle = obstacle_of(metrics, metric, limits)
    if metrics is None or obstacle is not None:
        return Measurement(where, 0 if metrics is None else metrics.cases, None, obstacle)
    return Measurement(
        where,
        metrics.cases,
        find_estimate(metrics, metric),
        averaged=narrowed_mean(metrics, metric, limits),
    )


def narrowed_mean(metrics: SliceMetrics, metric: str, limits: SampleLimits) -> tuple[str, ...]:
    """Returns the classes that a mean is over where it leaves some out; else none."""
    averaged = averaged_classes(metric, metrics, limits)
    return averaged if len(averaged) < len(metrics.classes) else ()
