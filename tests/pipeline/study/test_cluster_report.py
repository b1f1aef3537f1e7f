"""The report that a compiled study ends in: the same as here, of as many arms as fit."""

import json

import pytest
from tfx.types import standard_artifacts

from components.artifact_types import StudyReport
from components.study_report.executor import Executor
from pipeline.commands.study import compile_study_command
from pipeline.study.arms import arms_of
from pipeline.study.compiler import compile_study
from pipeline.study.graph import build_reported_study_nodes, build_study_nodes
from pipeline.study.question import study_question
from pipeline.study.report_limit import LONGEST_ARGUMENT, most_arms
from pipeline.study.report_of_run import write_study_report
from tests.components.promotion_gate.handmade_evaluations import (
    make_evaluation,
    make_slice,
    write_evaluation,
)
from tests.pipeline.study.study_files import finish, study, write_base
from tests.pipeline.study.test_graph import PLACES
from trainer.errors import UserError
from trainer.settings import to_json


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    directory = tmp_path_factory.mktemp("study")
    write_base(directory, ["edema"], ["east"])
    return study(
        directory,
        base="base.yaml",
        initialisations={"random": [], "pretrained": ["simclr-natural", "simclr-medical"]},
        contrasts=[["random", "pretrained"]],
    )


def evaluation_of(arm):
    gain = 0.11 if arm.initialisation == "pretrained" else 0.0
    inside = 0.6 + 0.2 * arm.label_fraction + gain + 0.01 * arm.seed
    east = make_slice(inside - 0.05)
    return make_evaluation(in_distribution=make_slice(inside), shifted=east, east=east)


@pytest.fixture(scope="module")
def finished(small, tmp_path_factory):
    """A run with all arms finished, and their evaluations on disk."""
    directory = tmp_path_factory.mktemp("run")
    for arm in arms_of(small):
        write_evaluation(directory / f"evaluate-{arm.role}" / "evaluation", evaluation_of(arm))
    return finish(small, directory, lambda step: 60.0 if step.startswith("pretrain-") else 10.0)


def artifact(artifact_class, uri):
    made = artifact_class()
    made.uri = str(uri)
    return [made]


def test_the_cluster_reports_what_is_reported_here_but_for_the_cost(small, finished, tmp_path):
    write_study_report(small, finished, tmp_path / "here")
    node = build_reported_study_nodes(small, PLACES)[-1]
    evaluations = {
        name: artifact(
            standard_artifacts.ModelEvaluation,
            finished.nodes[channel.producer_component_id].output_uris[channel.output_key],
        )
        for name, channel in node.inputs.items()
    }
    report = artifact(StudyReport, tmp_path / "there")
    Executor().Do(evaluations, {"report": report}, node.exec_properties)
    here, there = (
        json.loads((tmp_path / place / "study.json").read_text()) for place in ("here", "there")
    )
    assert {row["pretraining_seconds"] for row in here["cost"]} == {0.0, 120.0}
    assert there == {**here, "cost": []}
    files = {path.name for path in (tmp_path / "here").iterdir()}
    assert files == {path.name for path in (tmp_path / "there").iterdir()}
    for name in files - {"study.json", "study.html", "cost.csv"}:
        written = [(tmp_path / place / name).read_bytes() for place in ("here", "there")]
        assert written[0] == written[1], name


def test_a_run_here_has_no_step_for_the_report(small):
    here = [node.id for node in build_study_nodes(small, PLACES)]
    there = [node.id for node in build_reported_study_nodes(small, PLACES)]
    assert there == [*here, "study-report"]


def message(question, count):
    """What Kubeflow's launcher hands over, everything as long as it may be."""
    secret = {
        "Provider": "minio",
        "Params": {
            **{"accessKeyKey": "a" * 20, "secretKeyKey": "a" * 20, "secretName": "s" * 30},
            **{"disableSSL": "false", "endpoint": "e" * 63, "forcePathStyle": "true"},
            **{"fromEnv": "false", "maxRetries": "5", "region": "us-central1"},
        },
    }
    uuid, node = "u" * 36, "n" * 63
    root = "minio://" + "r" * 120
    evaluations = {
        f"{number:054d}": {
            "artifacts": [
                {
                    "name": "9" * 10,
                    "type": {"instanceSchema": ""},
                    "uri": f"{root}/{'p' * 42}/{uuid}/{node}/{uuid}/evaluation",
                    "metadata": {
                        "display_name": "evaluation",
                        "store_session_info": json.dumps(secret, separators=(",", ":")),
                        "tfx_version": "1.16.0",
                    },
                }
            ]
        }
        for number in range(count)
    }
    written = {
        name: {"artifacts": [{"name": name, "uri": f"{root}/{'p' * 42}/{uuid}/{node}/{uuid}"}]}
        for name in ("report", "executor-logs")
    }
    parameters = {"question": to_json(question), "container_image": "i" * 250}
    return {
        "inputs": {"parameterValues": parameters, "artifacts": evaluations},
        "outputs": {"artifacts": written, "outputFile": f"/{root}/{node}/{uuid}/output.json"},
    }


def test_as_many_arms_as_are_taken_fit_into_one_argument(small):
    question = study_question(small)
    most = most_arms(question)
    # As Go writes it: a blank may follow a comma, none a colon.
    text = json.dumps(message(question, most), separators=(", ", ":"))
    assert 0.8 * LONGEST_ARGUMENT < len(text) < LONGEST_ARGUMENT
    assert most > 100


def test_more_arms_than_fit_are_refused_before_anything_is_compiled(small, tmp_path):
    large = small.model_copy(update={"seeds": tuple(range(40))})
    words = r"their 160 arms are more than one report on a cluster can take, which is 1\d\d\. Make"
    with pytest.raises(UserError, match=words):
        compile_study(large, tmp_path / "study.yaml")
    assert not (tmp_path / "study.yaml").exists()


def test_a_study_of_more_steps_than_a_cluster_may_take_in_one_run_is_warned_of(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("pipeline.commands.study.load_study", lambda path: path)
    monkeypatch.setattr("pipeline.commands.study._data_are_sound", lambda study, path: True)
    monkeypatch.setattr("pipeline.study.compiler.compile_study", lambda study, output: study)
    compile_study_command(50, tmp_path / "study.yaml")
    assert not capsys.readouterr().err
    compile_study_command(51, tmp_path / "study.yaml")
    assert capsys.readouterr().err.startswith("warning: 51 steps in one run.")
