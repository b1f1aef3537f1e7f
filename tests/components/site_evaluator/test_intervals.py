"""Intervals against a brute-force bootstrap that draws patients with replacement."""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import beta, binomtest, norm
from sklearn.metrics import roc_auc_score

from components.site_evaluator.intervals import (
    estimate,
    estimate_of_auc,
    estimate_of_share,
    mean_estimate,
    net_share,
    paired_difference,
)
from components.site_evaluator.resampling import REPLICATES
from tests.components.site_evaluator.synthetic_cases import evaluate, make_cases

DRAWS = 2000


@pytest.fixture(scope="module")
def clustered():
    """60 patients with 8 much alike cases each."""
    return make_cases(480, 1, cases_per_patient=8, unknown_share=0, seed=5)


def interval_width(values):
    lower, upper = np.nanquantile(values, (0.025, 0.975))
    return upper - lower


def brute_force_aucs(cases, groups):
    """Resamples whole groups with replacement; every draw's AUC by scikit-learn."""
    rng = np.random.default_rng(11)
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    aucs = []
    for _ in range(DRAWS):
        drawn = np.concatenate([members[g] for g in rng.integers(len(members), size=len(members))])
        aucs.append(roc_auc_score(cases["label"][drawn, 0], cases["score"][drawn, 0]))
    return np.array(aucs)


def test_the_interval_agrees_with_drawing_patients_with_replacement(clustered):
    auc = evaluate(clustered).classes["edema"].auc
    expected = brute_force_aucs(clustered, clustered["patient_id"])
    assert np.std(auc.replicates) == pytest.approx(np.std(expected), rel=0.15)
    lower, upper = np.quantile(expected, (0.025, 0.975))
    tolerance = 0.25 * (upper - lower)
    assert auc.lower == pytest.approx(lower, abs=tolerance)
    assert auc.upper == pytest.approx(upper, abs=tolerance)


def test_it_is_wider_than_one_that_takes_correlated_cases_for_independent(clustered):
    auc = evaluate(clustered).classes["edema"].auc
    by_case = brute_force_aucs(clustered, np.arange(480))
    assert auc.upper - auc.lower > 1.3 * interval_width(by_case)


def test_a_paired_difference_of_like_models_is_narrower_than_an_unpaired_one(clustered):
    score = clustered["score"]
    noise = np.random.default_rng(2).normal(0, 0.02, score.shape)
    other = {**clustered, "score": np.clip(score + noise, 0, 1).astype(np.float32)}
    a = evaluate(clustered).classes["edema"].auc
    b = evaluate(other).classes["edema"].auc
    paired = paired_difference(a, b)
    unpaired = interval_width(a.replicates - np.roll(b.replicates, 1))
    assert paired.value == a.value - b.value
    assert paired.upper - paired.lower < 0.3 * unpaired


def delong_components(label, *scores):
    """Structural components V10 and V01 of each AUC (DeLong et al. 1988, equations 3 to 5)."""
    positive = label == 1
    ranked = [
        (s[positive][:, None] > s[~positive]) + 0.5 * (s[positive][:, None] == s[~positive])
        for s in scores
    ]
    return np.array([r.mean(1) for r in ranked]), np.array([r.mean(0) for r in ranked])


def delong_covariance(label, *scores):
    of_positives, of_negatives = delong_components(label, *scores)
    return (
        np.atleast_2d(np.cov(of_positives)) / of_positives.shape[1]
        + np.atleast_2d(np.cov(of_negatives)) / of_negatives.shape[1]
    )


@pytest.fixture(scope="module")
def independent():
    """600 patients with one case each, for which DeLong's variance holds."""
    return make_cases(600, 1, cases_per_patient=1, unknown_share=0, seed=8)


def test_with_one_case_a_patient_the_interval_of_an_auc_agrees_with_delongs(independent):
    label, score = independent["label"][:, 0], independent["score"][:, 0].astype(np.float64)
    auc = evaluate(independent).classes["edema"].auc
    spread = np.sqrt(delong_covariance(label, score)[0, 0])
    # The standard error from 200 replicates is itself uncertain by 5% (one standard deviation).
    assert np.std(auc.replicates) == pytest.approx(spread, rel=0.15)
    assert auc.lower == pytest.approx(auc.value - 1.96 * spread, abs=0.6 * spread)
    assert auc.upper == pytest.approx(auc.value + 1.96 * spread, abs=0.6 * spread)


