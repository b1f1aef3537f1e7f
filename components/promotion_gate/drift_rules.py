"""The rule that bounds how far the data of a site may be from what training saw."""

import dataclasses
from collections.abc import Sequence

from components.promotion_gate.measurements import where_site
from components.promotion_gate.question import Question
from components.promotion_gate.rules import DriftRule, GateRules
from components.promotion_gate.verdict import RuleResult
from components.site_drift.drift import FeatureDrift, SiteDrift
from components.site_evaluator.sufficiency import SampleLimits
from components.statement import Statement, Value
from schemas import case_features

_PRESENCE = {"1": "present", "0": "absent"}


def judge_drift(
    rule: DriftRule, drifts: Sequence[SiteDrift] | None, limits: SampleLimits, rules: GateRules
) -> list[RuleResult]:
    """Judges each site by the feature that differs most from the training sites.

    Args:
        rule: Bounds of the distances.
        drifts: Of the sites; None if the statistics of the data are not there.
        limits: A site with fewer than `min_cases` cases is not judged.
        rules: Say what becomes of a rule that could be judged nowhere.
    """
    results: list[RuleResult] = []
    for measure, bound in (("share", rule.share), ("divergence", rule.divergence)):
        if bound is not None:
            question = Question(
                rule=f"max_drift_{measure}",
                requirement=Statement(f"gate.asked.drift_{measure}", {"bound": bound}),
                bound=bound,
                end="value",
                sense="at most",
            )
            of_shares = measure == "share"
            results += _judge(question, drifts, rule, limits, rules, of_shares=of_shares)
    return results


def _judge(
    question: Question,
    drifts: Sequence[SiteDrift] | None,
    rule: DriftRule,
    limits: SampleLimits,
    rules: GateRules,
    *,
    of_shares: bool,
) -> list[RuleResult]:
    every = Statement(f"gate.where.{'sites' if rule.sites == 'each' else 'shifted'}")
    if drifts is None:
        return [question.unjudged(every, Statement("gate.found.no_statistics"), rules)]
    sites = [drift for drift in drifts if drift.held_out or rule.sites == "each"]
    if not sites:
        nothing = Statement("gate.found.nothing_to_compare", {"where": every})
        return [question.unjudged(every, nothing, rules)]
    # Features come by falling distance.
    worst = {
        drift: next((f for f in drift.features if bool(f.distance.of) == of_shares), None)
        for drift in sites
    }
    judged = [drift for drift in sites if worst[drift] and drift.cases >= limits.min_cases]
    results = []
    for drift in sites:
        where, found = where_site(drift.site), worst[drift]
        if drift in judged and found is not None:
            distance = found.distance.value
            result = question.decided(where, distance <= question.bound, _statement(drift, found))
            results.append(dataclasses.replace(result, measured=distance))
            continue
        obstacle = Statement("gate.obstacle.no_such_feature")
        if found is not None:
            few = {"cases": drift.cases, "needed": limits.min_cases}
            obstacle = Statement("gate.obstacle.too_few_to_compare", few)
        why = Statement("gate.found.unmeasured", {"where": where, "obstacle": obstacle})
        if judged:
            results.append(question.decided(where, True, why))
        else:
            results.append(question.unjudged(where, why, rules))
    return results


def _statement(drift: SiteDrift, found: FeatureDrift) -> Statement:
    distance = found.distance
    values: dict[str, Value] = {
        "where": where_site(drift.site),
        "cases": drift.cases,
        "feature": _feature(found.feature),
        "here": distance.here,
        "elsewhere": distance.elsewhere,
    }
    if not distance.of:
        values["divergence"] = distance.value
        return Statement("gate.found.drift_divergence", values)
    is_finding = found.feature.startswith(f"{case_features.KNOWN_FINDING}:")
    values["value"] = distance.of
    if is_finding:
        values["value"] = Statement(f"drift.{_PRESENCE[distance.of]}")
    return Statement("gate.found.drift_share", values)


def _feature(feature: str) -> Value:
    name, _, part = feature.partition(":")
    return part or Statement(f"gate.feature.{name}")
