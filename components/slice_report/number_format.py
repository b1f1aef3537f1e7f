"""Numbers as the page prints them: percentages, three decimals, signed differences."""

from collections.abc import Mapping
from typing import Any

from components.site_evaluator.distinct_patients import EXACT_PATIENTS
from components.slice_report.disclosure.cells import WITHHELD as WITHHELD_COUNT
from components.slice_report.estimates import (
    ESTIMATED,
    MISSING,
    SAME_SCORES,
    TOO_FEW,
    UNDEFINED,
    WITHHELD,
)
from components.slice_report.message_catalogue import ENGLISH, Messages
from components.slice_report.vocabulary import METRICS

Count = int | str
"""A count of a report; as text what stands for one that is withheld."""

MINUS = "\N{MINUS SIGN}"
REASONS = {
    TOO_FEW: "page.too_few",
    UNDEFINED: "page.undefined",
    MISSING: "page.missing",
    WITHHELD: "page.withheld",
    SAME_SCORES: "page.same_scores",
}
"""The message that stands in place of a number, by the estimate's status."""


def value(estimate: dict[str, Any], metric: str, messages: Messages = ENGLISH) -> str:
    """Returns `87.3%`, `0.873`, or why there is no number: `too few to estimate`."""
    if estimate["status"] != ESTIMATED:
        return messages.plain(REASONS[estimate["status"]])
    return number(estimate["value"], metric)


def interval(estimate: dict[str, Any], metric: str, messages: Messages = ENGLISH) -> str:
    """Returns `82.1 to 91.4` or `0.821 to 0.914`; empty where there is no interval."""
    if estimate["lower"] is None or estimate["upper"] is None:
        return ""
    return messages.plain(
        "page.interval",
        **{end: number(estimate[end], metric).rstrip("%") for end in ("lower", "upper")},
    )


def signed_value(estimate: dict[str, Any], metric: str, messages: Messages = ENGLISH) -> str:
    """Returns a difference, `+3.2 points` for percentages and `+0.032` otherwise, or why none."""
    if estimate["status"] != ESTIMATED:
        return messages.plain(REASONS[estimate["status"]])
    amount = signed_number(estimate["value"], metric)
    return messages.plain("page.points", amount=amount) if METRICS[metric].is_percent else amount


def signed_interval(estimate: dict[str, Any], metric: str, messages: Messages = ENGLISH) -> str:
    """Returns `−1.2 to +5.0`; empty where there is no interval."""
    if estimate["lower"] is None or estimate["upper"] is None:
        return ""
    return messages.plain(
        "page.interval", **{end: signed_number(estimate[end], metric) for end in ("lower", "upper")}
    )


def number(amount: float, metric: str) -> str:
    """Returns a value of a metric: `87.3%` or `0.873`."""
    text = f"{100 * amount:.1f}%" if METRICS[metric].is_percent else f"{amount:.3f}"
    return text.replace("-", MINUS)


def signed_number(amount: float, metric: str) -> str:
    """Returns a difference with its sign, percentages in points: `+3.2`, `−0.032`."""
    text = f"{100 * amount:+.1f}" if METRICS[metric].is_percent else f"{amount:+.3f}"
    if float(text) == 0:
        text = text[1:]
    return text.replace("-", MINUS)


def percent(share: float | None) -> str:
    """Returns a share as `12.5%`, or a dash for None."""
    return "\N{EN DASH}" if share is None else f"{100 * share:.1f}%"


def stated_share(share: float) -> str:
    """Returns a share that somebody stated, in percent with as many digits as it needs: `0.04%`."""
    return f"{100 * share:.4g}%"


def label_share(share: float) -> str:
    """Returns a share of the labels, measured or read off a curve: `10%`, `12.5%`, `100%`."""
    return f"{100 * share:.3g}%"


def p_value(p: float | None) -> str:
    """Returns `0.031`, `< 0.001`, or a dash where there is none."""
    if p is None:
        return "\N{EN DASH}"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def count(amount: Count, messages: Messages = ENGLISH) -> str:
    """Returns a whole number with separators, or what stands for one: `12,345`, `<10`."""
    if isinstance(amount, str):
        return messages.plain("page.withheld") if amount == WITHHELD_COUNT else amount
    return f"{amount:,}"


def patients(
    amount: Count, messages: Messages = ENGLISH, counted_exactly: int = EXACT_PATIENTS
) -> str:
    """Returns a number of patients; `≈ 210,000` where it is too large to be counted exactly."""
    exact = isinstance(amount, str) or amount <= counted_exactly
    return count(amount, messages) if exact else f"≈ {count(amount, messages)}"


def added(*amounts: Count) -> Count:
    """Returns the sum of counts; withheld if one of them is."""
    numbers = [amount for amount in amounts if not isinstance(amount, str)]
    return sum(numbers) if len(numbers) == len(amounts) else WITHHELD_COUNT


def known(values: Mapping[str, Any]) -> Count:
    """Returns the cases whose label of a class is known: those with and those without it."""
    return added(values["positives"], values["negatives"])


def share(part: Count, whole: Count) -> float | None:
    """Returns a part as a share of the whole; None of none, or where one of them is withheld."""
    if isinstance(part, str) or isinstance(whole, str) or not whole:
        return None
    return part / whole


def bound(amount: float | None, messages: Messages = ENGLISH) -> str:
    """Returns a number of a gate's rule, whose metric is not known: at most four decimals."""
    if amount is None:
        return messages.plain("page.missing")
    return f"{amount:.4f}".rstrip("0").rstrip(".").replace("-", MINUS)
