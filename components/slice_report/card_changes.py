"""What differs between the champion and the candidate, of their cards and where they come from."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from components.case_predictor.predictions import PredictionCard
from components.model_registry.differences import differences, value_text
from components.model_registry.registry import SHORT
from components.slice_report import number_format
from components.slice_report.message_catalogue import Messages
from components.slice_report.settings import RunFields

_DIGEST = re.compile(r"(sha256:)?[0-9a-f]{40,}")


def card_changes(
    candidate: PredictionCard,
    run: RunFields,
    champion: PredictionCard,
    lineage: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Returns a row a differing field: `field`, `candidate`, `champion`; None where not stated.

    Args:
        candidate: Card of the candidate.
        run: Where the candidate comes from.
        champion: Card of the champion.
        lineage: Where the champion comes from, as the registry keeps it; empty if not known.
    """
    ours = {"card": dataclasses.asdict(candidate), "lineage": _lineage(run)}
    theirs = {"card": dataclasses.asdict(champion), "lineage": lineage}
    return [
        {"field": one.field, "candidate": one.first, "champion": one.second}
        for one in differences(ours, theirs)
    ]


def _lineage(run: RunFields) -> dict[str, str | None]:
    """Returns the fields of a registry's lineage, which keeps the version without its commit."""
    return {
        "pipeline_name": run.pipeline_name,
        "data_fingerprint": run.data_fingerprint,
        "package_version": run.package_version.partition("+")[0],
        "code_digest": run.code_digest or None,
        "configuration_digest": run.configuration_digest,
        "training_digest": run.training_digest or None,
    }


def field_label(field: str, messages: Messages) -> Markup:
    """Returns a field's name for a person; one without words of its own as it is written."""
    name = field.partition(".")[2]
    group, _, part = name.partition(".")
    if f"changed.of_{group}" in messages.texts and part:
        return messages.html(f"changed.of_{group}", name=part)
    if f"changed.{name}" in messages.texts:
        return messages.html(f"changed.{name}")
    return Markup("<code>{}</code>").format(field)


def field_values(field: str, value: Any, messages: Messages) -> Sequence[str]:
    """Returns what the page shows of a field, a line each; digests cut as everywhere on it."""
    if value is None:
        return [messages.plain("changed.not_stated")]
    if field == "card.pretraining":
        return list(value) or [messages.plain("model.no_pretraining")]
    if field.startswith("card.operating_point."):
        return [number_format.bound(value)]
    if field == "card.label_fraction":
        return [number_format.percent(value)]
    text = value_text(value)
    if _DIGEST.fullmatch(text):
        start = len(text.rpartition(":")[0]) + (":" in text)
        return [text[: start + SHORT]]
    return [text]
