"""Who may become champion, who is, and what is kept."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from components.fine_tuner.model_card import model_digest
from components.model_registry import serving_directory
from components.model_registry.registry import ModelRegistry
from components.model_registry.serving_directory import newest_version, publish
from tests.components.model_registry.handmade_models import add_model, make_model, make_record
from trainer.errors import UserError


def files_digest(registry, model):
    with registry.saved_model(model) as path:
        return model_digest(str(path))


def status(registry, model):
    return registry.state().status(model)


def meanwhile(registry, monkeypatch, act):
    """Lets somebody act between the next call's first and second look at the log."""
    entries = registry.entries
    calls = []

    def interrupted():
        calls.append(None)
        if len(calls) == 2:
            with monkeypatch.context() as patch:
                patch.setattr(registry, "entries", entries)
                act()
        return entries()

    monkeypatch.setattr(registry, "entries", interrupted)


def at_once(calls):
    """Returns what calls return that start together; None for one that raises `UserError`."""
    start = threading.Barrier(len(calls))

    def wait_and(call):
        start.wait()
        with contextlib.suppress(UserError):
            return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(wait_and, calls))


class TestRegistering:
    def test_the_first_model_that_passed_is_ready_and_there_is_no_champion(self, registry):
        model = add_model(registry, "a")
        assert registry.state().champion == ""
        assert status(registry, model) == "ready"
        assert files_digest(registry, model) == model

    def test_a_refused_candidate_is_recorded_without_its_files(self, registry, intruder):
        model = add_model(registry, "a", passed=False)
        assert status(registry, model) == "refused by the gate"
        [record] = intruder.names("models")
        assert record.startswith(f"models/{model}/record-")
        assert registry.record(model).verdict["rules"][0]["reason"] == "Measured: 0.8."

    def test_the_same_judgement_again_changes_nothing(self, registry, tmp_path):
        source = make_model(tmp_path / "m", "a")
        registry.register(make_record(source), source)
        registry.register(make_record(source), source)
        assert len(registry.entries()) == 1

    def test_another_judgement_of_the_same_model_takes_the_place_of_the_first(
        self, registry, tmp_path
    ):
        source = make_model(tmp_path / "m", "a")
        record = make_record(source, roles=["clinician"])
        registry.register(record, source)
        registry.sign(record.model, "clinician", "Dr. Who")
        registry.register(make_record(source, roles=["clinician"], auc=0.7), source)
        assert status(registry, record.model) == "awaiting sign-off: clinician"
        assert (
            registry.record(record.model).metrics["all cases"]["metrics"]["mean_auc"]["value"]
            == 0.7
        )

    def test_a_model_is_found_by_the_beginning_of_its_digest(self, registry):
        model = add_model(registry, "a")
        assert registry.find(model[:6]) == model
        with pytest.raises(UserError, match="no model begin with 'xyz'"):
            registry.find("xyz")


class TestPromotion:
    def test_makes_a_model_champion_once(self, registry):
        model = add_model(registry, "a")
        registry.promote(model, "me")
        registry.promote(model, "me")
        assert registry.state().champions == [model]

    def test_of_a_refused_model_is_refused(self, registry):
        model = add_model(registry, "a", passed=False)
        with pytest.raises(UserError, match="the gate refused it"):
            registry.promote(model, "me")

    def test_of_a_model_judged_against_an_earlier_champion_is_refused(self, registry):
        first, second = add_model(registry, "a"), add_model(registry, "b")
        registry.promote(first, "me")
        with pytest.raises(UserError, match=f"judged against no champion.*now {first[:12]}"):
            registry.promote(second, "me")
        third = add_model(registry, "c", against=first)
        registry.promote(third, "me")
        assert registry.state().champion == third

    def test_of_two_at_the_same_time_one_wins(self, registry):
        """Ten models judged against no champion, each promoted through a client of its own."""
        models = [add_model(registry, str(number)) for number in range(10)]
        own = [ModelRegistry.at(registry.location) for _ in models]
        outcomes = at_once(
            [
                lambda client=client, model=model: client.promote(model, "me") or "done"
                for client, model in zip(own, models, strict=True)
            ]
        )
        [winner] = [model for model, done in zip(models, outcomes, strict=True) if done]
        assert registry.state().champions == [winner]
        assert registry.verify()[0] == 11


