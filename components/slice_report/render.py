"""The report's content as one HTML page that loads nothing."""

import base64
import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from components.site_evaluator.distinct_patients import EXACT_PATIENTS_OF_CLASS
from components.slice_report import number_format, svg
from components.slice_report.card_changes import field_label, field_values
from components.slice_report.curve_plots import reliability_plot, roc_plot
from components.slice_report.drift import feature_name, value_name
from components.slice_report.forest_plot import class_forest_plot, forest_plot
from components.slice_report.message_catalogue import Messages, load_messages
from components.slice_report.sentences import say
from components.slice_report.study_figures import study_figures
from components.slice_report.summary import in_brackets
from components.slice_report.vocabulary import (
    in_text,
    is_at_operating_point,
    is_held,
    judged_end,
    metric_names,
    place_name,
    rule_name,
    rule_sense,
    slice_label,
    slice_name,
)
from components.statement import statement_from

_TEMPLATE = "report.html.jinja"
_COMPARISON_TEMPLATE = "comparison.html.jinja"
_SCRIPT = "report.js"
_STYLE_SHEETS = ("report.css", "print.css")


def render(data: dict[str, Any], thumbnails: Mapping[str, str] | None = None) -> str:
    """Returns the page; every text that comes from data is escaped.

    Args:
        data: What `report_data` returns.
        thumbnails: Images of the errors as `data:` addresses, by case.
    """
    messages = load_messages(data["settings"]["language"])
    curves = {
        name: {
            "roc": roc_plot(data, name, messages),
            "forest": class_forest_plot(data, name, messages),
            "reliability": reliability_plot(data, name, messages),
        }
        for name in data["classes"]
    }
    return _render(
        _TEMPLATE,
        data,
        messages,
        data["exploration"],
        curves=curves,
        study_figures=study_figures(data["study"], messages),
        thumbnails=thumbnails or {},
    )


def render_comparison(data: dict[str, Any]) -> str:
    """Returns the page of two models side by side.

    Args:
        data: What `comparison_data` returns.
    """
    messages = load_messages(data["settings"]["language"])
    return _render(_COMPARISON_TEMPLATE, data, messages, [])


def _render(
    template: str,
    data: dict[str, Any],
    messages: Messages,
    exploration: list[dict[str, Any]],
    **more: Any,
) -> str:
    directory = Path(__file__).parent
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(directory),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(_filters(messages))
    environment.tests.update(at_operating_point=is_at_operating_point, held=is_held)
    environment.globals.update(t=messages.html, texts=messages.texts)
    script = (directory / _SCRIPT).read_text(encoding="utf-8")
    return environment.get_template(template).render(
        report=data,
        script=Markup(script),
        content_policy=_content_policy(script),
        page_data={
            "exploration": exploration,
            "too_few": {one["class"]: _too_few(data, one["class"]) for one in exploration},
            "messages": messages.group("script"),
            "limits": {
                kind: data["settings"][f"min_{kind}"] for kind in ("positives", "negatives")
            },
        },
        metric_names=metric_names(messages),
        slice_labels={entry["name"]: _label(entry, messages) for entry in data["slices"]},
        colours={"candidate": svg.CANDIDATE, "baseline": svg.BASELINE},
        style_sheet=Markup("\n").join(
            Markup((directory / name).read_text(encoding="utf-8")) for name in _STYLE_SHEETS
        ),
        forest_plot=forest_plot(data, messages),
        **more,
    )


def _too_few(data: dict[str, Any], class_name: str) -> dict[str, list[str]]:
    """Returns by slice which predictive values its table calls too few to estimate."""
    return {
        entry["name"]: [
            name
            for name in ("ppv", "npv")
            if entry["models"]["candidate"]["classes"][class_name][name]["status"] == "too_few"
        ]
        for entry in data["slices"]
        if "candidate" in entry["models"]
    }


def _filters(messages: Messages) -> dict[str, Callable[..., Any]]:
    names = metric_names(messages)
    return {
        "value": partial(number_format.value, messages=messages),
        "interval": partial(number_format.interval, messages=messages),
        "signed_value": partial(number_format.signed_value, messages=messages),
        "signed_interval": partial(number_format.signed_interval, messages=messages),
        "number": number_format.number,
        "p_value": number_format.p_value,
        "percent": number_format.percent,
        "label_share": number_format.label_share,
        "stated_share": number_format.stated_share,
        "count": partial(number_format.count, messages=messages),
        "patients": partial(number_format.patients, messages=messages),
        "patients_of_class": partial(
            number_format.patients, messages=messages, counted_exactly=EXACT_PATIENTS_OF_CLASS
        ),
        "known": number_format.known,
        "added": number_format.added,
        "total": lambda amounts: number_format.added(*amounts),
        "share": number_format.share,
        "bound": partial(number_format.bound, messages=messages),
        "in_brackets": partial(in_brackets, messages=messages),
        "slice_title": partial(slice_label, messages=messages),
        "rule_name": partial(rule_name, messages=messages),
        "rule_sense": rule_sense,
        "judged_end": judged_end,
        "in_text": partial(in_text, messages=messages),
        "feature_name": partial(feature_name, messages=messages),
        "place_name": partial(place_name, messages=messages),
        "value_name": partial(value_name, messages=messages),
        "said": lambda statement: say(statement_from(statement), messages),
        "field_label": partial(field_label, messages=messages),
        "field_values": partial(field_values, messages=messages),
        "metric_label": lambda metric: names[metric].label,
        "listed": messages.joined,
    }


def _label(entry: dict[str, Any], messages: Messages) -> str:
    return slice_name(tuple(sorted(entry["features"].items())), messages)


def _content_policy(script: str) -> str:
    """Returns a Content-Security-Policy: nothing is loaded and no script runs but ours."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "img-src data:"
    )
