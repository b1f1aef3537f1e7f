"""A shift of a known size at the held-out site, from predictions on disk to the verdict.

Scores are binormal: positives N(d, 1), negatives N(0, 1) on the logit scale, whose AUC is
Phi(d / sqrt(2)) (Hanley and McNeil 1982).
"""

import math

import apache_beam as beam
import numpy as np
import pytest

from components.promotion_gate.gate import Evidence, judge
from components.promotion_gate.rules import GateRules, MinimumRule, ShiftGapRule
from components.site_evaluator.evaluation import evaluate_predictions
from components.site_evaluator.reader import load_evaluation
from components.site_evaluator.sufficiency import SampleLimits
from tests.components.promotion_gate.handmade_evaluations import make_ingestion
from tests.components.site_evaluator.prediction_files import make_card, write_predictions

SITES = ("north", "south", "east")
CASES = 500
SEPARATION = 2.0
RULES = GateRules(
    minimum=(MinimumRule("mean_auc", 0.85, "in_distribution"),),
    max_shift_gap=ShiftGapRule("mean_auc", 0.1),
)


def auc_of(separation: float) -> float:
    return 0.5 * (1 + math.erf(separation / 2))


def cases_with(separation_at_east: float) -> dict[str, np.ndarray]:
    random = np.random.default_rng(5)
    site = np.repeat(SITES, CASES)
    label = (random.random((len(site), 2)) < 0.4).astype(np.float32)
    separation = np.where(site == "east", separation_at_east, SEPARATION)[:, None]
    logit = random.normal(size=label.shape) + separation * label
    number = np.arange(len(site))
    return {
        "patient_id": np.array([f"p{patient}" for patient in number // 2]),
        "site": site,
        "split": np.where(site == "east", "shifted", "test"),
        "distribution": np.where(site == "east", "shifted", "in_distribution"),
        "sex": np.where(number % 4 < 2, "female", "male"),
        "age_group": np.full(len(site), "40-59"),
        "image_count": np.full(len(site), "single_image"),
        "view": np.full(len(site), "PA"),
        "label": label,
        "label_weight": np.ones_like(label),
        "score": (1 / (1 + np.exp(1 - logit))).astype(np.float32),
    }


def verdict_with(separation_at_east: float, directory):
    predictions = write_predictions(
        directory / "predictions", cases_with(separation_at_east), make_card()
    )
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