class TestSignOff:
    ROLES = ("clinician", "safety officer")

    def test_every_role_must_agree_before_a_promotion(self, registry):
        model = add_model(registry, "a", roles=self.ROLES)
        with pytest.raises(UserError, match="awaits sign-off: clinician, safety officer"):
            registry.promote(model, "me")
        registry.sign(model, "clinician", "Dr. A")
        assert status(registry, model) == "awaiting sign-off: safety officer"
        registry.sign(model, "safety officer", "B")
        assert status(registry, model) == "ready"
        registry.promote(model, "me")
        assert status(registry, model) == "champion"

    def test_a_refusal_holds_until_the_role_agrees(self, registry):
        model = add_model(registry, "a", roles=self.ROLES[:1])
        registry.sign(model, "clinician", "Dr. A", "misses small effusions")
        with pytest.raises(UserError, match=r"refused by Dr\. A \(clinician\)"):
            registry.promote(model, "me")
        registry.sign(model, "clinician", "Dr. A")
        registry.promote(model, "me")

    def test_a_refusal_outlives_another_judgement_until_the_role_agrees(self, registry, tmp_path):
        source = make_model(tmp_path / "m", "a")
        registry.register(make_record(source, roles=self.ROLES[:1]), source)
        model = model_digest(str(source))
        registry.sign(model, "clinician", "Dr. A", "misses small effusions")
        registry.register(make_record(source, roles=self.ROLES[:1], auc=0.9), source)
        assert status(registry, model) == "refused by clinician"
        registry.sign(model, "clinician", "Dr. A")
        assert status(registry, model) == "ready"

    def test_of_a_judgement_that_was_replaced_meanwhile_is_refused(
        self, registry, tmp_path, monkeypatch
    ):
        source = make_model(tmp_path / "m", "a")
        registry.register(make_record(source, roles=self.ROLES[:1]), source)
        model = model_digest(str(source))
        meanwhile(
            registry,
            monkeypatch,
            lambda: registry.register(make_record(source, roles=self.ROLES[:1], auc=0.6), source),
        )
        with pytest.raises(UserError, match="was judged anew meanwhile"):
            registry.sign(model, "clinician", "Dr. A")

    @pytest.mark.parametrize("blank", ["", "   "])
    def test_a_signature_has_a_name_and_a_refusal_a_reason(self, registry, blank):
        model = add_model(registry, "a", roles=self.ROLES[:1])
        with pytest.raises(UserError, match="name of the person who signs is blank"):
            registry.sign(model, "clinician", blank)
        with pytest.raises(UserError, match="reason of a refusal is blank"):
            registry.sign(model, "clinician", "Dr. A", blank)
        assert status(registry, model) == "awaiting sign-off: clinician"

    def test_a_champion_that_is_refused_is_called_so(self, registry):
        model = add_model(registry, "a", roles=self.ROLES[:1])
        registry.sign(model, "clinician", "Dr. A")
        registry.promote(model, "me")
        registry.sign(model, "clinician", "Dr. A", "misses small effusions")
        assert status(registry, model) == "champion, refused by clinician"

    def test_what_was_agreed_before_a_rollback_is_agreed_no_longer(self, registry):
        first = add_model(registry, "a")
        registry.promote(first, "me")
        second = add_model(registry, "b", against=first, roles=self.ROLES[:1])
        registry.sign(second, "clinician", "Dr. A")
        registry.promote(second, "me")
        registry.rollback("me", "missed three")
        assert status(registry, second) == "rolled back, awaiting sign-off: clinician"
        with pytest.raises(UserError, match="awaits sign-off: clinician"):
            registry.promote(second, "me")

    def test_a_refusal_outlives_a_rollback_and_rules_that_need_no_role(self, registry, tmp_path):
        first = add_model(registry, "a")
        registry.promote(first, "me")
        second = add_model(registry, "b", against=first, roles=self.ROLES[:1])
        registry.sign(second, "clinician", "Dr. A")
        registry.promote(second, "me")
        registry.sign(second, "clinician", "Dr. B", "misses small effusions")
        registry.rollback("me", "Dr. B refused it")
        source = make_model(tmp_path / "b", "b")
        registry.register(make_record(source, against=first), source)
        assert status(registry, second) == "refused by clinician"
        with pytest.raises(UserError, match=r"refused by Dr\. B \(clinician\)"):
            registry.promote(second, "me")

    def test_only_in_a_role_that_is_needed(self, registry):
        model = add_model(registry, "a", roles=self.ROLES)
        with pytest.raises(UserError, match="Roles needed: clinician, safety officer"):
            registry.sign(model, "owner", "C")

    def test_not_of_a_refused_model(self, registry):
        model = add_model(registry, "a", passed=False, roles=self.ROLES)
        with pytest.raises(UserError, match="nothing to sign"):
            registry.sign(model, "clinician", "Dr. A")


