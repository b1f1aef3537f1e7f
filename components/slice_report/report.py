"""Writes the report: the page, and every number of it for a machine."""

import json
from pathlib import Path

from components.slice_report.metrics_table import metrics_csv
from components.slice_report.render import render
from components.slice_report.report_data import ReportInputs, report_data

PAGE = "report.html"
DATA = "report.json"
METRICS = "metrics.csv"


def write_report(directory: str, inputs: ReportInputs) -> None:
    """Writes `report.html`, `report.json` and `metrics.csv`; the same inputs give the same bytes.

    Args:
        directory: Made if it does not exist.
        inputs: What the report is made from.

    Raises:
        UserError: The evaluations of candidate and baseline cannot be compared.
    """
    data = report_data(inputs)
    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / DATA).write_text(text + "\n", encoding="utf-8")
    (folder / METRICS).write_text(metrics_csv(data), encoding="utf-8")
    # The page shows what the file holds: tuples are lists in both.
    (folder / PAGE).write_text(render(json.loads(text)), encoding="utf-8")
