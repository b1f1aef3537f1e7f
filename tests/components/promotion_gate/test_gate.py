"""Every rule passes where it should, fails where it should, and says why."""

import numpy as np
import pytest

from components.promotion_gate.gate import judge
from components.promotion_gate.rules import BaselineRule, GateRules, MinimumRule, ShiftGapRule
from tests.components.promotion_gate.handmade_evaluations import (
    make_estimate,
    make_evaluation,
    make_ingestion,
    make_slice,
    rename,
)


def verdict_on(rules, evaluation=None, baseline=None, ingestion=None, anomaly_count=0):
    evaluation = evaluation or make_evaluation()
    return judge(evaluation, rules, baseline, ingestion or make_ingestion(), anomaly_count)


def only_result(verdict):
    [result] = verdict.rules
    assert verdict.passed == result.passed
    return result


def minimum(*arguments, **fields):
    return GateRules(minimum=(MinimumRule(*arguments, **fields),))


class TestMinimum:
    def test_passes_if_the_lower_end_of_the_interval_reaches_the_bound(self):
        result = only_result(verdict_on(minimum("mean_auc", 0.80)))
        assert result.passed
        assert (result.measured, result.bound, result.slice) == (0.85, 0.80, "all cases")
        assert (result.lower, result.upper) == pytest.approx((0.8025, 0.8975))

    def test_fails_if_only_the_value_reaches_the_bound(self):
        assert not only_result(verdict_on(minimum("mean_auc", 0.84))).passed

    def test_looks_at_the_value_where_the_rule_says_so(self):
        assert only_result(verdict_on(minimum("mean_auc", 0.84, use="value"))).passed
        assert not only_result(verdict_on(minimum("mean_auc", 0.86, use="value"))).passed

    def test_says_what_was_required_and_measured_and_where(self):
        assert only_result(verdict_on(minimum("mean_auc", 0.80, "in_distribution"))).reason == (
            "Required: mean AUC of at least 0.800, by the lower end of its 95% interval. "
            "On sites seen in training (100 cases): 0.850 (95% interval 0.802 to 0.897)."
        )

    def test_judges_a_single_class(self):
        evaluation = make_evaluation(overall=make_slice(sensitivity=0.7))
        assert only_result(verdict_on(minimum("sensitivity:edema", 0.65), evaluation)).passed
        result = only_result(verdict_on(minimum("sensitivity:edema", 0.69), evaluation))
        assert not result.passed
        assert "sensitivity of edema of at least 0.690" in result.reason

    def test_on_each_site_fails_through_a_single_site(self):
        evaluation = make_evaluation(south=make_slice(mean_auc=0.7))
        verdict = verdict_on(minimum("mean_auc", 0.75, "each_site"), evaluation)
        assert {result.slice: result.passed for result in verdict.rules} == {
            "site east": True,
            "site north": True,
            "site south": False,
        }
        assert not verdict.passed

    def test_on_the_held_out_sites_ignores_the_others(self):
        evaluation = make_evaluation(in_distribution=make_slice(mean_auc=0.6))
        assert verdict_on(minimum("mean_auc", 0.75, "shifted"), evaluation).passed

    def test_on_a_named_site_judges_that_site(self):
        evaluation = make_evaluation(south=make_slice(mean_auc=0.7))
        assert verdict_on(minimum("mean_auc", 0.75, "site=north"), evaluation).passed
        assert not verdict_on(minimum("mean_auc", 0.75, "site=south"), evaluation).passed

    def test_on_a_site_without_cases_fails(self):
        result = only_result(verdict_on(minimum("mean_auc", 0.75, "site=nowhere")))
        assert not result.passed
        assert "no labelled case" in result.reason

    def test_of_a_class_that_does_not_exist_fails(self):
        result = only_result(verdict_on(minimum("auc:cyst", 0.5)))
        assert not result.passed
        assert "does not have this metric" in result.reason


class TestSparseSlices:
    def test_a_sparse_site_passes_with_its_reason_beside_sites_that_are_judged(self):
        evaluation = make_evaluation(south=make_slice(mean_auc=0.1, cases=19))
        verdict = verdict_on(minimum("mean_auc", 0.75, "each_site"), evaluation)
        sparse = next(result for result in verdict.rules if result.slice == "site south")
        assert verdict.passed
        assert sparse.measured is None
        assert "too few to estimate (19 cases, at least 20 needed)" in sparse.reason

    def test_a_rule_whose_every_site_is_sparse_fails(self):
        sparse = make_slice(cases=19)
        evaluation = make_evaluation(north=sparse, south=sparse, east=sparse)
        verdict = verdict_on(minimum("mean_auc", 0.75, "each_site"), evaluation)
        assert [result.passed for result in verdict.rules] == [False] * 3

    def test_a_single_sparse_slice_fails(self):
        evaluation = make_evaluation(overall=make_slice(cases=19))
        assert not verdict_on(minimum("mean_auc", 0.75), evaluation).passed

    def test_an_undefined_metric_is_not_a_pass(self):
        evaluation = make_evaluation(overall=make_slice(mean_auc=np.nan))
        result = only_result(verdict_on(minimum("mean_auc", 0.75), evaluation))
        assert not result.passed
        assert "not defined on its 100 cases" in result.reason


