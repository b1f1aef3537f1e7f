"""Models of the registry as lines for a person."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from components.model_registry.differences import differences, value_text
from components.model_registry.records import CandidateRecord
from components.model_registry.registry import SHORT, ModelRegistry
from components.model_registry.state import SIGNED, ModelState

OVERALL = "all cases"
_MAIN_METRIC = "mean_auc"
_SHOWN_METRICS = ("mean_auc", "balanced_accuracy", "ece")


def list_lines(registry: ModelRegistry) -> list[str]:
    """Returns a table of all models, in the order of their first registration."""
    state = registry.state()
    rows = [("model", "registered (UTC)", "name", "mean AUC", "state")]
    for model, found in state.models.items():
        record = registry.record_of(found)
        metric = _value(record.metrics.get(OVERALL, {}), _MAIN_METRIC)
        when = found.registered[:16].replace("T", " ")
        rows.append((model[:SHORT], when, record.card["model_name"], metric, state.status(model)))
    return _table(rows)


def show_lines(registry: ModelRegistry, model: str) -> Iterator[str]:
    """Yields what is known about a model."""
    state = registry.state()
    record = registry.record_of(state.models[model])
    yield f"model: {model}"
    yield f"state: {state.status(model)}"
    yield from _mapping_lines("card", record.card)
    yield from _mapping_lines("lineage", record.lineage)
    if record.encoder is not None:
        yield from _mapping_lines("encoder", _without_parent(record.encoder))
    yield f"judged against: {record.judged_against or 'no champion'}"
    if record.check is not None:
        yield from _mapping_lines("check", record.check)
    yield f"verdict: {'passed' if record.passed else 'refused'}"
    for rule in record.verdict["rules"]:
        yield f"  {'+' if rule['passed'] else '-'} {rule['reason']}"
    yield "metrics:"
    header = ("slice", "cases", *_SHOWN_METRICS)
    rows = [
        (name, str(found["cases"]), *(_value(found, metric) for metric in _SHOWN_METRICS))
        for name, found in record.metrics.items()
    ]
    yield from (f"  {line}" for line in _table([header, *rows]))
    yield from _signature_lines(state.models[model])


def log_lines(registry: ModelRegistry) -> list[str]:
    """Returns a table of the log: when, what, of which model, by whom and why."""
    rows = [("time (UTC)", "what", "model", "by", "reason")]
    for entry in registry.entries():
        by = entry.details.get("name") or entry.details.get("by") or ""
        role = entry.details.get("role")
        what = entry.action
        if entry.action == SIGNED and not entry.details["agreed"]:
            what = "refused"
        rows.append(
            (
                entry.time[:19].replace("T", " "),
                what,
                entry.model[:SHORT],
                f"{by} ({role})" if role else by,
                entry.details.get("reason", ""),
            )
        )
    return _table(rows)


def difference_lines(first: CandidateRecord, second: CandidateRecord) -> list[str]:
    """Returns a table of the fields, metrics and rules in which two models differ."""
    found = [
        *differences(_sections(first), _sections(second)),
        *differences(dict(_judgement(first)), dict(_judgement(second))),
    ]
    rows = [(one.field, *map(_cell, (one.first, one.second))) for one in found]
    return _table([("", first.model[:SHORT], second.model[:SHORT]), *rows])


def _sections(record: CandidateRecord) -> dict[str, Mapping[str, Any]]:
    return {
        "card": record.card,
        "lineage": record.lineage,
        "check": record.check or {},
        "encoder": _without_parent(record.encoder or {}),
    }


def _cell(value: Any) -> str:
    return "-" if value is None else value_text(value)


def _judgement(record: CandidateRecord) -> Iterator[tuple[str, str]]:
    yield "verdict", "passed" if record.passed else "refused"
    for rule in record.verdict["rules"]:
        yield f"rule {rule['rule']}, {rule.get('slice', '')}", rule["reason"]
    yield "judged against", record.judged_against[:SHORT] or "no champion"
    yield "sign-off roles", value_text(record.sign_off_roles)
    for name, found in record.metrics.items():
        yield f"{name}: cases", str(found["cases"])
        for metric, estimate in found["metrics"].items():
            yield f"{name}: {metric}", _estimate_text(estimate)
        for class_name, values in found["classes"].items():
            for what, value in values.items():
                text = str(value) if isinstance(value, int) else _estimate_text(value)
                yield f"{name}: {class_name}: {what}", text


def _signature_lines(state: ModelState) -> Iterator[str]:
    for signature in state.signatures.values():
        word = "agreed" if signature.agreed else f"refused: {signature.reason}"
        yield f"signed: {signature.role}: {signature.name}, {signature.time}, {word}"
    for role in state.awaited_roles:
        yield f"signed: {role}: not yet"


def _without_parent(encoder: Mapping[str, Any]) -> dict[str, Any]:
    """Leaves out the ancestors, which the model's card tells in sentences."""
    return {name: value for name, value in encoder.items() if name != "parent"}


def _mapping_lines(title: str, values: Mapping[str, Any]) -> Iterator[str]:
    yield f"{title}:"
    for name, value in values.items():
        yield f"  {name}: {value_text(value)}"


def _value(found: Mapping[str, Any], metric: str) -> str:
    return _estimate_text(found.get("metrics", {}).get(metric))


def _estimate_text(estimate: Mapping[str, Any] | None) -> str:
    if estimate is None or estimate["value"] is None:
        return "-"
    if estimate["lower"] is None:
        return f"{estimate['value']:.3f}"
    return f"{estimate['value']:.3f} ({estimate['lower']:.3f} to {estimate['upper']:.3f})"


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