class TestRollback:
    @pytest.fixture
    def three(self, registry):
        models: list[str] = []
        for weights in "abc":
            against = models[-1] if models else ""
            models.append(add_model(registry, weights, against=against))
            registry.promote(models[-1], "me")
        return models

    def test_goes_back_champion_by_champion(self, registry, three):
        first, second, third = three
        assert registry.rollback("me", "alarms") == second
        assert status(registry, third) == "rolled back"
        assert registry.rollback("me", "alarms") == first
        with pytest.raises(UserError, match="no earlier champion"):
            registry.rollback("me", "alarms")

    def test_needs_a_reason(self, registry, three):
        with pytest.raises(UserError, match="reason of a rollback is blank"):
            registry.rollback("me", " ")
        assert registry.state().champion == three[2]

    def test_does_not_go_back_to_what_the_gate_has_refused_since(self, registry, three, tmp_path):
        second = make_model(tmp_path / "b", "b")
        registry.register(make_record(second, passed=False, against=three[0]), second)
        with pytest.raises(UserError, match="was refused by the gate since"):
            registry.rollback("me", "alarms")
        third = make_model(tmp_path / "c", "c")
        registry.register(make_record(third, passed=False, against=three[1]), third)
        assert status(registry, three[2]) == "champion, refused by the gate since"
        assert registry.verify()[0] == 8

    def test_of_two_at_the_same_time_one_goes_back(self, registry, three):
        outcomes = at_once(
            [lambda name=name: registry.rollback(name, f"{name}'s reason") for name in "ab"]
        )
        if len([done for done in outcomes if done]) == 1:
            assert registry.state().champion == three[1]
        else:
            # One after the other: each saw the champion that it took out.
            assert set(outcomes) == {three[1], three[0]}

    def test_is_refused_if_the_champion_changed_meanwhile(self, registry, three, monkeypatch):
        meanwhile(
            registry,
            monkeypatch,
            lambda: registry.rollback("another", "faster"),
        )
        with pytest.raises(UserError, match=f"it is now {three[1][:12]}"):
            registry.rollback("me", "alarms")

    def test_does_not_go_back_to_what_somebody_has_refused_since(self, registry):
        first = add_model(registry, "a", roles=("clinician",))
        registry.sign(first, "clinician", "Dr. A")
        registry.promote(first, "me")
        second = add_model(registry, "b", against=first)
        registry.promote(second, "me")
        registry.sign(first, "clinician", "Dr. A", "unsafe")
        with pytest.raises(
            UserError, match=r"earlier champion was refused by Dr\. A \(clinician\)"
        ):
            registry.rollback("me", "alarms")
        assert registry.state().champion == second

    def test_does_not_go_back_to_what_was_itself_rolled_back(self, registry, tmp_path):
        first = add_model(registry, "a")
        registry.promote(first, "me")
        second = add_model(registry, "b", against=first)
        registry.promote(second, "me")
        source = make_model(tmp_path / "a", "a")
        registry.register(make_record(source, against=second), source)
        registry.promote(first, "me")
        assert registry.rollback("me", "alarms") == second
        with pytest.raises(UserError, match="was itself rolled back since"):
            registry.rollback("me", "alarms")
        assert registry.state().champion == second

    def test_does_not_go_back_to_what_was_judged_anew_and_nobody_has_signed(
        self, registry, three, tmp_path
    ):
        second = make_model(tmp_path / "b", "b")
        registry.register(make_record(second, roles=("clinician",), against=three[0]), second)
        with pytest.raises(UserError, match="awaits sign-off: clinician"):
            registry.rollback("me", "alarms")
        registry.sign(three[1], "clinician", "Dr. A")
        assert registry.rollback("me", "alarms") == three[1]

    def test_serves_the_earlier_files_as_a_new_version(self, registry, three, tmp_path):
        served = registry.publish_champion(tmp_path / "serving")
        registry.rollback("me", "alarms")
        again = registry.publish_champion(tmp_path / "serving")
        assert int(again.name) > int(served.name)
        assert newest_version(tmp_path / "serving") == again
        assert model_digest(str(again)) == three[1]


