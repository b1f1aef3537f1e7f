"""Inputs of a report, simulated once."""

from pathlib import Path

import pytest

from components.slice_report import report
from components.slice_report.render import render
from components.slice_report.report_data import report_data
from tests.components.slice_report.simulated_evaluation import simulated_inputs


@pytest.fixture(scope="session", autouse=True)
def pdf_is_quick():
    """A PDF takes seconds: only the tests of PDFs make one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report, "write_pdf", lambda page, file: Path(file).touch())
        yield


@pytest.fixture(scope="session", params=["multi_label", "multi_class"])
def inputs(request):
    return simulated_inputs(request.param)


@pytest.fixture(scope="session")
def data(inputs):
    return report_data(inputs)


@pytest.fixture(scope="session")
def page(data):
    return render(data)
