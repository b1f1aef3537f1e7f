"""The page in a real browser: its numbers move, its tables sort, nothing is loaded or logged."""

import dataclasses

import pytest

from components.slice_report.render import render
from components.slice_report.report_data import report_data
from tests.components.slice_report.chromium import EXECUTABLE, chromium
from tests.components.slice_report.disclosure.consistent_inputs import consistent_inputs
from tests.components.slice_report.simulated_evaluation import simulated_inputs

pytestmark = pytest.mark.skipif(EXECUTABLE is None, reason="Chromium is not on this machine")

ENTER = ("Enter", 13)
HOSTILE = "</script><script>alert(1)"
ROW = "document.querySelector('#explore tr[data-slice=\"{}\"]')"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("browser") / "profile") as running:
        yield running


@pytest.fixture(scope="module")
def inputs():
    return simulated_inputs("multi_label")


@pytest.fixture(scope="module")
def report(inputs, tmp_path_factory):
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(render(report_data(inputs)), encoding="utf-8")
    return file


@pytest.fixture
def page(browser, report):
    browser.open(report)
    yield browser
    assert browser.problems == []
    assert browser.requests == [report.as_uri()]


def explored(page, slice_name="all cases"):
    """The numbers of a row by name, as text."""
    row = ROW.format(slice_name)
    return page.evaluate(
        f"Object.fromEntries([...{row}.querySelectorAll('td')]"
        ".map(cell => [cell.dataset.name, cell.textContent]))"
    )


