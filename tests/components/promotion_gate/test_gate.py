"""Every rule passes where it should, fails where it should, and says why."""

import dataclasses

import numpy as np
import pytest

from components.absent_model import AbsentModel
from components.leakage_check.leakage_report import LeakageReport
from components.model_checker.model_check import ModelCheck
from components.promotion_gate.gate import Evidence, judge
from components.promotion_gate.opponent import NO_BASELINE, NO_CHAMPION
from components.promotion_gate.rules import (
    CalibrationRule,
    ComparisonRule,
    GateRules,
    MinimumRule,
    SampleSizeRule,
    ShiftGapRule,
    SignOff,
)
from components.site_evaluator.intervals import estimate_of_auc
from components.site_evaluator.sufficiency import SampleLimits
from tests.components.promotion_gate.handmade_evaluations import (
    SPREAD,
    make_class,
    make_estimate,
    make_evaluation,
    make_ingestion,
    make_slice,
    rename,
)


def verdict_on(
    rules,
    evaluation=None,
    baseline=NO_BASELINE,
    champion=NO_CHAMPION,
    ingestion=None,
    anomaly_count=0,
    leakage=None,
    check=None,
):
    evidence = Evidence(
        evaluation=evaluation or make_evaluation(),
        ingestion=ingestion or make_ingestion(),
        baseline=baseline,
        champion=champion,
        anomaly_count=anomaly_count,
        leakage=leakage,
        check=check,
    )
    return judge(evidence, rules, SampleLimits())


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

    @pytest.mark.parametrize(("bound", "passes"), [(0.95, True), (0.96, False)])
    def test_judges_the_slope_of_the_calibration(self, bound, passes):
        result = only_result(verdict_on(minimum("calibration_slope:edema", bound)))
        assert result.passed is passes
        assert "calibration slope of edema of at least" in result.reason

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


class TestWorstSite:
    @pytest.mark.parametrize(("bound", "passes"), [(0.65, True), (0.66, False)])
    def test_is_the_site_that_comes_out_worst_and_is_named(self, bound, passes):
        evaluation = make_evaluation(south=make_slice(mean_auc=0.7))
        result = only_result(verdict_on(minimum("mean_auc", bound, "worst_site"), evaluation))
        assert (result.slice, result.passed) == ("site south", passes)

    def test_names_the_classes_of_a_mean_that_leaves_some_out(self):
        evaluation = make_evaluation(
            south=make_slice(mean_auc=0.7, cyst=make_class(auc=0.6, positives=9)),
            north=make_slice(mean_auc=0.9, cyst=make_class(auc=0.8)),
        )
        south = only_result(verdict_on(minimum("mean_auc", 0.6, "worst_site"), evaluation))
        assert south.reason.endswith(
            "This is the mean over edema alone: the rest is too rare there."
        )
        north = only_result(verdict_on(minimum("mean_auc", 0.6, "site=north"), evaluation))
        assert "alone" not in north.reason

    def test_is_none_that_is_too_sparse(self):
        evaluation = make_evaluation(south=make_slice(mean_auc=0.1, cases=19))
        result = only_result(verdict_on(minimum("mean_auc", 0.7, "worst_site"), evaluation))
        assert result.passed
        assert result.slice != "site south"


