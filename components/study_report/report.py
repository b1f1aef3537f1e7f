"""Writes the study's report: page, figures, and every number for a machine."""

import json
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup
from matplotlib.figure import Figure

import components.slice_report
from components.slice_report import number_format, svg
from components.slice_report.message_catalogue import ENGLISH
from components.slice_report.study_figures import FIGURES, figure_label
from components.slice_report.vocabulary import METRICS, in_text
from components.study_report.tables import TABLES, table_csv

PAGE = "study.html"
DATA = "study.json"

_TEMPLATE = "report.html.jinja"
_STYLE_SHEETS = ("report.css",)


def write_results(results: dict[str, Any], directory: Path) -> None:
    """Writes `study.html`, `study.json`, a CSV for each table, and each figure as SVG and PNG.

    The same results give the same bytes. A figure of earlier results that these have not is
    removed.

    Args:
        results: What `study_results` returns.
        directory: Made if it does not exist.
    """
    directory.mkdir(parents=True, exist_ok=True)
    text = json.dumps(results, ensure_ascii=False, allow_nan=False, indent=1)
    (directory / DATA).write_text(text + "\n", encoding="utf-8")
    for name in TABLES:
        (directory / f"{name}.csv").write_text(table_csv(name, results), encoding="utf-8")
    drawings = {}
    for name, (rows, draw) in FIGURES.items():
        if not results[rows]:
            _remove(directory / name)
            continue
        with svg.style(f"study {name}"):
            figure = draw(results, ENGLISH)
            _save(figure, directory / name)
            drawings[name] = svg.to_svg(figure, figure_label(name, results, ENGLISH))
    (directory / PAGE).write_text(render(results, drawings), encoding="utf-8")


def render(results: dict[str, Any], drawings: dict[str, Markup]) -> str:
    """Returns the page; it loads nothing, and every text that comes from data is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
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
        number=number_format.number,
        percent=number_format.label_share,
        count=number_format.count,
        p_value=number_format.p_value,
        minutes=lambda seconds: f"{seconds / 60:.1f}",
        metric_label=lambda metric: METRICS[metric].label,
        in_text=in_text,
    )
    of_report = Path(components.slice_report.__path__[0])
    return environment.get_template(_TEMPLATE).render(
        study=results,
        drawings=drawings,
        style_sheet=Markup("\n").join(
            Markup((of_report / name).read_text(encoding="utf-8")) for name in _STYLE_SHEETS
        ),
    )


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path.with_suffix(".png"), dpi=160, metadata={"Software": None})
    figure.savefig(path.with_suffix(".svg"), metadata={"Date": None, "Creator": None})


def _remove(path: Path) -> None:
    for suffix in (".png", ".svg"):
        path.with_suffix(suffix).unlink(missing_ok=True)
