"""A study in a report that withholds small counts."""

import json

import pytest

from components.slice_report.disclosure.study_rows import protect_study
from components.slice_report.study_excerpt import excerpt
from tests.components.slice_report.study_results import (
    class_row,
    contrast,
    row,
    shift_row,
    study_results,
)

NUMBERS = ("estimate", "loss", "difference", "in_distribution")


def study_at(cases):
    """A study of one start and the baseline, with so many cases at each place."""
    return excerpt(
        study_results(
            shift=[
                shift_row(place, start, 1.0, 0.05, count)
                for place, count in cases.items()
                for start in ("supervised", "micle")
            ]
        )
    )


def shown_counts(study, slices=None):
    protected = protect_study(study, slices or {}, below=10)
    return {row["place"]: row["cases"] for row in protected["shift"]}


def test_where_every_place_has_enough_cases_all_is_as_it_was():
    study = study_at({"held-out sites": 1149, "north": 900, "east": 249})
    assert protect_study(study, {}, below=10) == study


def test_a_small_place_takes_another_with_it_or_the_total_would_tell_it():
    study = study_at({"held-out sites": 1158, "north": 900, "east": 249, "tiny": 9})
    assert shown_counts(study) == {
        "held-out sites": 1158,
        "north": 900,
        "east": "withheld",
        "tiny": "<10",
    }


def test_a_withheld_place_keeps_no_number():
    study = study_at({"held-out sites": 909, "north": 900, "tiny": 9})
    for found in protect_study(study, {}, below=10)["shift"]:
        if found["place"] == "held-out sites":
            continue
        assert found["p_value"] is None
        assert found["p_holm"] is None
        for name in NUMBERS:
            if found[name] is not None:
                assert found[name]["status"] == "withheld"
                assert found[name]["value"] is None


def test_a_single_held_out_site_with_few_cases_is_withheld_alone():
    assert shown_counts(study_at({"tiny": 9})) == {"tiny": "<10"}


def test_a_result_on_few_cases_is_withheld_with_its_p():
    few = row("micle", 1.0, 0.8, "held_out", "mean_auc") | {"cases": 9}
    [found] = protect_study(excerpt(study_results(results=[few])), {}, below=10)["results"]
    assert found["cases"] == "withheld"
    assert found["by_seed"] == {}
    assert {found["p_value"], found["p_holm"]} == {None}
    assert found["estimate"]["status"] == found["difference"]["status"] == "withheld"


def test_a_contrast_goes_with_the_results_on_the_same_few_cases():
    few = row("micle", 1.0, 0.8, "held_out", "mean_auc") | {"cases": 9}
    pairs = [contrast(1.0, group, "mean_auc") for group in ("in_distribution", "held_out")]
    study = excerpt(study_results(results=[few], contrasts=pairs))
    inside, outside = protect_study(study, {}, below=10)["contrasts"]
    assert inside == pairs[0]
    assert outside["difference"]["status"] == "withheld"
    assert {outside["p_value"], outside["p_holm"]} == {None}


@pytest.mark.parametrize(("status", "value"), [("withheld", None), ("estimated", 0.05)])
def test_a_class_goes_whose_auc_the_report_itself_withholds(status, value):
    rows = [class_row("effusion", start, 1.0, 0.05) for start in ("supervised", "micle")]
    of_report = {"auc": {"status": status, "value": value, "lower": None, "upper": None}}
    slices = {"in distribution": {"models": {"candidate": {"classes": {"effusion": of_report}}}}}
    found = protect_study(excerpt(study_results(classes=rows)), slices, below=10)["classes"]
    assert {row["estimate"]["status"] for row in found} == {status}
    assert json.dumps(value) in json.dumps(found[1]["difference"])