class TestComparison:
    """Which champion a candidate meets, and when a cached comparison is out of date."""

    @pytest.fixture
    def two(self, registry):
        first = add_model(registry, "a")
        registry.promote(first, "me")
        second = add_model(registry, "b", against=first)
        registry.promote(second, "me")
        return first, second

    def test_a_candidate_meets_the_champion_and_the_champion_the_one_it_met(self, registry, two):
        first, second = two
        assert registry.state().champion_to_meet("another") == second
        assert registry.state().champion_to_meet(second) == first

    def test_the_promotion_of_its_own_candidate_leaves_a_runs_key_as_it_was(self, registry):
        for weights in "ab":
            against = registry.state().champion
            model = add_model(registry, weights, against=against)
            training = registry.state().models[model].training_digest
            before = registry.state().comparison_key(training)
            registry.promote(model, "me")
            assert registry.state().comparison_key(training) == before

    def test_every_other_change_of_the_champion_is_another_key(self, registry):
        keys = [registry.state().comparison_key("mine")]
        for weights in "abc":
            model = add_model(registry, weights, against=registry.state().champion)
            registry.promote(model, "me")
            keys.append(registry.state().comparison_key("mine"))
        for _ in range(2):
            registry.rollback("me", "alarms")
            keys.append(registry.state().comparison_key("mine"))
        assert len(set(keys)) == 6


class TestServingDirectory:
    def test_a_model_that_is_served_is_not_served_again(self, tmp_path):
        source = make_model(tmp_path / "m", "a")
        first = publish(source, tmp_path / "serving", model_digest(str(source)))
        assert publish(source, tmp_path / "serving", model_digest(str(source))) == first

    def test_a_copy_that_was_cut_off_is_never_a_version(self, tmp_path, monkeypatch):
        def cut_off(source, target):
            target.mkdir()
            (target / "saved_model.pb").touch()
            raise OSError("disk full")

        source = make_model(tmp_path / "m", "a")
        with monkeypatch.context() as patch, pytest.raises(OSError, match="disk full"):
            patch.setattr(serving_directory.shutil, "copytree", cut_off)
            publish(source, tmp_path / "serving", "digest")
        assert newest_version(tmp_path / "serving") is None
        publish(source, tmp_path / "serving", "digest")
        assert newest_version(tmp_path / "serving") is not None


def _other(_content: str) -> str:
    return "other"


class TestVerify:
    def test_names_files_that_were_changed(self, registry, intruder):
        model = add_model(registry, "a")
        intruder.change(f"models/{model}/model/saved_model.pb", _other)
        with pytest.raises(UserError, match="not those that were registered"):
            registry.verify()

    def test_names_a_record_that_was_changed(self, registry, intruder):
        model = add_model(registry, "a")
        [name] = [name for name in intruder.names(f"models/{model}") if "/record-" in name]
        intruder.change(name, lambda text: text.replace("0.8", "0.9"))
        with pytest.raises(UserError, match=f"{name} is not what the log says"):
            registry.verify()

    def test_names_a_model_that_the_log_has_lost(self, registry, intruder):
        model = add_model(registry, "a")
        intruder.remove_folder("log")
        with pytest.raises(UserError, match=f"models/{model}: the log knows no such model"):
            registry.verify()

    def test_a_lost_log_is_not_taken_for_a_first_run(self, registry, intruder):
        registry.require_log()
        add_model(registry, "a")
        registry.require_log()
        intruder.remove_folder("log")
        with pytest.raises(UserError, match="holds 1 models and no log"):
            registry.require_log()

    def test_changed_files_change_no_champion(self, registry, intruder):
        first = add_model(registry, "a")
        registry.promote(first, "me")
        second = add_model(registry, "b", against=first)
        intruder.change(f"models/{second}/model/saved_model.pb", _other)
        with pytest.raises(UserError, match="not those that were registered"):
            registry.promote(second, "me")
        assert registry.state().champions == [first]
        third = add_model(registry, "c", against=first)
        registry.promote(third, "me")
        intruder.change(f"models/{first}/model/saved_model.pb", _other)
        with pytest.raises(UserError, match="not those that were registered"):
            registry.rollback("me", "alarms")
        assert registry.state().champions == [first, third]
        assert status(registry, third) == "champion"

    def test_changed_files_are_not_served(self, registry, intruder, tmp_path):
        model = add_model(registry, "a")
        registry.promote(model, "me")
        intruder.remove_folder(f"models/{model}/model")
        with pytest.raises(UserError, match="not those that were registered"):
            registry.publish_champion(tmp_path / "serving")
