"""The report's content as one HTML page that loads nothing."""

import base64
import hashlib
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from components.slice_report import number_format, svg
from components.slice_report.curve_plots import reliability_plot, roc_plot
from components.slice_report.forest_plot import forest_plot
from components.slice_report.message_catalogue import Messages, load_messages
from components.slice_report.vocabulary import METRICS, rule_name

_TEMPLATE = "report.html.jinja"
_SCRIPT = "report.js"
_STYLE_SHEETS = ("report.css", "print.css")


def render(data: dict[str, Any]) -> str:
    """Returns the page; every text that comes from data is escaped.

    Args:
        data: What `report_data` returns.
    """
    directory = Path(__file__).parent
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(directory),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        value=number_format.value,
        interval=number_format.interval,
        signed_value=number_format.signed_value,
        signed_interval=number_format.signed_interval,
        percent=number_format.percent,
        count=number_format.count,
        bound=number_format.bound,
        rule_name=rule_name,
        metric_label=lambda metric: METRICS[metric].label,
        capitalize_first=lambda name: name[:1].upper() + name[1:],
    )
    messages = load_messages("en")
    script = (directory / _SCRIPT).read_text(encoding="utf-8")
    return environment.get_template(_TEMPLATE).render(
        report=data,
        messages=messages,
        script=Markup(script),
        content_policy=_content_policy(script),
        page_data=_page_data(data, messages),
        metric_names=METRICS,
        colours={"candidate": svg.CANDIDATE, "baseline": svg.BASELINE},
        style_sheet=Markup("\n").join(
            Markup((directory / name).read_text(encoding="utf-8")) for name in _STYLE_SHEETS
        ),
        forest_plot=forest_plot(data),
        curves={
            name: (roc_plot(data, name), reliability_plot(data, name)) for name in data["classes"]
        },
    )


def _content_policy(script: str) -> str:
    """Returns a Content-Security-Policy: nothing is loaded and no script runs but ours."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "img-src data:"
    )


def _page_data(data: dict[str, Any], messages: Messages) -> dict[str, Any]:
    return {"exploration": data["exploration"], "messages": messages.group("script")}