def type_into(page, name, value):
    page.evaluate(
        f"(() => {{ const field = document.getElementById('{name}'); field.value = '{value}';"
        "field.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )


def choose(page, name, value):
    page.evaluate(
        f"(() => {{ const field = document.getElementById('{name}'); field.value = '{value}';"
        "field.dispatchEvent(new Event('change', {bubbles: true})); })()"
    )


def percentage(share):
    return f"{100 * share:.1f}%"


def test_the_controls_begin_at_the_frozen_point_with_the_numbers_of_the_tables(page, inputs):
    given = inputs.candidate.slices[()].classes["effusion"]
    shown = explored(page)
    assert shown["sensitivity"] == percentage(given.sensitivity.value)
    assert shown["specificity"] == percentage(given.specificity.value)
    # At the prevalence of the evaluated cases PPV and NPV are the observed ones.
    assert float(shown["ppv"].rstrip("%")) == pytest.approx(100 * given.ppv.value, abs=0.2)
    assert int(shown["true_positives"]) == round(given.sensitivity.value * given.positives)
    assert "the frozen operating point, threshold 0.5." in page.evaluate(
        "document.getElementById('explore-state').textContent"
    )


def test_a_predictive_value_over_too_few_marked_cases_is_not_shown(page):
    strictest = page.evaluate("document.getElementById('explore-step').max")
    type_into(page, "explore-step", strictest)
    shown = explored(page)
    assert int(shown["true_positives"]) + int(shown["false_positives"]) < 10
    assert shown["ppv"] == "too few to estimate"
    assert shown["npv"].endswith("%")


def test_a_predictive_value_of_too_few_marked_patients_is_not_shown(browser, inputs, tmp_path):
    """Twelve marked cases of three patients: the table says so, and no stricter threshold helps."""
    overall = inputs.candidate.slices[()]
    few = dataclasses.replace(overall.classes["effusion"], marked_patients=3)
    slices = {(): dataclasses.replace(overall, classes={**overall.classes, "effusion": few})}
    candidate = dataclasses.replace(inputs.candidate, slices={**inputs.candidate.slices, **slices})
    data = report_data(dataclasses.replace(inputs, candidate=candidate))
    file = tmp_path / "report.html"
    file.write_text(render(data), encoding="utf-8")
    browser.open(file)
    assert explored(browser)["ppv"] == "too few to estimate"
    assert explored(browser)["npv"].endswith("%")
    assert explored(browser, "site north")["ppv"].endswith("%")
    type_into(browser, "explore-threshold", "0.9")
    assert explored(browser)["ppv"] == "too few to estimate"
    type_into(browser, "explore-threshold", "0.1")
    assert explored(browser)["ppv"].endswith("%")


def test_a_rare_condition_keeps_its_prevalence(browser, inputs, tmp_path):
    settings = dataclasses.replace(inputs.settings, deployment_prevalence={"effusion": 0.0004})
    data = report_data(dataclasses.replace(inputs, settings=settings))
    file = tmp_path / "report.html"
    page = render(data)
    assert "where 0.04% of the cases have it" in page
    file.write_text(page, encoding="utf-8")
    browser.open(file)
    assert browser.evaluate("document.getElementById('explore-prevalence').value") == "0.04"
    given = inputs.candidate.slices[()].classes["effusion"]
    marked = 0.0004 * given.sensitivity.value + 0.9996 * (1 - given.specificity.value)
    assert explored(browser)["ppv"] == percentage(0.0004 * given.sensitivity.value / marked)


def test_moving_threshold_and_prevalence_moves_the_numbers_of_every_site(page, inputs):
    type_into(page, "explore-threshold", "0.7")
    type_into(page, "explore-prevalence", "2")
    threshold = page.evaluate(
        "JSON.parse(document.getElementById('page-data').textContent).exploration[0]"
        ".thresholds[document.getElementById('explore-step').value]"
    )
    assert threshold == pytest.approx(0.7, abs=0.02)
    for site, key in (("all cases", ()), ("site north", (("site", "north"),))):
        metrics = inputs.candidate.slices[key].classes["effusion"]
        point = (metrics.roc_threshold >= threshold).sum() - 1
        sensitivity = metrics.true_positive_rate[point]
        false_alarms = metrics.false_positive_rate[point]
        marked = 0.02 * sensitivity + 0.98 * false_alarms
        shown = explored(page, site)
        assert shown["sensitivity"] == percentage(sensitivity)
        assert shown["specificity"] == percentage(1 - false_alarms)
        assert shown["ppv"] == percentage(0.02 * sensitivity / marked)
        assert shown["npv"] == percentage(0.98 * (1 - false_alarms) / (1 - marked))
        assert int(shown["true_positives"]) == round(sensitivity * metrics.positives)
        assert int(shown["false_positives"]) == round(false_alarms * metrics.negatives)
        assert int(shown["false_negatives"]) + int(shown["true_positives"]) == metrics.positives
    assert "the frozen one is 0.5" in page.evaluate(
        "document.getElementById('explore-state').textContent"
    )


def test_the_button_goes_back_to_the_frozen_point(page):
    before = explored(page)
    type_into(page, "explore-threshold", "0.9")
    assert explored(page) != before
    page.evaluate("document.getElementById('explore-reset').click()")
    assert explored(page) == before


def test_a_sparse_site_stays_too_few_at_any_threshold(page):
    type_into(page, "explore-threshold", "0.2")
    assert set(explored(page, "site tiny").values()) == {"too few to estimate"}


def test_another_finding_has_its_own_numbers(page, inputs):
    choose(page, "explore-class", "nodule")
    given = inputs.candidate.slices[()].classes["nodule"]
    assert explored(page)["sensitivity"] == percentage(given.sensitivity.value)


def test_a_table_sorts_by_keyboard_and_says_how(page):
    heading = "document.querySelector('section[aria-labelledby=by-site] thead th:nth-child(5)')"
    names = (
        "[...document.querySelectorAll('section[aria-labelledby=by-site] tbody')]"
        ".map(body => [body.rows[0].cells[0].firstChild.textContent.trim(), "
        "parseFloat(body.rows[0].cells[4].textContent)])"
    )
    page.evaluate(f"{heading}.querySelector('button').focus()")
    page.press(*ENTER)
    assert page.evaluate(f"{heading}.getAttribute('aria-sort')") == "ascending"
    rows = page.evaluate(names)
    numbers = [number for _, number in rows[1:-1]]
    assert numbers == sorted(numbers)
    page.press(*ENTER)
    assert page.evaluate(f"{heading}.getAttribute('aria-sort')") == "descending"
    falling = page.evaluate(names)
    assert [number for _, number in falling[1:-1]] == numbers[::-1]
    # All cases stay on top, what has no number stays below, in either direction.
    assert rows[0][0] == falling[0][0] == "All cases"
    assert rows[-1][0] == falling[-1][0] == "tiny"


def test_a_filter_shows_one_site_in_every_table_and_can_be_undone(page):
    sites = (
        "[...new Set([...document.querySelectorAll('[data-site]')]"
        ".filter(one => one.checkVisibility()).map(one => one.dataset.site))].sort()"
    )
    assert page.evaluate(sites) == ["east", "island <b>", "north", "tiny"]
    choose(page, "filter-site", "north")
    assert page.evaluate(sites) == ["north"]
    choose(page, "filter-class", "nodule")
    classes = sites.replace("site", "class")
    assert page.evaluate(classes) == ["nodule"]
    page.evaluate("document.getElementById('filter-reset').click()")
    assert len(page.evaluate(sites)) == 4


def test_the_exploration_follows_the_filters_also_when_a_threshold_is_moved(page):
    headings = (
        "[...document.querySelectorAll('#explore tbody tr')]"
        ".filter(row => row.checkVisibility()).map(row => row.dataset.slice)"
    )
    everywhere = page.evaluate(headings)
    assert {"site north", "site east"} < set(everywhere)
    choose(page, "filter-site", "north")
    choose(page, "filter-class", "nodule")
    assert page.evaluate("document.getElementById('explore-class').value") == "nodule"
    type_into(page, "explore-threshold", "0.2")
    shown = page.evaluate(headings)
    assert "site north" in shown
    assert set(shown) == {
        name for name in everywhere if not name.startswith("site") or "north" in name
    }
    page.evaluate("document.getElementById('filter-reset').click()")
    assert page.evaluate(headings) == everywhere


def test_a_site_whose_name_begins_with_a_number_sorts_as_text(browser, tmp_path):
    file = tmp_path / "numbers.html"
    sites = {"12 de Octubre": 160, "Aarhus": 90, "9 Lives": 90}
    file.write_text(render(report_data(simulated_inputs("multi_label", sites=sites))), "utf-8")
    browser.open(file)
    table = "document.querySelector('section[aria-labelledby=by-site] table')"
    browser.evaluate(f"{table}.querySelector('thead button').click()")
    names = browser.evaluate(
        f"[...{table}.tBodies].filter(body => body.dataset.site).map(body => body.dataset.site)"
    )
    assert names[:3] == ["12 de Octubre", "9 Lives", "Aarhus"]


def test_a_table_with_headings_over_its_headings_sorts_by_the_lower_ones(page):
    table = "document.querySelector('table.steps')"
    headings = f"[...{table}.querySelectorAll('thead button')].map(one => one.textContent)"
    assert page.evaluate(headings) == ["Site", *["Images", "Cases", "Patients"] * 4]
    sites = f"[...{table}.tBodies[0].rows].map(row => row.dataset.site)"
    assert page.evaluate(sites) == ["island <b>", "north", "tiny"]
    # The images received.
    page.evaluate(f"{table}.querySelectorAll('thead button')[1].click()")
    assert page.evaluate(sites) == ["tiny", "island <b>", "north"]


def test_every_control_has_a_name_for_a_screen_reader(page):
    nameless = page.evaluate(
        "[...document.querySelectorAll('input, select, button')].filter(one => "
        "!(one.labels?.length || one.ariaLabel || one.textContent.trim())).length"
    )
    assert nameless == 0


def test_a_site_called_as_a_script_is_text_and_runs_nothing(browser, tmp_path):
    file = tmp_path / "report.html"
    sites = {HOSTILE: 160, "island <b>": 90}
    inputs = simulated_inputs("multi_label", sites=sites)
    file.write_text(render(report_data(inputs)), encoding="utf-8")
    browser.open(file)
    assert browser.evaluate("document.querySelectorAll('script').length") == 2
    options = browser.evaluate(
        "[...document.getElementById('filter-site').options].map(one => one.value)"
    )
    assert HOSTILE in options
    assert browser.problems == []


def test_without_javascript_no_dead_control_shows(browser, report):
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(report)
        visible = browser.evaluate(
            "[...document.querySelectorAll('input, select, button')]"
            ".filter(one => one.checkVisibility()).length"
        )
        assert visible == 0
        assert browser.evaluate("document.querySelectorAll('section').length") > 10
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)


def test_a_narrow_screen_does_not_scroll_sideways(browser, report):
    browser.open(report, width=390, height=844)
    assert browser.evaluate("document.documentElement.scrollWidth") <= 390


def test_other_thresholds_say_what_is_withheld(browser, tmp_path):
    file = tmp_path / "withheld.html"
    file.write_text(render(report_data(consistent_inputs("multi_label"))), encoding="utf-8")
    browser.open(file)
    assert set(explored(browser, "site tiny").values()) == {"withheld"}
    # North's counts at the frozen point would give away few cases; at another one they do not.
    assert set(explored(browser, "site north").values()) == {"withheld"}
    type_into(browser, "explore-step", 0)
    assert explored(browser, "site north")["true_positives"].isdigit()
    assert browser.problems == []
