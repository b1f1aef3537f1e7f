"""The comparison with the champion, what stands in its place, and a verdict that waits."""

import dataclasses
import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import schemas
from components.absent_model import AbsentModel
from components.promotion_gate.verdict import RuleResult, Verdict
from components.slice_report.render import render
from components.slice_report.report_data import report_data
from tests.components.slice_report.simulated_evaluation import simulated_inputs

SCHEMA = json.loads(Path(schemas.__file__).with_name("slice_report.schema.json").read_text())
RULE = RuleResult("minimum mean_auc", "all cases", 0.83, 0.8, 0.86, 0.75, True, "Good.")


def with_champion(champion=None):
    """The baseline's numbers as those of another model, the champion."""
    inputs = simulated_inputs("multi_label")
    if champion is None:
        card = dataclasses.replace(
            inputs.baseline.card, model_name="SimCLR <b>", model_digest="f" * 64
        )
        champion = dataclasses.replace(inputs.baseline, card=card)
    return dataclasses.replace(inputs, champion=champion)


def test_every_slice_but_subgroups_has_its_paired_difference():
    inputs = with_champion()
    rows = {row["slice"]: row for row in report_data(inputs)["champion"]["comparison"]}
    assert set(rows) == {
        "all cases", "in distribution", "held-out sites",
        "site north", "site east", "site island <b>", "site tiny",
    }  # fmt: skip
    ours, theirs = (
        evaluation.slices[()].metrics["mean_auc"]
        for evaluation in (inputs.candidate, inputs.champion)
    )
    shown = rows["all cases"]["difference"]
    assert shown["value"] == pytest.approx(ours.value - theirs.value)
    replicates = ours.replicates - theirs.replicates
    assert [shown["lower"], shown["upper"]] == pytest.approx(
        list(np.percentile(replicates, [2.5, 97.5]))
    )
    assert rows["site tiny"]["difference"]["status"] == "too_few"


@pytest.mark.parametrize(
    ("champion", "reason"),
    [
        (AbsentModel("There is no champion yet", True), "There is no champion yet"),
        (simulated_inputs("multi_label").candidate, "This model is the champion itself"),
        (
            dataclasses.replace(
                simulated_inputs("multi_class").candidate,
                card=dataclasses.replace(
                    simulated_inputs("multi_class").candidate.card, model_digest="f" * 64
                ),
            ),
            "The champion MICLe is multi-class",
        ),
    ],
)
def test_without_a_comparable_champion_the_reason_stands_there(champion, reason):
    data = report_data(with_champion(champion))
    assert data["champion"]["absence"].startswith(reason)
    assert data["champion"]["comparison"] == []


def test_a_report_for_which_nobody_asked_for_a_champion_says_nothing_of_one():
    assert report_data(simulated_inputs())["champion"] is None


def test_the_page_names_the_champion_and_a_model_that_waits_is_not_called_promoted():
    verdict = Verdict((RULE,), ("clinician", "safety officer"))
    data = report_data(dataclasses.replace(with_champion(), verdict=verdict))
    jsonschema.validate(json.loads(json.dumps(data)), SCHEMA)
    page = render(data)
    assert "Against the champion" in page
    assert "SimCLR &lt;b&gt;" in page
    assert "Passed, not yet signed" in page
    assert "before somebody has agreed as clinician and as safety officer" in page
    assert "Promoted" not in page
