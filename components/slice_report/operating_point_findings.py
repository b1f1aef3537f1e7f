"""Sentences of the first screen on what goes wrong at the frozen operating point."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.site_evaluator.results import OPERATING_POINT
from components.slice_report import estimates, number_format
from components.slice_report.estimates import ESTIMATED
from components.slice_report.message_catalogue import ENGLISH, Messages
from components.slice_report.number_format import MINUS
from components.slice_report.summary import in_brackets
from components.slice_report.vocabulary import in_text, slice_name


def operating_point_findings(
    shift: Sequence[dict[str, Any]],
    champion: Mapping[str, Any] | None,
    entries: Sequence[dict[str, Any]],
    messages: Messages = ENGLISH,
) -> list[str]:
    """Returns a sentence on the largest clear loss at a held-out site, one on newly missed cases.

    Either is left out where no interval leaves out 0.

    Args:
        shift: See `shift_rows`.
        champion: See `champion_data`.
        entries: Of the slices, see `slice_entries`.
        messages: Of the language.
    """
    sentences = _loss_sentences(shift, messages)
    if champion is not None:
        sentences += _missed_sentences(champion, entries, messages)
    return sentences


def _loss_sentences(shift: Sequence[dict[str, Any]], messages: Messages) -> list[str]:
    judged = [
        row for row in shift if row["class"] is not None and row["loss"]["status"] == ESTIMATED
    ]
    clear = [row for row in judged if row["loss"]["value"] > 0 and estimates.is_clear(row["loss"])]
    if not clear:
        return []
    worst = max(clear, key=lambda row: row["loss"]["value"])
    metric, loss = worst["metric"], estimates.negated(worst["loss"])
    others = messages.plain(
        "finding.lost_alone" if len(clear) == 1 else "finding.lost_most",
        clear=len(clear),
        judged=len(judged),
    )
    return [
        messages.plain(
            "finding.lost_at_site",
            **{"class": worst["class"]},
            metric=in_text(metric, messages),
            site=worst["site"],
            amount=number_format.signed_value(loss, metric, messages).lstrip(MINUS),
            interval=in_brackets(number_format.signed_interval(loss, metric, messages), messages),
            at_site=_with_interval(worst["at_site"], metric, messages),
            cases=number_format.count(worst["cases"], messages),
            in_distribution=_with_interval(worst["in_distribution"], metric, messages),
            in_distribution_cases=number_format.count(worst["in_distribution_cases"], messages),
            others=others,
        )
    ]


def _missed_sentences(
    champion: Mapping[str, Any], entries: Sequence[dict[str, Any]], messages: Messages
) -> list[str]:
    """Of classes and slices; all cases come before their parts, which miss no more."""
    worse = [
        row
        for row in champion["reclassified"]
        if row["criterion"] == OPERATING_POINT
        and row["net_found"]["status"] == ESTIMATED
        and row["net_found"]["value"] < 0
        and estimates.is_clear(row["net_found"])
    ]
    if not worse:
        return []
    most = max(worse, key=lambda row: row["newly_missed"])
    features = next(entry["features"] for entry in entries if entry["name"] == most["slice"])
    net = most["net_found"]
    interval = number_format.signed_interval(net, "sensitivity", messages)
    return [
        messages.plain(
            "finding.newly_missed",
            **{"class": most["class"]},
            model=champion["model"]["model_name"],
            where=slice_name(tuple(sorted(features.items())), messages),
            missed=number_format.count(most["newly_missed"], messages),
            found=number_format.count(most["newly_found"], messages),
            positives=number_format.count(most["positives"], messages),
            net=number_format.signed_value(net, "sensitivity", messages),
            interval=in_brackets(interval, messages),
        )
    ]


def _with_interval(estimate: dict[str, Any], metric: str, messages: Messages) -> str:
    interval = in_brackets(number_format.interval(estimate, metric, messages), messages)
    return number_format.value(estimate, metric, messages) + interval