class TestSparseSlices:
    def test_a_sparse_site_passes_with_its_reason_beside_sites_that_are_judged(self):
        evaluation = make_evaluation(south=make_slice(mean_auc=0.1, cases=19))
        verdict = verdict_on(minimum("mean_auc", 0.75, "each_site"), evaluation)
        sparse = next(result for result in verdict.rules if result.slice == "site south")
        assert verdict.passed
        assert sparse.measured is None
        assert "too few to estimate (19 cases, at least 20 needed)" in sparse.reason

    @pytest.mark.parametrize(
        ("metric", "counts", "lack"),
        [
            ("sensitivity:edema", {"positives": 9}, "9 patients with edema, at least 10 needed"),
            ("specificity:edema", {"negatives": 9}, "9 patients without edema"),
            ("auc:edema", {"positives": 9}, "9 patients with edema"),
            ("auc:edema", {"positives": 10, "negatives": 9}, "19 cases with edema known"),
            ("mean_auc", {"negatives": 9}, "each class: 9 patients without edema"),
        ],
    )
    def test_a_class_is_judged_by_its_own_positives_and_negatives(self, metric, counts, lack):
        """100 cases in the slice do not help where nine of them have the finding."""
        evaluation = make_evaluation(south=make_slice(sensitivity=0.1, mean_auc=0.1, **counts))
        verdict = verdict_on(minimum(metric, 0.7, "each_site"), evaluation)
        sparse = next(result for result in verdict.rules if result.slice == "site south")
        assert verdict.passed
        assert sparse.measured is None
        assert f"too few to estimate ({lack}" in sparse.reason

    def test_a_rate_over_positives_needs_no_negatives(self):
        evaluation = make_evaluation(overall=make_slice(positives=100, negatives=0))
        assert only_result(verdict_on(minimum("sensitivity:edema", 0.7), evaluation)).measured

    def test_a_rule_whose_every_site_is_sparse_fails_or_passes_as_configured(self):
        sparse = make_slice(cases=19)
        evaluation = make_evaluation(north=sparse, south=sparse, east=sparse)
        rule = MinimumRule("mean_auc", 0.75, "each_site")
        for choice, passes in (("fail", False), ("pass", True)):
            rules = GateRules(minimum=(rule,), if_not_judged=choice)
            verdict = verdict_on(rules, evaluation)
            assert [result.passed for result in verdict.rules] == [passes] * 3
            assert f"Judged nowhere, so it {choice}" in verdict.rules[0].reason

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
        assert "There is no held-out site" in result.reason

    def test_fails_where_every_held_out_site_is_too_sparse(self):
        evaluation = make_evaluation(east=make_slice(cases=3))
        result = only_result(verdict_on(self.RULES, evaluation))
        assert not result.passed
        assert "3 cases, at least 20 needed" in result.reason

    def test_both_sides_average_over_the_classes_that_the_site_has(self):
        """Cyst, where the model is weak, is not known at the site: no gap comes of that."""
        cyst = make_class(auc=0.55)
        inside = make_slice(mean_auc=0.85, cyst=cyst)
        no_cyst = make_class(auc=np.nan, positives=0, negatives=0)
        outside = make_slice(mean_auc=0.82, spread=np.zeros(200), cyst=no_cyst)
        result = only_result(
            verdict_on(self.RULES, make_evaluation(in_distribution=inside, east=outside))
        )
        assert result.measured == pytest.approx(0.85 - 0.82)
        assert result.passed

    def test_a_site_whose_shared_class_is_sparse_is_left_out(self):
        """Only edema is shared, and of it the site has three cases."""
        cyst, no_cyst = make_class(auc=0.9), make_class(positives=60, negatives=0)
        evaluation = make_evaluation(
            in_distribution=make_slice(cyst=cyst),
            east=make_slice(mean_auc=0.1, positives=3, cyst=no_cyst),
        )
        result = only_result(verdict_on(self.RULES, evaluation))
        assert result.measured is None
        assert "3 patients with edema, at least 10 needed" in result.reason


def compared(require="superior", margin=0.0, against="champion", slice_name="overall"):
    rule = ComparisonRule(against, require, "mean_auc", slice_name, margin)
    return GateRules(comparisons=(rule,))


def other_model(mean_auc, **fields):
    return rename(make_evaluation(overall=make_slice(mean_auc=mean_auc, **fields)), "the former")


