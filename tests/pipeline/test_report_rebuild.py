"""A rebuilt report: whose words, limits and study it takes."""

import dataclasses
import json
from pathlib import Path

import pytest
import yaml

from components.model_registry.registry import ModelRegistry
from components.slice_report.study_excerpt import excerpt
from pipeline import report_rebuild, report_standing
from pipeline.configuration import load_configuration
from pipeline.report_rebuild import files_in_place, rebuild_report
from tests.components.model_registry.handmade_models import add_model
from tests.components.slice_report.simulated_evaluation import simulated_inputs
from tests.components.slice_report.study_results import class_row, study_results
from trainer.errors import UserError


@pytest.fixture(autouse=True)
def run(monkeypatch):
    """A finished run whose report shows a study of its own."""
    inputs = dataclasses.replace(simulated_inputs(), study=excerpt(study_results(title="As run")))
    monkeypatch.setattr(report_rebuild, "newest_inputs", lambda database: inputs)
    monkeypatch.setattr(report_standing, "_registry_of", lambda database: None)
    return inputs


@pytest.fixture
def rebuilt(monkeypatch, tmp_path):
    """Returns what a report is made from; it is not written."""
    written = {}
    monkeypatch.setattr(report_rebuild, "write_report", written.__setitem__)

    def inputs_of(configuration):
        rebuild_report(tmp_path / "metadata.sqlite", tmp_path / "report", configuration)
        return written[str(tmp_path / "report")]

    return inputs_of


def configured(directory, **changes):
    """A configuration on disk; its study is named relative to it."""
    values = {
        "name": "rebuilt",
        "output_dir": "runs/rebuilt",
        "data": {
            "medical": {
                "manifest": "cases.csv",
                "task": "multi_label",
                "classes": ["effusion", "cardiomegaly", "nodule"],
            }
        },
        "report": {"title": "New words", "intended_use": "A test"},
    }
    file = directory / "rebuilt.yaml"
    file.write_text(yaml.safe_dump(values | changes))
    return load_configuration(str(file))


def written_study(directory, **changes):
    (directory / "study.json").write_text(json.dumps(study_results(**changes)))
    return {"study": "study.json"}


def test_without_a_configuration_words_and_study_are_those_of_the_run(rebuilt, run):
    inputs = rebuilt(None)
    assert inputs.settings == run.settings
    assert inputs.study["title"] == "As run"


def test_a_configuration_brings_its_words_and_its_study(rebuilt, tmp_path):
    names = ("effusion", "cardiomegaly", "nodule")
    classes = [class_row(name, "supervised", 1.0, 0.05) for name in names]
    study = {"title": "Finished since", "classes": classes}
    inputs = rebuilt(configured(tmp_path, **written_study(tmp_path, **study)))
    assert inputs.settings.title == "New words"
    assert inputs.study == excerpt(study_results(**study))


def test_a_study_of_other_classes_is_refused(rebuilt, tmp_path):
    with pytest.raises(UserError, match="is about the classes effusion, <b>nodule, and this run"):
        rebuilt(configured(tmp_path, **written_study(tmp_path)))


def test_a_configuration_without_a_study_shows_none(rebuilt, tmp_path):
    assert rebuilt(configured(tmp_path)).study is None


def test_a_study_on_another_task_is_refused(rebuilt, tmp_path):
    configuration = configured(tmp_path, **written_study(tmp_path, task="multi_class"))
    with pytest.raises(UserError, match="is about a multi_class task"):
        rebuilt(configuration)


@pytest.fixture
def registered(run, monkeypatch, tmp_path):
    """The run's model in a registry, promoted."""
    registry = ModelRegistry.at(str(tmp_path / "registry"))
    model = add_model(registry, "a")
    registry.promote(model, "me")
    card = dataclasses.replace(run.candidate.card, model_digest=model)
    inputs = dataclasses.replace(run, candidate=dataclasses.replace(run.candidate, card=card))
    monkeypatch.setattr(report_rebuild, "newest_inputs", lambda database: inputs)
    monkeypatch.setattr(report_standing, "_registry_of", lambda database: registry.location)
    return registry


def test_where_the_model_stands_now_is_taken_from_the_runs_registry(registered, rebuilt):
    assert rebuilt(None).standing.stage == "champion"


def test_a_configuration_names_the_registry(registered, rebuilt, tmp_path):
    assert rebuilt(configured(tmp_path, registry="elsewhere", serving="s")).standing is None
    assert (
        rebuilt(configured(tmp_path, registry=registered.location, serving="s")).standing
        is not None
    )


def test_a_registry_that_cannot_be_read_keeps_no_report_from_being_made(
    registered, rebuilt, caplog
):
    entry = Path(registered.location, "log", "00000001.json")
    entry.write_text(entry.read_text().replace("true", "false"))
    assert rebuilt(None).standing is None
    assert "The report does not say who signed" in caplog.text


def test_a_runs_folder_that_was_moved_is_named(tmp_path):
    gone = str(tmp_path / "evaluation")
    missing = pytest.raises(UserError, match="evaluation: the run wrote this, and it is missing")
    with missing, files_in_place({"evaluation": gone}):
        pytest.fail("nothing is read where a folder is missing")


def test_a_file_missing_from_a_runs_folder_is_named(tmp_path):
    missing = pytest.raises(UserError, match=r"verdict\.json: the run wrote this")
    with missing, files_in_place({"verdict": str(tmp_path)}):
        (tmp_path / "verdict.json").read_text()
