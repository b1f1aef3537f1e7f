"""The rule on drift: passes and fails where it should, and names the site and the feature."""

import pytest

from components.promotion_gate.drift_rules import judge_drift
from components.promotion_gate.rules import DriftRule, GateRules, from_json, to_json
from components.site_drift.distributions import Shares, SiteData, numbers_of
from components.site_drift.drift import measure_drift
from components.site_evaluator.sufficiency import SampleLimits


def site(lateral: int, brightness: float, cases: int = 100) -> SiteData:
    """Of 100 views so many are lateral; brightness is spread over a tenth."""
    return SiteData(
        cases,
        {
            "view": Shares({"PA": 100 - lateral, "lateral": lateral}),
            "sex": Shares({"female": 50, "male": 50}),
            "known_finding:edema": Shares({"1": 10, "0": 90}),
            "image_mean": numbers_of([brightness + n / 1000 for n in range(101)]),
        },
    )


DRIFT = measure_drift(
    {"north": site(20, 0.4), "east": site(30, 0.4)},
    {"valley": site(65, 0.45), "tiny": site(100, 0.9, cases=5)},
)


def judged(rule, drift=DRIFT, **rules):
    results = judge_drift(rule, drift, SampleLimits(), GateRules(**rules))
    return {result.slice: result for result in results}


@pytest.mark.parametrize(("bound", "passes"), [(0.41, True), (0.39, False)])
def test_the_share_that_differs_most_is_held_against_the_bound(bound, passes):
    result = judged(DriftRule(share=bound))["site valley"]
    assert result.passed == passes
    assert result.measured == pytest.approx(0.4)
    assert result.reason == (
        f"Required: no share more than {bound:.0%} away from that at the training sites. On site "
        "valley (100 cases), view differs most: lateral in 65.0% there and 25.0% at the training "
        "sites."
    )


@pytest.mark.parametrize(("bound", "passes"), [(0.6, True), (0.4, False)])
def test_so_is_the_divergence_of_the_brightness(bound, passes):
    result = judged(DriftRule(divergence=bound))["site valley"]
    assert result.passed == passes
    # Half of the values lie where the other side has none.
    assert result.measured == pytest.approx(0.5, abs=0.02)
    assert "the brightness of the images differs most: divergence 0.5" in result.reason
    assert "mean 0.500 there and 0.450 at the training sites." in result.reason


def test_a_site_of_few_cases_does_not_decide_beside_one_of_many():
    result = judged(DriftRule(share=0.5))["site tiny"]
    assert result.passed
    assert "On site tiny: 5 cases are too few to compare (fewer than 20)." in result.reason


@pytest.mark.parametrize(
    "drift", [None, (), measure_drift({"a": site(1, 0.4)}, {"b": site(90, 0.4, 5)})]
)
@pytest.mark.parametrize(("if_not_judged", "passes"), [("fail", False), ("pass", True)])
def test_what_can_be_judged_nowhere_goes_as_configured(drift, if_not_judged, passes):
    [result] = judged(DriftRule(share=0.5), drift, if_not_judged=if_not_judged).values()
    assert result.passed == passes
    assert "Judged nowhere" in result.reason


def test_training_sites_are_judged_where_each_is_asked_for():
    assert set(judged(DriftRule(share=0.5))) == {"site valley", "site tiny"}
    each = judged(DriftRule(share=0.5, sites="each"))
    assert set(each) == {"site valley", "site tiny", "site north", "site east"}
    assert each["site north"].measured == pytest.approx(0.1)


def test_a_finding_is_called_by_its_name():
    drift = measure_drift(
        {"a": SiteData(50, {"known_finding:edema": Shares({"1": 1, "0": 9})})},
        {"b": SiteData(50, {"known_finding:edema": Shares({"1": 8, "0": 2})})},
    )
    [result] = judged(DriftRule(share=0.5), drift).values()
    assert "edema differs most: present in 80.0% there and 10.0% at" in result.reason


def test_the_rule_needs_a_bound_and_survives_the_way_through_json():
    with pytest.raises(ValueError, match="share or divergence must be given"):
        DriftRule()
    with pytest.raises(ValueError, match="share must lie between 0 and 1"):
        DriftRule(share=30)
    rules = GateRules(max_drift=DriftRule(0.3, 0.2, "each"))
    assert from_json(to_json(rules)) == rules
