"""Names of a report's files."""

from pathlib import Path

PAGE = "report.html"
PDF = "report.pdf"
DATA = "report.json"
METRICS = "metrics.csv"
NUMBERS = "numbers.csv"
DRIFT = "drift.csv"
WITHOUT_PDF = "report.pdf.missing.txt"
"""Stands in for the PDF where none can be made, and says why."""


def missing_pdf(directory: Path) -> str | None:
    """Returns why a report has no PDF, in one line; None if it has one."""
    file = directory / WITHOUT_PDF
    return file.read_text(encoding="utf-8").strip() if file.is_file() else None
