"""Where a model stands, after what was done to it."""

import pytest

from components.model_registry.registry import ModelRegistry
from components.model_registry.standing import standing
from tests.components.model_registry.handmade_models import add_model

DAY = "2026-11-28"


@pytest.fixture
def registry(tmp_path):
    return ModelRegistry.at(str(tmp_path / "registry"))


def of(registry, model):
    return standing(registry, model, registry.record(model).verdict, DAY)


def test_a_model_waits_until_it_is_signed_and_is_then_ready_and_then_champion(registry):
    model = add_model(registry, "a", roles=["clinician"])
    waiting = of(registry, model)
    assert (waiting.stage, waiting.awaited_roles, waiting.day) == ("awaiting", ("clinician",), DAY)
    registry.sign(model, "clinician", "Dr. Ada Byron")
    ready = of(registry, model)
    assert (ready.stage, ready.awaited_roles, ready.promoted_on) == ("ready", (), None)
    assert [(sign.role, sign.name) for sign in ready.signatures] == [("clinician", "Dr. Ada Byron")]
    registry.promote(model, "me")
    entry = registry.entries()[-1]
    promoted = of(registry, model)
    assert (promoted.stage, promoted.promoted_on) == ("champion", entry.time[:10])


def test_a_refusal_a_replacement_and_a_rollback_show(registry):
    first = add_model(registry, "a", roles=["clinician"])
    registry.sign(first, "clinician", "Dr. Ada Byron", "blurred")
    assert of(registry, first).stage == "refused"
    registry.sign(first, "clinician", "Dr. Ada Byron")
    registry.promote(first, "me")
    second = add_model(registry, "b", against=first)
    registry.promote(second, "me")
    assert of(registry, first).stage == "former"
    registry.rollback("me", "alarms")
    assert of(registry, second).stage == "rolled_back"
    assert of(registry, first).stage == "champion"
    assert of(registry, add_model(registry, "c", passed=False)).stage == "refused_by_gate"


def test_another_judgement_than_the_one_asked_about_is_said(registry):
    model = add_model(registry, "a", auc=0.8)
    verdict = registry.record(model).verdict
    assert not standing(registry, model, verdict, DAY).judged_anew
    add_model(registry, "a", auc=0.7)
    assert standing(registry, model, verdict, DAY).judged_anew


def test_a_model_that_was_never_registered_stands_nowhere(registry):
    add_model(registry, "a")
    assert standing(registry, "f" * 64, {"passed": True, "rules": []}, DAY) is None
