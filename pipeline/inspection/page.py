"""An inspection as one HTML page that loads nothing."""

import datetime
from functools import partial
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

import components.slice_report
from components.slice_report import number_format
from components.slice_report.drift import feature_name, value_name
from components.slice_report.message_catalogue import ENGLISH
from pipeline.inspection.plots import images_per_case_plot, intensity_plot
from schemas import case_features

_TEMPLATE = "page.html.jinja"
_STYLE_SHEET = "report.css"
_MODE_NAMES = {
    "1": "black and white",
    "L": "grey",
    "LA": "grey and transparent",
    "I": "grey",
    "F": "grey",
    "P": "palette",
    "RGB": "colour",
    "RGBA": "colour and transparent",
}
"""Of Pillow's modes; others are called as they are: CMYK."""


def render_inspection(data: dict[str, Any], title: str, against: str = "") -> str:
    """Returns the page; every text that comes from data is escaped.

    Args:
        data: What `inspection_data` returns.
        title: Heading.
        against: The run whose training sites the sites are compared with; blank for their own.
    """
    report = Path(components.slice_report.__file__).parent
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([Path(__file__).parent, report]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        percent=number_format.percent,
        count=number_format.count,
        feature_name=partial(feature_name, messages=ENGLISH),
        value_name=partial(value_name, messages=ENGLISH),
    )
    environment.globals.update(t=ENGLISH.html, texts=ENGLISH.texts)
    return environment.get_template(_TEMPLATE).render(
        data=data,
        title=title,
        against=against,
        created=datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        style_sheet=Markup((report / _STYLE_SHEET).read_text(encoding="utf-8")),
        sexes=case_features.SEXES,
        age_groups=case_features.AGE_GROUPS,
        mode_names=_MODE_NAMES,
        intensity=intensity_plot(data),
        images_per_case=images_per_case_plot(data),
    )
