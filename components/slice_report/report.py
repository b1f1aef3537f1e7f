"""Writes the report: the page, and every number of it for a machine."""

import json
import logging
from pathlib import Path

from components.slice_report.drift import drift_csv
from components.slice_report.metrics_table import metrics_csv
from components.slice_report.numbers_table import numbers_csv
from components.slice_report.pdf import write_pdf
from components.slice_report.render import render
from components.slice_report.report_data import ReportInputs, report_data
from components.slice_report.report_files import (
    DATA,
    DRIFT,
    METRICS,
    NUMBERS,
    PAGE,
    PDF,
    WITHOUT_PDF,
)


def write_report(directory: str, inputs: ReportInputs) -> None:
    """Writes the page, its PDF, its data and tables, always the same bytes.

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
    (folder / NUMBERS).write_text(numbers_csv(data), encoding="utf-8")
    if data["drift"] is not None:
        (folder / DRIFT).write_text(drift_csv(data["drift"]), encoding="utf-8")
    # The page shows what the file holds: tuples are lists in both.
    page = render(json.loads(text), inputs.thumbnails)
    (folder / PAGE).write_text(page, encoding="utf-8")
    _write_pdf(page, folder)


def _write_pdf(page: str, folder: Path) -> None:
    for file in (PDF, WITHOUT_PDF):
        (folder / file).unlink(missing_ok=True)
    reason = write_pdf(page, folder / PDF)
    if reason is not None:
        logging.warning(reason)
        (folder / WITHOUT_PDF).write_text(reason + "\n", encoding="utf-8")