@pytest.mark.parametrize("against", ["champion", "baseline"])
class TestComparisons:
    def judged(self, against, other, **fields):
        return only_result(verdict_on(compared(against=against, **fields), **{against: other}))

    def test_superior_passes_on_the_same_patients_although_the_intervals_overlap(self, against):
        result = self.judged(against, other_model(0.84))
        assert result.passed
        assert (result.measured, result.lower) == pytest.approx((0.01, 0.01))
        assert f"mean AUC above that of the {against} the former by more than" in result.reason

    def test_superior_fails_if_the_difference_may_be_nothing(self, against):
        reversed_spread = make_estimate(0.0).replicates[::-1]
        result = self.judged(against, other_model(0.80, spread=reversed_spread))
        assert result.measured == pytest.approx(0.05)
        assert not result.passed

    def test_superior_asks_for_more_than_its_margin(self, against):
        assert self.judged(against, other_model(0.84), margin=0.005).passed
        assert not self.judged(against, other_model(0.84), margin=0.02).passed

    def test_non_inferior_allows_less_than_its_margin(self, against):
        worse = other_model(0.86)
        assert not self.judged(against, worse).passed
        allowed = self.judged(against, worse, require="non_inferior", margin=0.02)
        assert allowed.passed
        assert (allowed.bound, allowed.measured) == pytest.approx((-0.02, -0.01))
        assert not self.judged(against, worse, require="non_inferior", margin=0.005).passed

    @pytest.mark.parametrize(("brier", "passes"), [(0.1, True), (0.11, False)])
    def test_a_tie_of_the_same_scores_is_sure_and_one_of_other_scores_is_not(
        self, against, brier, passes
    ):
        def tied(brier):
            auc = estimate_of_auc(0.85, 0.85 + SPREAD, 20, 20)
            made = make_slice()
            edema = dataclasses.replace(made.classes["edema"], brier=make_estimate(brier))
            metrics = {**made.metrics, "mean_auc": auc}
            return make_evaluation(
                overall=dataclasses.replace(made, metrics=metrics, classes={"edema": edema})
            )

        rules = compared(against=against, require="non_inferior", margin=0.02)
        other = rename(tied(brier), "the former")
        result = only_result(verdict_on(rules, tied(0.1), **{against: other}))
        assert (result.measured, result.passed) == (0, passes)

    def test_on_the_worst_site_the_largest_loss_decides(self, against):
        other = rename(make_evaluation(south=make_slice(mean_auc=0.95)), "the former")
        result = self.judged(
            against, other, require="non_inferior", margin=0.02, slice_name="worst_site"
        )
        assert (result.slice, result.passed) == ("site south", False)
        assert result.measured == pytest.approx(-0.10)

    def test_fails_if_the_other_saw_other_cases(self, against):
        result = self.judged(against, other_model(0.5, cases=90))
        assert not result.passed
        assert "not evaluated on the same cases" in result.reason

    def test_another_question_is_said_and_not_compared(self, against):
        other = other_model(0.5)
        card = dataclasses.replace(other.card, classes=("cyst",))
        result = self.judged(against, dataclasses.replace(other, card=card))
        assert not result.passed
        assert "is multi-label (cyst), this model multi-label (edema)" in result.reason

    def test_a_model_is_not_compared_with_itself(self, against):
        result = self.judged(against, make_evaluation())
        assert result.passed
        assert f"This model is the {against} itself" in result.reason


def test_the_first_model_has_no_champion_and_says_so():
    result = only_result(verdict_on(compared()))
    assert result.passed
    assert "There is no champion yet" in result.reason


def test_a_champion_that_cannot_be_compared_decides_as_configured():
    absent = AbsentModel("The champion is of another task")
    assert not verdict_on(compared(), champion=absent).passed
    rules = dataclasses.replace(compared(), if_not_judged="pass")
    assert verdict_on(rules, champion=absent).passed


def test_without_a_baseline_its_comparison_fails():
    result = only_result(verdict_on(compared(against="baseline")))
    assert not result.passed
    assert "No baseline was evaluated" in result.reason


@pytest.mark.parametrize("bound", [0.8, 0.9])
def test_the_worst_sites_rule_names_the_sites_that_it_could_not_judge(bound):
    evaluation = make_evaluation(south=make_slice(cases=15), west=make_slice(0.1, cases=19))
    result = only_result(verdict_on(minimum("mean_auc", bound, "worst_site"), evaluation))
    assert result.reason.endswith("not judged: site south; site west.")
    assert (
        "not judged"
        not in only_result(
            verdict_on(minimum("mean_auc", bound, "worst_site"), make_evaluation())
        ).reason
    )