def test_the_paired_difference_of_two_aucs_agrees_with_delongs_covariance(independent):
    noise = np.random.default_rng(3).normal(0, 0.15, independent["score"].shape)
    score = np.clip(independent["score"] + noise, 0, 1).astype(np.float32)
    other = {**independent, "score": score}
    label = independent["label"][:, 0]
    covariance = delong_covariance(label, independent["score"][:, 0], score[:, 0])
    spread = np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    paired = paired_difference(
        evaluate(independent).classes["edema"].auc, evaluate(other).classes["edema"].auc
    )
    assert np.std(paired.replicates) == pytest.approx(spread, rel=0.15)


def test_intervals_cover_the_true_auc_as_often_as_they_say():
    """Binormal scores one standard deviation apart: AUC = Phi(1 / sqrt(2)), 0.7602."""
    covered = 0
    runs = 120
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        label = np.repeat(rng.integers(0, 2, 75), 2)
        logit = rng.normal(size=150) + label
        cases = {
            "patient_id": np.array([f"{seed}-{index // 2}" for index in range(150)]),
            "label": label[:, None].astype(np.float32),
            "label_weight": np.ones((150, 1), np.float32),
            "score": (1 / (1 + np.exp(-logit)))[:, None].astype(np.float32),
        }
        auc = evaluate(cases).classes["edema"].auc
        covered += auc.lower <= 0.7602 <= auc.upper
    # Binomial: at 95%, fewer than 106 of 120 (88%) has a probability below 0.002.
    assert covered >= 106


def test_another_draw_of_the_resamples_moves_an_end_by_a_fifth_of_the_standard_error():
    """As the report's glossary says; the asymptotic error of a quantile is 0.19 of it."""
    drawn = np.random.default_rng(6).normal(size=(4000, REPLICATES))
    found = [estimate(0.0, replicates) for replicates in drawn]
    asymptotic = np.sqrt(0.025 * 0.975 / REPLICATES) / norm.pdf(norm.ppf(0.975))
    for end in ("lower", "upper"):
        ends = np.array([getattr(one, end) for one in found])
        assert np.std(ends) == pytest.approx(0.2, abs=0.03)
        assert np.std(ends) == pytest.approx(asymptotic, rel=0.1)
        assert np.std(ends) / np.abs(np.mean(ends)) == pytest.approx(0.1, abs=0.01)


def test_the_interval_is_the_middle_95_percent_of_the_replicates():
    result = estimate(0.5, np.arange(201) / 200)
    assert (result.lower, result.upper) == pytest.approx((0.025, 0.975))


@pytest.mark.parametrize("trials", [1, 11, 18, 200])
def test_a_share_of_all_or_none_has_the_exact_interval_of_clopper_and_pearson(trials):
    exact = binomtest(trials, trials).proportion_ci(0.95, "exact")
    found = estimate_of_share(1.0, np.ones(200), trials)
    assert (found.lower, found.upper) == pytest.approx((exact.low, 1.0))
    none = estimate_of_share(0.0, np.zeros(200), trials)
    assert (none.lower, none.upper) == pytest.approx((0.0, 1.0 - exact.low))


def resampled_share(right, seed=0):
    """The share of right cases, one a patient, with its Poisson resamples."""
    weights = np.random.default_rng(seed).poisson(1, (200, len(right)))
    return float(np.mean(right)), (weights * right).sum(axis=1) / weights.sum(axis=1)


def test_any_other_share_has_the_exact_interval_of_as_many_trials_as_its_resamples_vary_like():
    """Korn and Graubard (1998): n = p (1 - p) / variance, Clopper and Pearson's interval of it."""
    value, replicates = resampled_share(np.arange(60) < 54)
    found = estimate_of_share(value, replicates, 60)
    trials = 0.9 * 0.1 / np.var(replicates)
    assert trials == pytest.approx(60, rel=0.25)
    assert found.lower == pytest.approx(beta.ppf(0.025, 0.9 * trials, 0.1 * trials + 1))
    assert found.upper == pytest.approx(beta.ppf(0.975, 0.9 * trials + 1, 0.1 * trials))


def test_a_share_is_never_narrower_than_its_resamples():
    replicates = np.concatenate([np.full(190, 0.5), np.full(10, 0.0)])
    found, plain = estimate_of_share(0.5, replicates, 1000), estimate(0.5, replicates)
    assert found.lower == plain.lower == 0


@pytest.mark.parametrize("patients", [20, 30, 50, 100])
def test_who_misses_a_case_is_never_surer_than_who_misses_none(patients):
    lower = []
    for missed in (0, 1, 2, 4):
        value, replicates = resampled_share(np.arange(patients) >= missed)
        lower.append(estimate_of_share(value, replicates, patients).lower)
    assert lower == sorted(lower, reverse=True)


