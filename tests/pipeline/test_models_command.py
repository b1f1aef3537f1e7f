"""`micle models`: what a person sees and may do."""

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from components.model_registry.registry import ModelRegistry
from pipeline.command_line import main
from tests.components.model_registry import handmade_models
from tests.components.model_registry.handmade_models import add_model
from tests.pipeline.test_configuration import MINIMAL


@pytest.fixture
def registry(tmp_path):
    return ModelRegistry.at(str(tmp_path / "registry"))


@pytest.fixture
def micle(registry, tmp_path):
    def call(*arguments, exit_code=0):
        where = ["-r", registry.location]
        result = CliRunner().invoke(main, ["models", *arguments, *where])
        assert result.exit_code == exit_code, result.output
        return result.output.splitlines()

    return call


def test_list_shows_every_model_and_where_it_stands(registry, micle):
    champion = add_model(registry, "a")
    registry.promote(champion, "me")
    refused = add_model(registry, "b", passed=False, auc=0.5)
    header, first, second = micle("list")
    assert header.split() == ["model", "registered", "(UTC)", "name", "mean", "AUC", "state"]
    assert first.startswith(champion[:12])
    assert first.endswith("champion")
    assert "0.500 (0.400 to 0.600)" in second
    assert second.startswith(refused[:12])
    assert second.endswith("refused by the gate")


def test_from_sign_off_to_promotion_and_back(registry, micle, tmp_path):
    serving = ["--serving", str(tmp_path / "serving")]
    first = add_model(registry, "a", roles=["clinician"])
    (error,) = micle("promote", first[:8], *serving, exit_code=1)
    assert error == (f"error: {first[:12]}: awaits sign-off: clinician. Use 'micle models sign'.")
    sign = ["sign", first[:8], "--role", "clinician", "--name", "Dr. Ada Byron"]
    assert micle(*sign, "--refuse", "--reason", "blurred")[0].endswith("refused by clinician.")
    assert micle(*sign)[0].endswith("signed by Dr. Ada Byron (clinician): ready.")
    assert micle("promote", first[:8], "--name", "me", *serving)[0].startswith(
        f"{first[:12]}: champion. model: {tmp_path / 'serving'}"
    )
    second = add_model(registry, "b", against=first)
    micle("promote", second[:8], *serving)
    (line,) = micle("rollback", "--reason", "alarms", *serving)
    assert line.startswith(f"{first[:12]}: champion again.")
    assert "signed: clinician: Dr. Ada Byron" in "\n".join(micle("show", first[:8]))
    assert len(list((tmp_path / "serving").glob("[0-9]*"))) == 3
    assert "unbroken" in micle("verify")[0]


def test_diff_shows_only_what_differs(registry, micle):
    first = add_model(registry, "a", auc=0.8)
    second = add_model(registry, "b", auc=0.7, passed=False)
    lines = micle("diff", first[:8], second[:8])
    assert [line.split("  ")[0] for line in lines] == [
        "",
        "lineage.training_digest",
        "verdict",
        "rule minimum mean_auc,",
        "all cases: mean_auc",
    ]


def test_diff_shows_each_setting_of_a_card_on_its_own(registry, micle, monkeypatch):
    names = []
    for weights, epochs in (("a", 30), ("b", 6)):
        fine_tuning = {"epochs": epochs, "learning_rate": 0.0005}
        monkeypatch.setitem(handmade_models.CARD_FIELDS, "fine_tuning", fine_tuning)
        names.append(add_model(registry, weights))
    lines = [line.split() for line in micle("diff", names[0][:8], names[1][:8])]
    assert ["card.fine_tuning.epochs", "30", "6"] in lines
    assert not any("learning_rate" in line[0] for line in lines[1:])


def test_diff_shows_a_class_that_got_worse_where_the_means_are_the_same(registry, micle):
    names = []
    for weights, sensitivity in (("a", 0.9), ("b", 0.4)):
        estimate = {"value": sensitivity, "lower": 0.3, "upper": 0.95}
        classes = {"edema": {"positives": 12, "sensitivity": estimate, "ppv": None}}
        found = {"cases": 100, "metrics": {}, "classes": classes}
        names.append(add_model(registry, weights, metrics={"site north": found}))
    lines = micle("diff", names[0][:8], names[1][:8])
    expected = "site north: edema: sensitivity"
    assert [line.split("  ")[0] for line in lines[1:]] == ["lineage.training_digest", expected]


def test_log_shows_who_did_what_and_why(registry, micle):
    first = add_model(registry, "a", roles=["clinician"])
    registry.sign(first, "clinician", "Dr. Ada Byron", "blurred")
    registry.sign(first, "clinician", "Dr. Ada Byron")
    registry.promote(first, "me")
    second = add_model(registry, "b", against=first)
    registry.promote(second, "me")
    registry.rollback("me", "alarms")
    lines = [line[21:] for line in micle("log")[1:]]
    assert [line.split()[0] for line in lines] == [
        *("registered", "refused", "signed", "promoted", "registered", "promoted", "rolled_back"),
    ]
    assert lines[1].split("  ")[-2:] == ["Dr. Ada Byron (clinician)", "blurred"]
    assert lines[-1].endswith("alarms")


def test_a_broken_log_is_one_line_that_names_the_entry(registry, micle):
    add_model(registry, "a")
    entry = Path(registry.location, "log", "00000001.json")
    entry.write_text(entry.read_text().replace("true", "false"))
    for command in (["list"], ["verify"]):
        (line,) = micle(*command, exit_code=1)
        assert line.startswith(f"error: {registry.location}: log/00000001.json was changed")


def test_the_registry_of_a_configuration_is_in_its_output_directory(registry, tmp_path):
    add_model(registry, "a")
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump(MINIMAL | {"output_dir": str(tmp_path)}))
    result = CliRunner().invoke(main, ["models", "list", "-c", str(path)])
    assert result.output.splitlines()[1].endswith("ready")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["list"], "error: Give the registry"),
        (["list", "-r", "nowhere"], "error: nowhere: no registry here"),
        (["list", "-r", "ftp://host/x"], "error: ftp://host/x: must be a folder or a bucket"),
        (["promote", "ab", "-r", "."], "error: --serving: is missing"),
        (
            ["sign", "ab", "-r", ".", "--role", "x", "--name", "y", "--refuse"],
            "error: --refuse and --reason go together",
        ),
        (["show", "xyz", "-r", "."], "error: .: no model begin with 'xyz'"),
    ],
)
def test_a_mistake_is_one_line(arguments, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    add_model(ModelRegistry.at("."), "a")
    result = CliRunner().invoke(main, ["models", *arguments])
    assert result.exit_code == 1
    (line,) = result.output.splitlines()
    assert line.startswith(expected)