def test_the_shift_gap_names_the_held_out_sites_that_it_could_not_judge():
    evaluation = make_evaluation(west=make_slice(0.1, cases=15))
    rules = GateRules(max_shift_gap=ShiftGapRule("mean_auc", 0.5))
    verdict = judge(
        Evidence(evaluation, make_ingestion(held_out=("east", "west"))), rules, SampleLimits()
    )
    assert "not judged: " in verdict.rules[0].reason
    assert "west" in verdict.rules[0].reason.partition("not judged: ")[2]


@pytest.mark.parametrize(
    ("value", "bound", "said"),
    [
        (0.7996, 0.8, ("at least 0.8000,", ": 0.8471 (95% interval 0.7996 to")),
        (0.80004, 0.8, ("at least 0.80000,", "interval 0.80004 to")),
        (0.85, 0.8, ("at least 0.800,", "interval 0.850 to")),
        (0.8, 0.8, ("at least 0.800,", "interval 0.800 to")),
    ],
)
def test_a_sentence_has_as_many_decimals_as_tell_the_number_from_the_bound(value, bound, said):
    evaluation = make_evaluation(overall=make_slice(value + 0.0475))
    result = only_result(verdict_on(minimum("mean_auc", bound), evaluation))
    assert result.passed == (value >= bound)
    for part in said:
        assert part in result.reason


class TestSampleSize:
    @pytest.mark.parametrize(
        ("count", "bound", "passes"),
        [
            ("cases", 100, True),
            ("cases", 101, False),
            ("patients", 70, True),
            ("patients", 71, False),
            ("positives:edema", 40, True),
            ("positives:edema", 41, False),
            ("negatives:edema", 60, True),
            ("negatives:cyst", 1, False),
        ],
    )
    def test_counts_must_reach_the_bound(self, count, bound, passes):
        rules = GateRules(sample_size=(SampleSizeRule(count, bound),))
        overall = dataclasses.replace(make_slice(), patients=70)
        assert only_result(verdict_on(rules, make_evaluation(overall=overall))).passed == passes

    def test_names_the_smallest_site(self):
        evaluation = make_evaluation(south=make_slice(cases=30))
        rules = GateRules(sample_size=(SampleSizeRule("cases", 50, "worst_site"),))
        result = only_result(verdict_on(rules, evaluation))
        assert result.reason == "Required: at least 50 labelled cases. On site south: 30."


class TestCalibration:
    @pytest.mark.parametrize(("bound", "passes"), [(0.06, True), (0.04, False)])
    def test_holds_the_error_in_distribution_against_the_bound(self, bound, passes):
        evaluation = make_evaluation(overall=make_slice(ece=0.9))
        rules = GateRules(max_calibration_error=CalibrationRule(bound))
        result = only_result(verdict_on(rules, evaluation))
        assert result.passed == passes
        assert result.slice == "sites seen in training"

    @pytest.mark.parametrize(("bound", "passes"), [(0.31, True), (0.29, False)])
    def test_can_ask_it_of_the_held_out_sites_too(self, bound, passes):
        evaluation = make_evaluation(east=make_slice(ece=0.3))
        rules = GateRules(max_calibration_error=CalibrationRule(bound, "worst_site"))
        result = only_result(verdict_on(rules, evaluation))
        assert (result.passed, result.slice) == (passes, "site east")


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

    @pytest.mark.parametrize(
        ("leaked", "removed", "passes"), [(1, False, True), (2, False, False), (2, True, True)]
    )
    def test_holds_the_cases_seen_in_training_against_the_bound(self, leaked, removed, passes):
        leakage = LeakageReport(90, 5, 5, 0, 0, 0, leaked, removed, 0, 0, ())
        result = only_result(verdict_on(GateRules(max_leaked_cases=1), leakage=leakage))
        assert result.passed == passes
        assert (f"({leaked} before" in result.reason) == removed

    @pytest.mark.parametrize("removed", [True, False])
    def test_says_how_many_images_were_not_compared_also_after_removal(self, removed):
        leakage = LeakageReport(90, 5, 5, 0, 0, 0, 2, removed, 0, 0, ())
        leakage = dataclasses.replace(leakage, not_compared=40)
        reason = only_result(verdict_on(GateRules(max_leaked_cases=2), leakage=leakage)).reason
        assert ("(2 before" in reason) == removed
        assert reason.endswith(
            "Not looked at were 40 images of groups of alike ones that are too large to compare."
        )

    def test_refuses_where_leakage_was_to_be_bounded_and_not_looked_for(self):
        assert not only_result(verdict_on(GateRules(max_leaked_cases=1))).passed


