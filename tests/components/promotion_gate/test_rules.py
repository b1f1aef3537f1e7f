import pytest

from components.promotion_gate.rules import (
    ComparisonRule,
    GateRules,
    MinimumRule,
    SampleSizeRule,
    ShiftGapRule,
    SignOff,
    from_json,
    to_json,
)
from trainer.errors import UserError


def test_rules_survive_the_way_through_json():
    rules = GateRules(
        minimum=(MinimumRule("sensitivity:edema", 0.8, "site=north", "value"),),
        max_shift_gap=ShiftGapRule("mean_auc", 0.1),
        comparisons=(
            ComparisonRule("champion", "non_inferior", "mean_auc", "each_site", 0.01),
            ComparisonRule("baseline", "superior", "auc:edema"),
        ),
        sample_size=(SampleSizeRule("positives:edema", 30, "worst_site"),),
        max_latency_ms=200.0,
        if_not_judged="pass",
        sign_off=SignOff(("clinician",)),
        max_schema_anomalies=0,
    )
    assert from_json(to_json(rules)) == rules


def test_what_is_not_given_is_not_asked():
    assert from_json("{}") == GateRules()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{"minimum": [{"metric": "f1", "bound": 1}]}',
            r"minimum\.0: .*one of mean_auc",
        ),
        ('{"minimum": [{"metric": "auc", "bound": 1}]}', r"NAME:CLASS"),
        ('{"minimum": [{"metric": "ece", "bound": 1}]}', r"metric must be one of"),
        ('{"minimum": [{"metric": "mean_auc"}]}', r"minimum\.0\.bound: Field required"),
        (
            '{"minimum": [{"metric": "mean_auc", "bound": 0, "slice": "site="}]}',
            r"worst_site, or site=NAME. Received: site=",
        ),
        (
            '{"comparisons": [{"against": "champion", "require": "superior", "metric": "mean_auc",'
            '"margin": -1}]}',
            "margin must lie between 0 and 1",
        ),
        (
            '{"comparisons": [{"against": "champion", "require": "non_inferior",'
            '"metric": "mean_auc"}]}',
            "margin must be above 0 for non_inferior",
        ),
        (
            '{"max_shift_gap": {"metric": "calibration_slope:edema", "bound": 0.1}}',
            "max_shift_gap: .*metric must be one of",
        ),
        ('{"minimum": [{"metric": "mean_auc", "bound": 80}]}', "bound must lie between 0 and 1"),
        ('{"minimum": [{"metric": "mean_auc", "bound": -1}]}', "bound must lie between 0 and 1"),
        ('{"minimum": [{"metric": "mean_auc", "bound": NaN}]}', "minimum.0"),
        ('{"max_shift_gap": {"metric": "mean_auc", "bound": 3}}', "bound must lie between 0 and 1"),
        ('{"max_calibration_error": {"bound": 20}}', "bound must lie between 0 and 1"),
        ('{"max_calibration_error": {"bound": 0.1, "slice": "there"}}', "slice must be one of"),
        ('{"max_quarantined_fraction": 5}', "max_quarantined_fraction must lie between 0 and 1"),
        ('{"max_leaked_cases": -1}', "max_leaked_cases must be 0 or more"),
        ('{"max_latency_ms": -0.5}', "max_latency_ms must be 0 or more"),
        ('{"sign_off": {"roles": ["clinician", "clinician"]}}', "roles must differ from each"),
        ('{"sample_size": [{"count": "positives", "bound": 3}]}', "count must be cases, patients"),
        ('{"sign_off": {"roles": []}}', "roles must be one or more names"),
        ('{"max_gap": 0.1}', "max_gap"),
        ('{"minimum"', "Invalid JSON"),
    ],
)
def test_a_malformed_rule_is_refused_with_its_place(text, message):
    with pytest.raises(UserError, match=message):
        from_json(text)
