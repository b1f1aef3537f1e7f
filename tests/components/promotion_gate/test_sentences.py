"""The gate's sentences in every language, out of what the verdict file holds."""

import re
from pathlib import Path

import pytest

from components.absent_model import AbsentModel, read_absent
from components.model_checker.model_check import ModelCheck
from components.promotion_gate.gate import Evidence, judge
from components.promotion_gate.opponent import NO_CHAMPION, absence
from components.promotion_gate.rules import (
    CalibrationRule,
    ComparisonRule,
    GateRules,
    MinimumRule,
    SampleSizeRule,
    ShiftGapRule,
)
from components.promotion_gate.verdict import RuleResult, Verdict, read_verdict
from components.site_evaluator.sufficiency import SampleLimits
from components.slice_report.message_catalogue import ENGLISH, load_messages
from components.slice_report.sentences import say
from tests.components.promotion_gate.handmade_evaluations import (
    make_evaluation,
    make_ingestion,
    make_slice,
    rename,
)

CHINESE = load_messages("zh")
RULES = GateRules(
    minimum=(
        MinimumRule("mean_auc", 0.8),
        MinimumRule("sensitivity:edema", 0.9, "each_site", "value"),
        MinimumRule("mean_auc", 0.8, "site=nowhere"),
        MinimumRule("accuracy", 0.8),
    ),
    max_shift_gap=ShiftGapRule("mean_auc", 0.05),
    comparisons=(
        ComparisonRule("champion", "non_inferior", "mean_auc", "overall", 0.01),
        ComparisonRule("baseline", "superior", "auc:edema", "worst_site"),
    ),
    max_calibration_error=CalibrationRule(0.1),
    sample_size=(
        SampleSizeRule("positives:edema", 30, "worst_site"),
        SampleSizeRule("patients", 9),
    ),
    max_quarantined_fraction=0.1,
    max_schema_anomalies=0,
    max_leaked_cases=0,
    max_latency_ms=200.0,
    max_size_mb=50.0,
)


def verdict(champion=NO_CHAMPION):
    evaluation = make_evaluation(south=make_slice(positives=3))
    evidence = Evidence(
        evaluation=evaluation,
        ingestion=make_ingestion(),
        baseline=rename(evaluation, "random"),
        champion=champion,
        check=None,
    )
    return judge(evidence, RULES, SampleLimits())


def test_every_rule_has_a_chinese_sentence_without_english_words():
    rules = [*verdict().rules, *judge(
        Evidence(make_evaluation(), make_ingestion(held_out=())), GateRules(), SampleLimits()
    ).rules]  # fmt: skip
    assert len(rules) > 15
    names = {"AUC", "edema", "random", "south", "north", "east", "nowhere", "MB"}
    for rule in rules:
        for statement in (rule.where, rule.sentence):
            text = say(statement, CHINESE)
            assert set(re.findall("[A-Za-z]{2,}", text)) <= names, text
            assert re.search("[\u4e00-\u9fff]", text)


def test_the_numbers_of_a_sentence_are_fields_of_the_verdict_file(tmp_path):
    verdict().write(str(tmp_path))
    rule = read_verdict(str(tmp_path)).rules[0]
    found = rule.sentence.values["found"].values
    assert (found["value"], found["cases"]) == (rule.measured, 100)
    assert (found["lower"], found["upper"]) == (rule.lower, rule.upper)
    requirement = rule.sentence.values["requirement"].values
    assert requirement["bound"] == rule.bound
    assert requirement["metric"].values == {"name": "mean_auc", "class": ""}
    assert say(rule.sentence, CHINESE) == (
        "要求：平均 AUC不低于 0.800，以其 95% 区间的下限为准。"
        "全部病例（100 例）：0.850（95% 区间 0.802 至 0.897）。"
    )


def test_the_english_reason_is_the_statement_in_english(tmp_path):
    verdict().write(str(tmp_path))
    for rule in read_verdict(str(tmp_path)).rules:
        assert rule.reason == say(rule.sentence, ENGLISH)
        assert rule.slice == say(rule.where, ENGLISH)


def test_a_verdict_of_an_older_version_is_still_read(tmp_path):
    rule = RuleResult("minimum mean_auc", "all cases", 0.8, 0.7, 0.9, 0.75, True, "Good.")
    Verdict((rule,)).write(str(tmp_path))
    text = Path(tmp_path, "verdict.json").read_text()
    older = re.sub(r',\s*"where": null,\s*"sentence": null', "", text)
    assert older != text
    Path(tmp_path, "verdict.json").write_text(older)
    assert read_verdict(str(tmp_path)).rules == (rule,)


@pytest.mark.parametrize("absent", [NO_CHAMPION, AbsentModel("In words of an older version")])
def test_why_a_model_is_absent_survives_its_file(absent, tmp_path):
    absent.write(str(tmp_path))
    assert say(absence(read_absent(str(tmp_path))), ENGLISH) == absent.reason


def test_a_model_that_could_not_be_scored_has_a_chinese_sentence_with_the_problem():
    check = ModelCheck(3, 12.5, problem="E1", latency_ms=5.0, serving_problem="E2")
    evidence = Evidence(make_evaluation(), make_ingestion(), check=check)
    texts = [say(rule.sentence, CHINESE) for rule in judge(evidence, RULES, SampleLimits()).rules]
    assert any(text.endswith("实测：无法评分：E1。") for text in texts)
    assert any("TensorFlow Serving" in text and text.endswith("E2。") for text in texts)
    assert any(text.endswith("实测：5.0 毫秒。") for text in texts)
    assert any(text.endswith("实测：12.5 MB。") for text in texts)