class TestShiftGap:
    RULES = GateRules(max_shift_gap=ShiftGapRule("mean_auc", 0.10))

    # Independent replicates, so that the difference has an interval: value plus and minus 0.0475.
    EAST = make_slice(mean_auc=0.82, spread=np.zeros(200))

    def test_passes_if_the_upper_end_of_the_difference_stays_within_the_bound(self):
        result = only_result(verdict_on(self.RULES, make_evaluation(east=self.EAST)))
        assert result.passed
        assert (result.measured, result.upper) == pytest.approx((0.03, 0.0775))

    def test_fails_if_only_the_difference_itself_does(self):
        east = make_slice(mean_auc=0.78, spread=np.zeros(200))
        result = only_result(verdict_on(self.RULES, make_evaluation(east=east)))
        assert not result.passed
        assert result.measured == pytest.approx(0.07)
        value_rule = GateRules(max_shift_gap=ShiftGapRule("mean_auc", 0.10, use="value"))
        assert verdict_on(value_rule, make_evaluation(east=east)).passed

    def test_judges_the_worst_of_several_held_out_sites(self):
        evaluation = make_evaluation(west=make_slice(mean_auc=0.60))
        result = only_result(
            verdict_on(self.RULES, evaluation, ingestion=make_ingestion(("east", "west")))
        )
        assert not result.passed
        assert result.slice == "site west against the sites seen in training"

    def test_leaves_out_a_held_out_site_that_is_too_sparse(self):
        evaluation = make_evaluation(west=make_slice(mean_auc=0.10, cases=3))
        ingestion = make_ingestion(("east", "west"))
        assert verdict_on(self.RULES, evaluation, ingestion=ingestion).passed

    def test_fails_without_a_held_out_site(self):
        result = only_result(verdict_on(self.RULES, ingestion=make_ingestion(())))
        assert not result.passed
        assert "No held-out site has enough cases" in result.reason


class TestBaseline:
    RULES = GateRules(beats_baseline=BaselineRule("mean_auc"))

    def baseline(self, mean_auc, **fields):
        chosen = make_slice(mean_auc=mean_auc, **fields)
        return rename(make_evaluation(overall=chosen), "random initialisation")

    def test_passes_if_better_on_the_same_patients_although_the_intervals_overlap(self):
        result = only_result(verdict_on(self.RULES, baseline=self.baseline(0.84)))
        assert result.passed
        assert (result.measured, result.lower) == pytest.approx((0.01, 0.01))
        assert "mean AUC above that of random initialisation" in result.reason

    def test_fails_if_the_difference_may_be_nothing(self):
        reversed_spread = make_estimate(0.0).replicates[::-1]
        baseline = self.baseline(0.80, spread=reversed_spread)
        result = only_result(verdict_on(self.RULES, baseline=baseline))
        assert result.measured == pytest.approx(0.05)
        assert not result.passed

    def test_an_equal_model_is_not_better_but_is_within_a_margin(self):
        assert not verdict_on(self.RULES, baseline=self.baseline(0.85)).passed
        not_much_worse = GateRules(beats_baseline=BaselineRule("mean_auc", margin=-0.01))
        assert verdict_on(not_much_worse, baseline=self.baseline(0.85)).passed

    def test_fails_without_a_baseline(self):
        assert "No baseline" in only_result(verdict_on(self.RULES)).reason
        assert not verdict_on(self.RULES).passed

    def test_fails_if_the_baseline_saw_other_cases(self):
        result = only_result(verdict_on(self.RULES, baseline=self.baseline(0.5, cases=90)))
        assert not result.passed
        assert "not evaluated on the same cases" in result.reason


class TestCalibration:
    @pytest.mark.parametrize(("bound", "passes"), [(0.06, True), (0.04, False)])
    def test_holds_the_error_in_distribution_against_the_bound(self, bound, passes):
        evaluation = make_evaluation(overall=make_slice(ece=0.9))
        result = only_result(verdict_on(GateRules(max_calibration_error=bound), evaluation))
        assert result.passed == passes
        assert result.slice == "sites seen in training"


class TestData:
    @pytest.mark.parametrize(("bound", "passes"), [(0.01, True), (0.009, False)])
    def test_holds_the_quarantined_share_against_the_bound(self, bound, passes):
        result = only_result(verdict_on(GateRules(max_quarantined_fraction=bound)))
        assert result.passed == passes
        assert "2 of 200 (1.0%)" in result.reason

    @pytest.mark.parametrize(("count", "passes"), [(1, True), (2, False), (None, False)])
    def test_holds_the_schema_anomalies_against_the_bound(self, count, passes):
        rules = GateRules(max_schema_anomalies=1)
        assert only_result(verdict_on(rules, anomaly_count=count)).passed == passes


def test_all_rules_are_judged_and_one_failure_fails_the_verdict():
    rules = GateRules(
        minimum=(MinimumRule("mean_auc", 0.7), MinimumRule("mean_auc", 0.99)),
        max_calibration_error=0.1,
        max_quarantined_fraction=0.1,
    )
    verdict = verdict_on(rules)
    assert [result.passed for result in verdict.rules] == [True, False, True, True]
    assert not verdict.passed


def test_a_gate_without_rules_lets_nothing_through():
    assert not verdict_on(GateRules()).passed