@pytest.mark.parametrize("share", [0.8, 0.95])
def test_the_lower_end_of_a_share_is_above_the_truth_in_at_most_one_sample_of_forty(share):
    random = np.random.default_rng(3)
    above = 0
    for run in range(600):
        value, replicates = resampled_share(random.random(50) < share, seed=run)
        above += estimate_of_share(value, replicates, 50).lower > share
    # At 2.5%, more than 25 of 600 has a probability below 0.01.
    assert above <= 25


def test_two_models_that_are_always_right_are_not_surely_alike():
    first = estimate_of_share(1.0, np.ones(200), 11)
    undefined_in_some = estimate_of_share(1.0, np.append(np.ones(190), [np.nan] * 10), 18)
    found = paired_difference(first, undefined_in_some)
    assert found.value == 0
    assert (found.lower, found.upper) == pytest.approx(
        (first.lower - 1, 1 - undefined_in_some.lower)
    )


def test_a_model_that_is_always_right_and_one_that_errs_differ_by_newcombes_method_10():
    replicates = np.linspace(0.8, 1.0, 200)
    sure, erring = estimate_of_share(1.0, np.ones(200), 20), estimate(0.9, replicates)
    found = paired_difference(sure, erring)
    # Square and add: each side's own reach, in the direction that narrows or widens the gap.
    narrower = np.hypot(sure.value - sure.lower, erring.upper - erring.value)
    assert (found.value, found.lower) == pytest.approx((0.1, 0.1 - narrower))
    assert found.upper == pytest.approx(0.1 + erring.value - erring.lower)
    mirrored = paired_difference(erring, sure)
    assert (mirrored.lower, mirrored.upper) == pytest.approx((-found.upper, -found.lower))


def test_two_models_right_and_wrong_on_the_same_cases_are_not_surely_alike():
    share = estimate_of_share(0.9, np.linspace(0.8, 1.0, 200), 20)
    found = paired_difference(share, share)
    reach = binomtest(0, 20).proportion_ci(0.95, "exact").high
    assert (found.value, found.lower, found.upper) == pytest.approx((0, -reach, reach))


def test_the_same_scores_differ_by_exactly_nothing_whatever_the_sample():
    auc = estimate_of_auc(1.0, np.ones(200), 20, 30)
    share = estimate_of_share(0.9, np.linspace(0.8, 1.0, 200), 20)
    for single in (auc, share):
        assert paired_difference(single, single).upper > 0
        found = paired_difference(single, single, same_scores=True)
        assert (found.value, found.lower, found.upper) == (0, 0, 0)


def test_what_is_no_share_and_always_the_same_has_no_difference():
    loss = estimate(0.9, np.linspace(0.8, 1.0, 200))
    found = paired_difference(loss, loss)
    assert (found.value, found.lower, found.upper) == (0, 0, 0)


@pytest.mark.parametrize("cases", [10, 20, 60])
def test_the_interval_of_a_tie_covers_the_difference_it_may_hide(cases):
    """So rare a difference that 2.5% of samples of this size show none."""
    share = estimate_of_share(0.9, np.linspace(0.8, 1.0, 200), cases)
    hidden = paired_difference(share, share).upper
    random = np.random.default_rng(0)
    ties = (random.random((20_000, cases)) < hidden).sum(axis=1) == 0
    assert ties.mean() == pytest.approx(0.025, abs=0.005)


def test_a_net_share_without_a_loss_holds_one_that_the_cases_do_not_show():
    reach = binomtest(0, 20).proportion_ci(0.95, "exact").high
    plain = estimate(0.2, np.linspace(0.05, 0.35, 200))
    none_lost = net_share(plain, gained=4, lost=0, cases=20, trials=20)
    assert none_lost.lower == pytest.approx(0.2 - np.hypot(0.2 - plain.lower, reach))
    assert none_lost.upper == plain.upper
    some_lost = net_share(plain, gained=5, lost=1, cases=20, trials=20)
    assert (some_lost.lower, some_lost.upper) == pytest.approx((plain.lower, plain.upper))


