"""What the first screen says of losses at the frozen operating point."""

import dataclasses

import pytest

from components.slice_report.message_catalogue import load_messages
from components.slice_report.operating_point_findings import operating_point_findings
from components.slice_report.render import render
from components.slice_report.report_data import report_data
from tests.components.slice_report.test_report_champion import with_champion

ENTRIES = [
    {"name": "all cases", "features": {}},
    {"name": "site north", "features": {"site": "north"}},
]


def estimate(value, lower=None, upper=None, status="estimated"):
    return {"status": status, "value": value, "lower": lower, "upper": upper}


def lost(loss, metric="specificity", class_name="edema", site="east"):
    return {
        "site": site,
        "metric": metric,
        "class": class_name,
        "cases": 64,
        "in_distribution_cases": 56,
        "in_distribution": estimate(0.77, 0.63, 0.88),
        "at_site": estimate(0.08, 0.02, 0.17),
        "loss": loss,
    }


def missed(missed, net, class_name="edema", where="all cases", criterion="operating_point"):
    return {
        "criterion": criterion,
        "class": class_name,
        "slice": where,
        "positives": 47,
        "newly_missed": missed,
        "newly_found": 0,
        "net_found": net,
    }


def champion(*rows):
    return {"model": {"model_name": "SimCLR"}, "reclassified": rows}


CLEAR = estimate(0.69, 0.58, 0.83)


def test_the_largest_clear_loss_is_said_with_both_values_and_of_how_many_it_is():
    rows = [
        lost(estimate(0.9, 0.8, 1.0), class_name=None),
        lost(estimate(0.2, 0.1, 0.3), class_name="nodule"),
        lost(CLEAR),
        lost(estimate(0.95, -0.1, 1.0), class_name="cyst"),
        lost(estimate(None, status="too_few"), class_name="mass"),
    ]
    assert operating_point_findings(rows, None, ENTRIES) == [
        "Held-out site east, at the frozen operating point: specificity of edema is 8.0% (95% CI "
        "2.0 to 17.0), n = 64, and in distribution 77.0% (95% CI 63.0 to 88.0), n = 56: 69.0 "
        "points lower (95% CI −83.0 to −58.0). It is the largest of 2 clear losses (values "
        "judged, by finding and site: 3)."
    ]


def test_a_single_clear_loss_is_said_to_be_the_only_one():
    [sentence] = operating_point_findings([lost(CLEAR)], None, ENTRIES)
    assert sentence.endswith("It is the only clear loss (values judged, by finding and site: 1).")


@pytest.mark.parametrize(
    "loss",
    [
        estimate(0.3, -0.1, 0.6),
        estimate(0.3),
        estimate(-0.5, -0.7, -0.3),
        estimate(None, status="too_few"),
        estimate(None, status="withheld"),
    ],
)
def test_what_is_not_a_clear_loss_is_not_said(loss):
    assert operating_point_findings([lost(loss)], None, ENTRIES) == []


def test_the_class_with_most_newly_missed_cases_is_said_where_its_net_is_clear():
    rows = [
        missed(9, estimate(-0.2, -0.4, -0.1)),
        missed(15, estimate(-0.319, -0.475, -0.164), class_name="opacity", where="site north"),
        missed(30, estimate(-0.1, -0.4, 0.1), class_name="cyst"),
        missed(40, estimate(-0.5, -0.6, -0.4), class_name="mass", criterion="predicted_class"),
        missed("<10", estimate(None, status="withheld"), class_name="scar"),
    ]
    assert operating_point_findings([], champion(*rows), ENTRIES) == [
        "Against the champion SimCLR, 15 of 47 cases with opacity are newly missed and 0 newly "
        "found (site north): net −31.9 points (95% CI −47.5 to −16.4)."
    ]


@pytest.mark.parametrize("net", [estimate(-0.1, -0.3, 0.1), estimate(0.2, 0.1, 0.3)])
def test_newly_missed_cases_that_chance_may_explain_are_not_said(net):
    assert operating_point_findings([], champion(missed(15, net)), ENTRIES) == []


def test_without_a_champion_nothing_is_said_of_one():
    absent = {"model": None, "reclassified": []}
    assert operating_point_findings([], absent, ENTRIES) == []


def test_the_first_screen_leads_with_the_operating_point_in_either_language():
    inputs = with_champion()
    inputs = dataclasses.replace(
        inputs, candidate=inputs.baseline, baseline=None, champion=inputs.champion
    )
    for language, words in (("en", "Held-out site island"), ("zh", "未参与训练的站点 island")):
        settings = dataclasses.replace(inputs.settings, language=language)
        data = report_data(dataclasses.replace(inputs, settings=settings))
        said = operating_point_findings(
            data["shift"], data["champion"], data["slices"], load_messages(language)
        )
        assert said[0].startswith(words)
        assert data["findings"][: len(said)] == said
        lead = render(data).partition('class="lead"')[2].partition("</section>")[0]
        assert lead.index(words) < lead.rindex("</li>")
