"""An inspection as one HTML page that loads nothing."""

import datetime
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

import components.slice_report
from components.slice_report import number_format
from pipeline.inspection.plots import images_per_case_plot, intensity_plot
from schemas import case_features

_TEMPLATE = "page.html.jinja"
_STYLE_SHEET = "report.css"


def render_inspection(data: dict[str, Any], title: str) -> str:
    """Returns the page; every text that comes from data is escaped.

    Args:
        data: What `inspection_data` returns.
        title: Heading.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=number_format.percent, count=number_format.count)
    styles = Path(components.slice_report.__file__).parent / _STYLE_SHEET
    return environment.get_template(_TEMPLATE).render(
        data=data,
        title=title,
        created=datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        style_sheet=Markup(styles.read_text(encoding="utf-8")),
        sexes=case_features.SEXES,
        age_groups=case_features.AGE_GROUPS,
        intensity=intensity_plot(data),
        images_per_case=images_per_case_plot(data),
    )
