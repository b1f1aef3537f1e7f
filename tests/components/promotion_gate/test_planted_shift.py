"""A shift of a known size at the held-out site, from predictions on disk to the verdict.

Scores are binormal: positives N(d, 1), negatives N(0, 1) on the logit scale, whose AUC is
Phi(d / sqrt(2)) (Hanley and McNeil 1982).
"""

import math

import apache_beam as beam
import pytest

from components.promotion_gate.gate import Evidence, judge
from components.promotion_gate.rules import GateRules, MinimumRule, ShiftGapRule
from components.site_evaluator.evaluation import evaluate_predictions
from components.site_evaluator.reader import load_evaluation
from components.site_evaluator.sufficiency import SampleLimits
from tests.components.promotion_gate.handmade_evaluations import make_ingestion
from tests.components.site_evaluator.prediction_files import (
    binormal_cases,
    make_card,
    write_predictions,
)

SITES = ("north", "south", "east")
CASES = 500
SEPARATION = 2.0
RULES = GateRules(
    minimum=(MinimumRule("mean_auc", 0.85, "in_distribution"),),
    max_shift_gap=ShiftGapRule("mean_auc", 0.1),
)


def auc_of(separation: float) -> float:
    return 0.5 * (1 + math.erf(separation / 2))


def verdict_with(separation_at_east: float, directory):
    cases = binormal_cases(
        SITES,
        CASES,
        prevalence=0.4,
        separation=SEPARATION,
        separation_at_east=separation_at_east,
    )
    predictions = write_predictions(directory / "predictions", cases, make_card())
    with beam.Pipeline() as pipeline:
        evaluate_predictions(predictions, str(directory / "evaluation"), pipeline, SampleLimits())
    evaluation = load_evaluation(str(directory / "evaluation"))
    return judge(Evidence(evaluation, make_ingestion(("east",))), RULES, SampleLimits())


@pytest.mark.parametrize(("separation_at_east", "passes"), [(SEPARATION, True), (0.9, False)])
def test_the_gate_refuses_exactly_when_the_site_is_worse_and_names_it(
    tmp_path, separation_at_east, passes
):
    verdict = verdict_with(separation_at_east, tmp_path)
    minimum, gap = verdict.rules
    planted = auc_of(SEPARATION) - auc_of(separation_at_east)
    assert gap.measured == pytest.approx(planted, abs=0.03)
    assert gap.lower < planted < gap.upper
    assert minimum.passed
    assert gap.passed == verdict.passed == passes
    assert gap.slice == "site east against the sites seen in training"
