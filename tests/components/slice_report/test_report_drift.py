"""How the data of the sites differ, and what was paired: on the page, as JSON and as CSV."""

import copy
import csv
import dataclasses
import io

import pytest

from components.slice_report.drift import drift_csv
from components.slice_report.render import render
from components.slice_report.report_data import report_data
from components.slice_report.settings import ReportSettings
from tests.components.slice_report.simulated_evaluation import SETTINGS, simulated_inputs


@pytest.fixture(scope="module")
def data(inputs):
    return report_data(inputs)


def cells(page: str, heading: str) -> str:
    """Returns the part of the page from a heading to the end of the table after it, as words."""
    part = page[page.index(heading) :]
    return " ".join(part[: part.index("</table>")].split())


def test_each_site_has_its_features_by_falling_distance_held_out_sites_first(data):
    rows = {row["site"]: row for row in data["drift"]}
    assert list(rows) == ["island <b>", "tiny", "east", "north"]
    first, second, *_ = rows["island <b>"]["features"]
    assert (first["feature"], first["measure"], first["value"]) == (
        "image_mean",
        "divergence",
        None,
    )
    assert (second["feature"], second["value"]) == ("view", "lateral")
    assert second["distance"] == pytest.approx(0.65 - 0.25)
    assert (second["at_site"], second["at_training_sites"]) == (0.65, 0.25)


def test_a_site_of_few_cases_has_no_distance(data):
    [tiny] = [row for row in data["drift"] if row["site"] == "tiny"]
    assert (tiny["cases"], tiny["features"]) == (6, None)


def test_the_page_shows_the_three_that_differ_most_in_words_and_escapes_names(data):
    shown = cells(render(data), "How the data differ")
    assert "island &lt;b&gt;" in shown
    assert "View: lateral</td> <td>0.40" in shown
    assert "<td>65.0%</td><td>25.0%</td>" in shown
    assert "effusion: present" in shown
    assert "Sex" not in shown
    assert "too few to estimate" in shown


def test_the_page_is_in_chinese_too(inputs):
    chinese = dataclasses.replace(SETTINGS, language="zh")
    page = render(report_data(dataclasses.replace(inputs, settings=chinese)))
    assert "体位：lateral" in cells(page, "数据有何不同")
    assert "训练病例，共 4 轮" in cells(page, "预训练所用的图像对")


def test_the_csv_has_every_feature_of_every_site_and_no_formula(data):
    rows = list(csv.DictReader(io.StringIO(drift_csv(data["drift"]))))
    assert len(rows) == 3 * 4
    assert {row["site"] for row in rows} == {"island <b>", "east", "north"}
    [view] = [row for row in rows if (row["site"], row["feature"]) == ("east", "view")]
    assert float(view["distance"]) == pytest.approx(0.1)
    spiked = [data["drift"][0] | {"site": "=cmd()"}]
    assert "'=cmd()" in drift_csv(spiked)


def test_pairs_are_counted_by_site(data):
    shown = cells(render(data), "Pairs for pretraining")
    assert "Training cases, 4 rounds." in shown
    assert '<th scope="row">north</th><td class="n">100</td><td class="n">75 (75.0%)</td>' in shown
    assert '<td class="n">210</td><td class="n">300</td><td class="n">3.0</td>' in shown
    [east, _] = data["pairs"]["sites"]
    assert (east["different_image"], east["several_image_share"]) == (0, 0)


def test_pairs_per_case_are_those_that_the_step_counted():
    inputs = simulated_inputs()
    older = copy.deepcopy(inputs.pairs)
    del older["sites"]["north"]["pairs_per_group"]
    counted, not_counted = (
        report_data(dataclasses.replace(inputs, pairs=pairs))["pairs"]["sites"][1]
        for pairs in (inputs.pairs, older)
    )
    assert (counted["pairs_per_group"], not_counted["pairs_per_group"]) == (3.0, None)


def test_without_statistics_or_pairs_the_page_says_nothing_of_them():
    inputs = dataclasses.replace(simulated_inputs(), drift=None, pairs=None)
    page = render(report_data(inputs))
    assert "How the data differ" not in page
    assert "Pairs for pretraining" not in page


def test_with_nothing_to_compare_the_page_says_so():
    settings = ReportSettings(title="t", intended_use="u")
    inputs = dataclasses.replace(simulated_inputs(), drift=(), settings=settings)
    assert "so there is nothing to compare" in render(report_data(inputs))
