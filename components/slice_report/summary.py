"""The findings of the first screen in plain sentences, made from the numbers they state."""

from typing import Any

from components.case_predictor import predictions
from components.site_evaluator.sufficiency import MEANS
from components.slice_report import number_format
from components.slice_report.estimates import ESTIMATED
from components.slice_report.message_catalogue import ENGLISH, Messages
from components.slice_report.number_format import MINUS
from components.slice_report.vocabulary import in_text


def worst_site(entries: list[dict[str, Any]], metric: str) -> dict[str, Any] | None:
    """Returns the site entry with the candidate's lowest metric among those with enough cases."""
    return min(
        _estimated_sites(entries, metric),
        key=lambda entry: entry["models"]["candidate"]["metrics"][metric]["value"],
        default=None,
    )


def means_differ(entries: list[dict[str, Any]], metric: str) -> bool:
    """Says whether the sites' means are over different classes, and so no common measure."""
    models = [entry["models"]["candidate"] for entry in _estimated_sites(entries, metric)]
    left_out = {frozenset([*model["absent_classes"], *model["sparse_classes"]]) for model in models}
    return metric in MEANS and len(left_out) > 1


def _estimated_sites(entries: list[dict[str, Any]], metric: str) -> list[dict[str, Any]]:
    """Returns the entries of sites at which the candidate's metric is estimated."""
    return [
        entry
        for entry in entries
        if entry["kind"] == "site"
        and "candidate" in entry["models"]
        and entry["models"]["candidate"]["metrics"][metric]["status"] == ESTIMATED
    ]


def findings(
    entries: list[dict[str, Any]],
    shift: list[dict[str, Any]],
    metric: str,
    baseline_name: str | None,
    messages: Messages = ENGLISH,
) -> list[str]:
    """Returns sentences: the worst site, the shift at each held-out site, the baseline."""
    sentences = []
    worst = worst_site(entries, metric)
    if worst is not None:
        sentences.append(_worst_sentence(worst, metric, messages))
        if means_differ(entries, metric):
            sentences.append(messages.plain("finding.means_differ"))
    sentences += [_shift_sentence(row, messages) for row in shift if row["metric"] == metric]
    overall = entries[0]["differences"].get(metric)
    if overall is not None and baseline_name is not None:
        sentences.append(_baseline_sentence(overall, metric, baseline_name, messages))
    return sentences


def _worst_sentence(entry: dict[str, Any], metric: str, messages: Messages) -> str:
    estimate = entry["models"]["candidate"]["metrics"][metric]
    return messages.plain(
        "finding.worst",
        metric=in_text(metric, messages),
        value=number_format.value(estimate, metric, messages),
        interval=in_brackets(number_format.interval(estimate, metric, messages), messages),
        site=entry["features"][predictions.SITE],
        cases=number_format.count(entry["cases"], messages),
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
    comparison = _comparison(_negated(loss), metric, reference, messages)
    return messages.plain("finding.shift", site=row["site"], comparison=comparison)


def _negated(estimate: dict[str, Any]) -> dict[str, Any]:
    value, lower, upper = (
        None if estimate[key] is None else -estimate[key] for key in ("value", "upper", "lower")
    )
    return {"status": estimate["status"], "value": value, "lower": lower, "upper": upper}


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
    lower, upper = difference["lower"], difference["upper"]
    amount = number_format.signed_value(difference, metric, messages)
    if lower is None or upper is None or lower <= 0 <= upper:
        key = "finding.unclear"
    else:
        key = "finding.higher" if lower > 0 else "finding.lower"
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
