"""What is recorded of a candidate, and when it is promoted without asking anybody."""

import dataclasses
import hashlib
import json
from pathlib import Path

import pytest
from tfx.components.pusher.executor import Executor as PusherExecutor
from tfx.types import standard_artifacts

from components.absent_model import AbsentModel
from components.artifact_types import Encoder, ModelCheck
from components.code_digest import code_digest
from components.model_checker import model_check
from components.model_registrar.executor import Executor
from components.model_registry.records import Lineage
from components.model_registry.registry import ModelRegistry
from components.promotion_gate.verdict import RuleResult, Verdict
from tests.components.champion_source.model_artifacts import artifact, make_model
from tests.components.promotion_gate.handmade_evaluations import (
    make_evaluation,
    make_slice,
    write_evaluation,
)

LINEAGE = Lineage("chest", "data", "0.1", "configuration", "training")


def rule(passed: bool) -> RuleResult:
    return RuleResult("minimum", "all cases", 0.85, 0.8, 0.9, 0.7, passed, "Because.")


@pytest.fixture
def registry(tmp_path):
    return ModelRegistry.at(str(tmp_path / "registry"))


@pytest.fixture
def record(tmp_path, registry):
    """Runs the component on a model; returns its digest and whether the Pusher would push it."""

    def run(weights, passed=True, roles=(), champion=None, **inputs):
        folder = tmp_path / "artifacts" / weights
        if not folder.exists():
            make_model(folder, weights)
            evaluation = make_evaluation(south=make_slice(cases=3))
            write_evaluation(folder / "evaluation", evaluation)
        (folder / "verdict").mkdir(exist_ok=True)
        Verdict((rule(passed),), tuple(roles)).write(str(folder / "verdict"))
        absent = AbsentModel("There is no champion yet", True)
        absent.write(str(folder / "absent"))
        kinds = standard_artifacts
        blessing = artifact(kinds.ModelBlessing, folder / f"blessing-{len(registry.entries())}")
        given = {
            "model": artifact(kinds.Model, folder),
            "evaluation": artifact(kinds.ModelEvaluation, folder / "evaluation"),
            "verdict": artifact(kinds.ModelEvaluation, folder / "verdict"),
            "champion": artifact(kinds.Model, champion or folder / "absent"),
        }
        properties = {
            "registry": registry.location,
            "lineage": json.dumps(dataclasses.asdict(LINEAGE)),
            "limits": "{}",
        }
        Executor().Do(given | inputs, {"blessing": blessing}, properties)
        [registered] = [e for e in registry.entries() if e.action == "registered"][-1:]
        return registered.model, PusherExecutor().CheckBlessing({"model_blessing": blessing})

    return run


def test_a_model_that_passed_is_promoted_and_pushed(record, registry):
    model, pushed = record("a")
    assert pushed
    assert registry.state().champion == model


def test_a_refused_one_is_recorded_and_not_pushed(record, registry):
    model, pushed = record("a", passed=False)
    assert not pushed
    assert registry.state().status(model) == "refused by the gate"


def test_one_that_needs_a_signature_waits_for_it(record, registry):
    model, pushed = record("a", roles=["clinician"])
    assert not pushed
    assert registry.state().status(model) == "awaiting sign-off: clinician"


def test_one_that_was_judged_against_an_earlier_champion_is_not_pushed(record, registry):
    champion, _ = record("a")
    late, pushed = record("b")
    assert not pushed
    assert registry.state().champion == champion
    assert registry.state().status(late) == "judged against an earlier champion"


def test_one_that_was_judged_against_the_champion_takes_its_place(record, registry, tmp_path):
    champion, _ = record("a")
    better, pushed = record("b", champion=tmp_path / "artifacts" / "a")
    assert pushed
    assert registry.state().champions == [champion, better]


def test_one_that_was_rolled_back_comes_back_only_by_hand(record, registry, tmp_path):
    record("a")
    worse, _ = record("b", champion=tmp_path / "artifacts" / "a")
    registry.rollback("me", "alarms")
    again, pushed = record("b", champion=tmp_path / "artifacts" / "a")
    assert again == worse
    assert not pushed
    registry.promote(worse, "me")
    assert registry.state().champion == worse


def test_the_record_holds_card_verdict_metrics_check_and_lineage(record, registry, tmp_path):
    check = model_check.ModelCheck(cases=8, size_mb=1.5, score_difference=0.0, latency_ms=3.0)
    check.write(str(tmp_path / "check"))
    encoder = tmp_path / "encoder"
    encoder.mkdir()
    (encoder / "encoder.weights.h5").write_bytes(b"weights")
    (encoder / "encoder.json").write_text('{"method": "micle", "parent": {"method": "simclr"}}')
    model, _ = record(
        "a", check=artifact(ModelCheck, tmp_path / "check"), encoder=artifact(Encoder, encoder)
    )
    kept = registry.record(model)
    assert kept.card["classes"] == ["edema"]
    assert kept.verdict["passed"] is True
    assert kept.verdict["rules"][0]["reason"] == "Because."
    assert kept.check["latency_ms"] == 3.0
    assert kept.lineage == {**dataclasses.asdict(LINEAGE), "code_digest": code_digest()}
    assert kept.encoder["parent"] == {"method": "simclr"}
    assert kept.encoder["weights_sha256"] == hashlib.sha256(b"weights").hexdigest()
    overall = kept.metrics["all cases"]
    assert overall["metrics"]["mean_auc"]["value"] == 0.85
    assert overall["classes"]["edema"]["positives"] == 40


def test_of_a_sparse_site_only_counts_are_recorded(record, registry):
    model, _ = record("a")
    south = registry.record(model).metrics["site south"]
    assert south["cases"] == 3
    assert south["metrics"]["mean_auc"] is None
    with registry.saved_model(model) as path:
        assert Path(path, "saved_model.pb").is_file()
