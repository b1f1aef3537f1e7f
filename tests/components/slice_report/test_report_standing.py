"""The verdict of a rebuilt report says who has signed and whether the model was promoted."""

import dataclasses
import json
from pathlib import Path

import jsonschema
import pytest

import schemas
from components.model_registry.standing import Standing
from components.model_registry.state import Signature
from components.promotion_gate.verdict import Verdict
from components.slice_report.render import render
from components.slice_report.report_data import report_data
from tests.components.slice_report.simulated_evaluation import simulated_inputs
from tests.components.slice_report.test_report_champion import RULE

SCHEMA = json.loads(Path(schemas.__file__).with_name("slice_report.schema.json").read_text())
AGREED = Signature("clinician", "Dr. <Byron>", True, "", "2026-11-27T10:00:00+00:00")
REFUSED = Signature("safety officer", "Dr. Lovelace", False, "blurred <i>", "2026-11-28T09:00:00")


def verdict_of(standing, language="en"):
    """The verdict's part of the page."""
    inputs = simulated_inputs()
    inputs = dataclasses.replace(
        inputs,
        verdict=Verdict((RULE,), ("clinician", "safety officer")),
        settings=dataclasses.replace(inputs.settings, language=language),
        standing=standing,
    )
    data = json.loads(json.dumps(report_data(inputs)))
    jsonschema.validate(data, SCHEMA)
    page = render(data)
    start = page.index('<section class="verdict')
    return " ".join(page[start : page.index("</section>", start)].split())


def standing(stage, **fields):
    values = {"signatures": (), "awaited_roles": (), "promoted_on": None, "judged_anew": False}
    return Standing("2026-11-28", stage, **{**values, **fields})


def test_who_has_signed_and_who_has_not_stands_under_the_verdict():
    found = standing("awaiting", signatures=(AGREED,), awaited_roles=("safety officer",))
    shown = verdict_of(found)
    assert "✓ Passed, not yet signed" in shown
    assert "On 2026-11-28, when this report was made, nobody had yet agreed as safety officer" in (
        shown
    )
    assert "✓ agreed</span> <strong>clinician</strong>: Dr. &lt;Byron&gt;, 2026-11-27" in shown
    assert "○ not yet signed</span> <strong>safety officer</strong>" in shown


def test_a_model_that_was_signed_and_promoted_does_not_wait():
    shown = verdict_of(standing("champion", signatures=(AGREED,), promoted_on="2026-11-27"))
    assert "✓ Passed and promoted" in shown
    assert "promoted on 2026-11-27" in shown
    assert "must not be used" not in shown
    assert "not yet signed" not in shown


@pytest.mark.parametrize("stage", ["refused", "rolled_back", "refused_by_gate"])
def test_a_model_that_must_not_be_used_is_not_marked_as_passed(stage):
    shown = verdict_of(standing(stage, signatures=(REFUSED,), promoted_on="2026-11-27"))
    assert shown.startswith('<section class="verdict refused"')
    assert "✕" in shown.partition("</h2>")[0]
    assert "It must not be used" in shown
    assert "blurred &lt;i&gt;" in shown


@pytest.mark.parametrize("stage", ["former", "ready"])
def test_a_model_that_is_not_in_service_is_not_called_promoted(stage):
    shown = verdict_of(standing(stage, signatures=(AGREED,), promoted_on="2026-11-27"))
    assert "Passed and promoted" not in shown
    assert "2026-11-28" in shown


def test_signatures_on_a_newer_judgement_are_said_to_be_on_that():
    shown = verdict_of(standing("awaiting", awaited_roles=("clinician",), judged_anew=True))
    assert "a newer judgement of this model than the one on this page" in shown


def test_it_is_said_in_chinese_too():
    shown = verdict_of(standing("awaiting", awaited_roles=("safety officer",)), "zh")
    assert "已通过，尚未签署" in shown
    assert "截至本报告生成之日 2026-11-28" in shown
