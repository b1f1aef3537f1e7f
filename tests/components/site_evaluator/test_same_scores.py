"""Scores are the same where each case has the same one, and not where ranks alone agree."""

import dataclasses

import numpy as np

from components.site_evaluator.results import OVERALL, Evaluation
from components.site_evaluator.same_scores import same_scores
from tests.components.site_evaluator.prediction_files import make_card
from tests.components.site_evaluator.synthetic_cases import CLASSES, evaluate, make_cases

CARD = make_card("multi_label", CLASSES)


def evaluated(cases, card=CARD):
    return Evaluation(card, {OVERALL: evaluate(cases)})


def test_one_model_evaluated_twice_gives_the_same_scores():
    first, second = (evaluated(make_cases(60, 3)) for _ in range(2))
    assert same_scores(first, second, OVERALL)


def test_a_model_that_ranks_alike_and_states_other_probabilities_does_not():
    cases = make_cases(60, 3)
    squared = {**cases, "score": np.square(cases["score"])}
    first, second = evaluated(cases), evaluated(squared)
    auc, other = (one.slices[OVERALL].classes[CLASSES[0]].auc for one in (first, second))
    assert np.array_equal(auc.replicates, other.replicates)
    assert not same_scores(first, second, OVERALL)


def test_a_single_case_scored_otherwise_is_seen():
    cases = make_cases(60, 3)
    score = cases["score"].copy()
    score[7, 1] = 1 - score[7, 1]
    assert cases["label_weight"][7, 1] == 1
    assert not same_scores(evaluated(cases), evaluated({**cases, "score": score}), OVERALL)


def test_at_other_thresholds_only_what_no_threshold_decides_is_the_same():
    cases = make_cases(60, 3)
    card = dataclasses.replace(CARD, operating_point=dict.fromkeys(CLASSES, 0.25))
    first, second = evaluated(cases), evaluated(cases, card)
    assert same_scores(first, second, OVERALL, "mean_auc")
    assert not same_scores(first, second, OVERALL, f"sensitivity:{CLASSES[0]}")
