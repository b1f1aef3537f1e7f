"""The findings of the first screen in plain sentences, made from the numbers they state."""

from typing import Any

from components.case_predictor import predictions
from components.slice_report import number_format
from components.slice_report.estimates import ESTIMATED
from components.slice_report.number_format import MINUS
from components.slice_report.vocabulary import in_text


def worst_site(entries: list[dict[str, Any]], metric: str) -> dict[str, Any] | None:
    """Returns the site entry with the candidate's lowest metric among those with enough cases."""
    sites = [
        entry
        for entry in entries
        if entry["kind"] == "site"
        and "candidate" in entry["models"]
        and entry["models"]["candidate"]["metrics"][metric]["status"] == ESTIMATED
    ]
    return min(
        sites,
        key=lambda entry: entry["models"]["candidate"]["metrics"][metric]["value"],
        default=None,
    )


def findings(
    entries: list[dict[str, Any]],
    shift: list[dict[str, Any]],
    metric: str,
    baseline_name: str | None,
) -> list[str]:
    """Returns sentences: the worst site, the shift at each held-out site, the baseline."""
    sentences = []
    worst = worst_site(entries, metric)
    if worst is not None:
        sentences.append(_worst_sentence(worst, metric))
    sentences += [_shift_sentence(row) for row in shift if row["metric"] == metric]
    overall = entries[0]["differences"].get(metric)
    if overall is not None and baseline_name is not None:
        sentences.append(_baseline_sentence(overall, metric, baseline_name))
    return sentences


def _worst_sentence(entry: dict[str, Any], metric: str) -> str:
    estimate = entry["models"]["candidate"]["metrics"][metric]
    site = entry["features"][predictions.SITE]
    value = number_format.value(estimate, metric)
    return (
        f"Lowest {in_text(metric)} of any site with enough cases: {value}"
        f"{_interval(number_format.interval(estimate, metric))} at {site}, "
        f"n = {number_format.count(entry['cases'])}."
    )


def _shift_sentence(row: dict[str, Any]) -> str:
    metric, loss = row["metric"], row["loss"]
    if loss["status"] != ESTIMATED:
        reason = number_format.value(loss, metric)
        return f"Held-out site {row['site']}: loss of {in_text(metric)} {reason}."
    comparison = _comparison(_negated(loss), metric, "in distribution")
    return f"Held-out site {row['site']}: {comparison}"


def _negated(estimate: dict[str, Any]) -> dict[str, Any]:
    value, lower, upper = (
        None if estimate[key] is None else -estimate[key] for key in ("value", "upper", "lower")
    )
    return {"status": estimate["status"], "value": value, "lower": lower, "upper": upper}


def _baseline_sentence(estimate: dict[str, Any], metric: str, baseline_name: str) -> str:
    if estimate["status"] != ESTIMATED:
        reason = number_format.value(estimate, metric)
        return f"Difference to {baseline_name} over all cases: {reason}."
    return f"Over all cases, {_comparison(estimate, metric, f'with {baseline_name}')}"


def _comparison(difference: dict[str, Any], metric: str, reference: str) -> str:
    """Returns that a metric is higher or lower than the reference, or that it stays open."""
    lower, upper = difference["lower"], difference["upper"]
    interval = _interval(number_format.signed_interval(difference, metric))
    amount = number_format.signed_value(difference, metric)
    name = in_text(metric)
    if lower is None or upper is None or lower <= 0 <= upper:
        return f"{name} is not clearly different from that {reference}: {amount}{interval}."
    direction = "higher" if lower > 0 else "lower"
    return f"{name} is {amount.lstrip('+' + MINUS)} {direction}{interval} than {reference}."


def _interval(text: str) -> str:
    return f" (95% CI {text})" if text else ""
