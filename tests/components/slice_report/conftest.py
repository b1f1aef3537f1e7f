"""Inputs of a report, simulated once."""

import pytest

from components.slice_report.render import render
from components.slice_report.report_data import report_data
from tests.components.slice_report.simulated_evaluation import simulated_inputs


@pytest.fixture(scope="session", params=["multi_label", "multi_class"])
def inputs(request):
    return simulated_inputs(request.param)


@pytest.fixture(scope="session")
def data(inputs):
    return report_data(inputs)


@pytest.fixture(scope="session")
def page(data):
    return render(data)
