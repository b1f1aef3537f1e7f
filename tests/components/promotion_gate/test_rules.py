import pytest

from components.promotion_gate.rules import (
    BaselineRule,
    GateRules,
    MinimumRule,
    ShiftGapRule,
    from_json,
    to_json,
)
from trainer.errors import UserError


def test_rules_survive_the_way_through_json():
    rules = GateRules(
        minimum=(MinimumRule("sensitivity:edema", 0.8, "site=north", "value"),),
        max_shift_gap=ShiftGapRule("mean_auc", 0.1),
        beats_baseline=BaselineRule("mean_auc", "each_site", -0.01),
        max_schema_anomalies=0,
    )
    assert from_json(to_json(rules)) == rules


def test_what_is_not_given_is_not_asked():
    assert from_json("{}") == GateRules()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"minimum": [{"metric": "f1", "bound": 1}]}', r"minimum\.0: .*mean_auc, accuracy"),
        ('{"minimum": [{"metric": "auc", "bound": 1}]}', r"NAME:CLASS"),
        ('{"minimum": [{"metric": "ece", "bound": 1}]}', r"metric must be one of"),
        ('{"minimum": [{"metric": "mean_auc"}]}', r"minimum\.0\.bound: Field required"),
        (
            '{"beats_baseline": {"metric": "mean_auc", "slice": "site="}}',
            r"each_site, or site=NAME. Received: site=",
        ),
        ('{"minimum_cases": 0}', "minimum_cases must be at least 1"),
        ('{"max_gap": 0.1}', "max_gap"),
        ('{"minimum"', "Invalid JSON"),
    ],
)
def test_a_malformed_rule_is_refused_with_its_place(text, message):
    with pytest.raises(UserError, match=message):
        from_json(text)