def test_a_net_share_of_cases_that_are_all_alike_is_not_sure():
    reach = binomtest(0, 20).proportion_ci(0.95, "exact").high
    unchanged = net_share(estimate(0.0, np.zeros(200)), gained=0, lost=0, cases=20, trials=20)
    assert (unchanged.lower, unchanged.upper) == pytest.approx((-reach, reach))
    every = net_share(estimate(1.0, np.ones(200)), gained=20, lost=0, cases=20, trials=20)
    assert (every.lower, every.upper) == pytest.approx((1 - np.hypot(reach, reach), 1))


def test_three_newly_found_and_none_missed_of_twenty_is_no_gain_by_mcnemars_exact_test():
    found = net_share(estimate(0.15, np.linspace(0.0, 0.3, 200)), 3, 0, cases=20, trials=20)
    assert binomtest(3, 3).pvalue > 0.05
    assert found.lower < 0 < found.upper


def test_a_mean_reaches_beyond_its_replicates_by_the_mean_of_what_its_parts_do():
    shares = [estimate_of_share(1.0, np.ones(200), trials) for trials in (40, 12, 30)]
    perfect = mean_estimate(shares)
    assert perfect.lower == pytest.approx(np.mean([share.lower for share in shares]))
    assert (perfect.upper, perfect.trials) == (1, 12)
    erring = estimate(0.5, np.linspace(0.4, 0.6, 200))
    half = mean_estimate([erring, shares[1]])
    plain = estimate(0.75, (erring.replicates + 1) / 2)
    assert half.lower == pytest.approx(plain.lower - (1 - shares[1].lower) / 2)
    assert half.upper == pytest.approx(plain.upper)


def hanley_and_mcneils_variance(auc, positives, negatives):
    """Hanley and McNeil (1982), equation 1."""
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    of_positives, of_negatives = (positives - 1) * (q1 - auc**2), (negatives - 1) * (q2 - auc**2)
    return (auc * (1 - auc) + of_positives + of_negatives) / (positives * negatives)


@pytest.mark.parametrize(("positives", "negatives"), [(10, 10), (12, 90), (200, 40)])
def test_a_perfect_auc_ends_where_1_is_as_far_as_the_standard_errors_there_allow(
    positives, negatives
):
    end = brentq(
        lambda auc: (
            1 - auc - 1.959964 * np.sqrt(hanley_and_mcneils_variance(auc, positives, negatives))
        ),
        0.3,
        1 - 1e-6,
    )
    found = estimate_of_auc(1.0, np.ones(200), positives, negatives)
    assert (found.lower, found.upper) == pytest.approx((end, 1.0))
    none = estimate_of_auc(0.0, np.zeros(200), positives, negatives)
    assert (none.lower, none.upper) == pytest.approx((0.0, 1 - end))


@pytest.mark.parametrize(("positives", "negatives"), [(10, 10), (12, 90)])
def test_that_end_is_seldom_missed(positives, negatives):
    """Scores whose AUC is that end separate both kinds in at most 2.5% of samples."""
    end = estimate_of_auc(1.0, np.ones(200), positives, negatives).lower
    # Two normal distributions of unit deviation: AUC = Phi(shift / sqrt(2)).
    shift = norm.ppf(end) * np.sqrt(2)
    random = np.random.default_rng(1)
    lowest = random.normal(shift, 1, (20_000, positives)).min(axis=1)
    highest = random.normal(0, 1, (20_000, negatives)).max(axis=1)
    assert (lowest > highest).mean() <= 0.025


def test_an_auc_with_a_pair_in_the_wrong_order_is_never_surer_than_a_perfect_one():
    perfect = estimate_of_auc(1.0, np.ones(200), 40, 40)
    nearly = estimate_of_auc(0.999, np.linspace(0.995, 1.0, 200), 40, 40)
    assert nearly.lower == perfect.lower
    plain = estimate(0.8, np.linspace(0.7, 0.9, 200))
    found = estimate_of_auc(0.8, plain.replicates, 40, 40)
    assert (found.lower, found.upper) == (plain.lower, plain.upper)


def test_undefined_replicates_are_left_out():
    result = estimate(0.5, np.append(np.arange(201) / 200, [np.nan] * 50))
    assert (result.lower, result.upper) == pytest.approx((0.025, 0.975))


def test_there_is_no_interval_where_most_replicates_are_undefined():
    result = estimate(0.5, np.array([0.4, 0.5, 0.6] + [np.nan] * 5))
    assert result.value == 0.5
    assert np.isnan(result.lower)
    assert np.isnan(result.upper)


def test_evaluations_with_different_replicates_are_not_compared():
    with pytest.raises(ValueError, match="equally many"):
        paired_difference(estimate(0.5, np.zeros(3)), estimate(0.5, np.zeros(4)))