class TestModel:
    GOOD = ModelCheck(cases=32, size_mb=40.0, score_difference=1e-6, latency_ms=80.0)

    def judged(self, name, check, **rules):
        verdict = verdict_on(dataclasses.replace(minimum("mean_auc", 0.5), **rules), check=check)
        return {result.rule: result for result in verdict.rules}[name]

    @pytest.mark.parametrize(("difference", "passes"), [(1e-4, True), (2e-4, False)])
    def test_must_give_the_scores_that_were_evaluated(self, difference, passes):
        check = dataclasses.replace(self.GOOD, score_difference=difference)
        result = self.judged("max_score_difference", check)
        assert result.passed == passes
        assert f"{difference:.1e} on 32 test cases" in result.reason

    def test_must_load_in_a_process_of_its_own(self):
        check = ModelCheck(cases=32, size_mb=40.0, problem="OSError: no saved_model.pb")
        result = self.judged("max_score_difference", check)
        assert not result.passed
        assert "could not be scored: OSError: no saved_model.pb." in result.reason

    @pytest.mark.parametrize(
        ("serving", "passes"),
        [
            ({"serving_difference": 1e-6}, True),
            ({"serving_difference": 0.1}, False),
            ({"serving_problem": "http://host: timed out"}, False),
        ],
    )
    def test_must_be_served_as_evaluated_where_a_server_is_asked(self, serving, passes):
        check = dataclasses.replace(self.GOOD, **serving)
        assert self.judged("max_served_score_difference", check).passed == passes

    @pytest.mark.parametrize(
        ("rule", "bound", "passes"),
        [
            ("max_latency_ms", 80.0, True),
            ("max_latency_ms", 79.0, False),
            ("max_size_mb", 40.0, True),
            ("max_size_mb", 39.0, False),
        ],
    )
    def test_must_be_fast_and_small_enough(self, rule, bound, passes):
        assert self.judged(rule, self.GOOD, **{rule: bound}).passed == passes
        assert not self.judged(rule, None, **{rule: bound}).passed

    def test_that_it_can_be_served_does_not_vouch_for_it(self):
        assert not verdict_on(GateRules(max_size_mb=100.0), check=self.GOOD).passed


def test_a_verdict_says_who_must_sign_but_does_not_wait_for_it():
    rules = dataclasses.replace(minimum("mean_auc", 0.5), sign_off=SignOff(("clinician",)))
    verdict = verdict_on(rules)
    assert verdict.passed
    assert verdict.sign_off_roles == ("clinician",)


def test_all_rules_are_judged_and_one_failure_fails_the_verdict():
    rules = GateRules(
        minimum=(MinimumRule("mean_auc", 0.7), MinimumRule("mean_auc", 0.99)),
        max_calibration_error=CalibrationRule(0.1),
        max_quarantined_fraction=0.1,
    )
    verdict = verdict_on(rules)
    assert [result.passed for result in verdict.rules] == [True, False, True, True]
    assert not verdict.passed


def test_a_gate_without_rules_lets_nothing_through():
    assert not verdict_on(GateRules()).passed
