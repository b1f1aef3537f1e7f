"""The findings of the first screen in plain sentences, made from the numbers they state."""

from typing import Any

from components.slice_report import estimates, number_format
from components.slice_report.estimates import ESTIMATED
from components.slice_report.message_catalogue import ENGLISH, Messages
from components.slice_report.number_format import MINUS
from components.slice_report.site_ranking import SiteRanking
from components.slice_report.vocabulary import in_text


def findings(
    ranking: SiteRanking | None,
    overall: dict[str, Any],
    shift: list[dict[str, Any]],
    metric: str,
    baseline_name: str | None,
    messages: Messages = ENGLISH,
) -> list[str]:
    """Returns sentences: the worst site, the shift at each held-out site, the baseline.

    Args:
        ranking: Of the sites by the metric; None if it is estimated at none.
        overall: Entry of all cases, see `slice_entries`.
        shift: See `shift_rows`.
        metric: What the sentences are about.
        baseline_name: None without a baseline.
        messages: Of the language.
    """
    sentences = [] if ranking is None else [_site_sentence(ranking, messages)]
    sentences += [_shift_sentence(row, messages) for row in shift if row["metric"] == metric]
    difference = overall["differences"].get(metric)
    if difference is not None and baseline_name is not None:
        sentences.append(_baseline_sentence(difference, metric, baseline_name, messages))
    return sentences


def _site_sentence(ranking: SiteRanking, messages: Messages) -> str:
    named = in_text(ranking.metric, messages)
    if not ranking.sites:
        return messages.plain("finding.not_ranked", metric=named)
    worst = ranking.sites[0]
    estimate = estimates.shown(worst.estimate, enough=True)
    return messages.plain(
        "finding.worst_shared" if ranking.classes else "finding.worst",
        classes=messages.joined(ranking.classes),
        metric=named,
        value=number_format.value(estimate, ranking.metric, messages),
        interval=in_brackets(number_format.interval(estimate, ranking.metric, messages), messages),
        site=worst.site,
        cases=number_format.count(worst.cases, messages),
    )


def _shift_sentence(row: dict[str, Any], messages: Messages) -> str:
    metric, loss = row["metric"], row["loss"]
    if loss["status"] != ESTIMATED:
        return messages.plain(
            "finding.shift_unknown",
            site=row["site"],
            metric=in_text(metric, messages),
            reason=number_format.value(loss, metric, messages),
        )
    reference = messages.plain("finding.in_distribution")
    comparison = _comparison(estimates.negated(loss), metric, reference, messages)
    return messages.plain("finding.shift", site=row["site"], comparison=comparison)


def _baseline_sentence(
    estimate: dict[str, Any], metric: str, baseline_name: str, messages: Messages
) -> str:
    if estimate["status"] != ESTIMATED:
        reason = number_format.value(estimate, metric, messages)
        return messages.plain("finding.baseline_unknown", baseline=baseline_name, reason=reason)
    reference = messages.plain("finding.with_model", model=baseline_name)
    comparison = _comparison(estimate, metric, reference, messages)
    return messages.plain("finding.baseline", comparison=comparison)


def _comparison(difference: dict[str, Any], metric: str, reference: str, messages: Messages) -> str:
    """Returns that a metric is higher or lower than the reference, or that it stays open."""
    amount = number_format.signed_value(difference, metric, messages)
    if not estimates.is_clear(difference):
        key = "finding.unclear"
    else:
        key = "finding.higher" if difference["lower"] > 0 else "finding.lower"
        amount = amount.lstrip("+" + MINUS)
    interval = number_format.signed_interval(difference, metric, messages)
    return messages.plain(
        key,
        metric=in_text(metric, messages),
        amount=amount,
        interval=in_brackets(interval, messages),
        reference=reference,
    )


def in_brackets(interval: str, messages: Messages) -> str:
    """Returns an interval as a sentence adds it, ` (95% CI 0.1 to 0.2)`; empty if there is none."""
    return messages.plain("finding.interval", interval=interval) if interval else ""
