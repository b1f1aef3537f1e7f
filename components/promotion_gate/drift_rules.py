"""The rule that bounds how far the data of a site may be from what training saw."""

import dataclasses
from collections.abc import Sequence

from components.promotion_gate.question import Question
from components.promotion_gate.rules import DriftRule, GateRules
from components.promotion_gate.verdict import RuleResult
from components.site_drift.drift import FeatureDrift, SiteDrift
from components.site_evaluator.sufficiency import SampleLimits
from schemas import case_features

_TITLES = {
    case_features.IMAGE_COUNT: "the number of images of a case",
    case_features.IMAGE_MEAN: "the brightness of the images",
    case_features.IMAGE_CONTRAST: "the contrast of the images",
}

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
    if rule.share is not None:
        question = Question(
            rule="max_drift_share",
            requirement=f"no share more than {rule.share:.0%} away from that at the training sites",
            bound=rule.share,
            end="value",
            sense="at most",
        )
        results += _judge(question, drifts, rule, limits, rules, of_shares=True)
    if rule.divergence is not None:
        question = Question(
            rule="max_drift_divergence",
            requirement=(
                f"a Jensen-Shannon divergence from the training sites of at most "
                f"{rule.divergence:.3f}"
            ),
            bound=rule.divergence,
            end="value",
            sense="at most",
        )
        results += _judge(question, drifts, rule, limits, rules, of_shares=False)
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
    every = "all sites" if rule.sites == "each" else "held-out sites"
    if drifts is None:
        return [question.unjudged(every, "The statistics of the data are not there", rules)]
    sites = [drift for drift in drifts if drift.held_out or rule.sites == "each"]
    if not sites:
        return [question.unjudged(every, f"There is nothing to compare: no {every}", rules)]
    # Features come by falling distance.
    worst = {
        drift: next((f for f in drift.features if bool(f.distance.of) == of_shares), None)
        for drift in sites
    }
    judged = [drift for drift in sites if worst[drift] and drift.cases >= limits.min_cases]
    results = []
    for drift in sites:
        title, found = f"site {drift.site}", worst[drift]
        if drift in judged and found is not None:
            result = question.decided(
                title, found.distance.value <= question.bound, _sentence(drift, found)
            )
            results.append(dataclasses.replace(result, measured=found.distance.value))
            continue
        why = f"On {title}: {'no such feature' if found is None else f'{drift.cases} cases'}"
        why += "" if found is None else f" are too few to compare (fewer than {limits.min_cases})"
        if judged:
            results.append(question.decided(title, True, f"{why}."))
        else:
            results.append(question.unjudged(title, why, rules))
    return results


def _sentence(drift: SiteDrift, found: FeatureDrift) -> str:
    distance = found.distance
    where = f"On site {drift.site} ({drift.cases} cases), {_title(found.feature)} differs most: "
    if distance.of:
        is_finding = found.feature.startswith(f"{case_features.KNOWN_FINDING}:")
        word = _PRESENCE[distance.of] if is_finding else distance.of
        return (
            f"{where}{word} in {distance.here:.1%} there and {distance.elsewhere:.1%} at "
            "the training sites."
        )
    return (
        f"{where}divergence {distance.value:.3f}, mean {distance.here:.3f} there and "
        f"{distance.elsewhere:.3f} at the training sites."
    )


def _title(feature: str) -> str:
    name, _, part = feature.partition(":")
    return part or _TITLES.get(name, name.replace("_", " "))
