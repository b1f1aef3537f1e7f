"""Submission over real HTTP: what is sent, what is not sent twice, and every failure's line."""

import dataclasses

import pytest

from pipeline.submission.order import Order
from pipeline.submission.submit import submit_package
from tests.pipeline.submission.kubeflow_server import ROOT
from trainer.errors import UserError

ORDER = Order(
    experiment="lesions",
    name="monday",
    parameters={"seed": 7},
    pipeline_root="s3://bucket/root",
    service_account="micle-pipeline",
)
WEEKLY = dataclasses.replace(ORDER, name="weekly", cron="0 0 6 * * 1")

UPLOAD = "/pipelines/upload_version"


def refusal(server, package, order=ORDER):
    """The line a person sees."""
    with pytest.raises(UserError) as error:
        submit_package(server, package, order)
    (line,) = str(error.value).splitlines()
    return line


def test_first_submission_makes_pipeline_version_experiment_and_run(server, kubeflow, package):
    submission = submit_package(server, package, ORDER)
    assert kubeflow.pipelines[submission.pipeline_id]["display_name"] == "micle-demo"
    version = kubeflow.versions[submission.version_id]
    assert version["display_name"] == package.digest[:12]
    assert version["description"] == f"sha256:{package.digest}"
    (upload,) = kubeflow.sent("POST", ROOT + UPLOAD)
    assert upload.body == package.path.read_bytes()
    run = kubeflow.runs[submission.run_id]
    assert run["experiment_id"] == submission.experiment_id
    assert kubeflow.experiments[submission.experiment_id]["display_name"] == "lesions"
    assert run["runtime_config"] == {
        "parameters": {"seed": 7},
        "pipeline_root": "s3://bucket/root",
    }
    assert run["service_account"] == "micle-pipeline"
    assert run["pipeline_version_reference"] == {
        "pipeline_id": submission.pipeline_id,
        "pipeline_version_id": submission.version_id,
    }


def test_the_same_content_is_uploaded_once_and_run_twice(server, kubeflow, package):
    first = submit_package(server, package, ORDER)
    second = submit_package(server, package, ORDER)
    assert (first.version_is_new, second.version_is_new) == (True, False)
    assert first.version_id == second.version_id
    assert len(kubeflow.sent("POST", ROOT + UPLOAD)) == 1
    assert list(kubeflow.runs) == [first.run_id, second.run_id]


def test_other_content_is_another_version_of_the_same_pipeline(server, kubeflow, write_package):
    first = submit_package(server, write_package(), ORDER)
    second = submit_package(server, write_package(sdkVersion="tfx-2"), ORDER)
    assert first.pipeline_id == second.pipeline_id
    assert first.version_id != second.version_id
    assert len(kubeflow.experiments) == 1


def test_a_recurring_run_waits_for_its_forerunner_and_makes_nothing_up(server, kubeflow, package):
    submission = submit_package(server, package, WEEKLY)
    recurring = kubeflow.recurring_runs[submission.recurring_run_id]
    assert recurring["trigger"] == {"cron_schedule": {"cron": "0 0 6 * * 1"}}
    assert (recurring["mode"], recurring["max_concurrency"]) == ("ENABLE", "1")
    assert recurring["no_catchup"] is True
    assert not kubeflow.runs


def test_a_second_recurring_run_of_a_name_must_replace_the_first(server, kubeflow, package):
    first = submit_package(server, package, WEEKLY)
    assert "Give --replace" in refusal(server, package, WEEKLY)
    second = submit_package(server, package, dataclasses.replace(WEEKLY, replace=True))
    assert list(kubeflow.recurring_runs) == [second.recurring_run_id]
    assert first.recurring_run_id != second.recurring_run_id


def test_an_old_recurring_run_that_stays_is_named(server, kubeflow, package):
    first = submit_package(server, package, WEEKLY)
    kubeflow.fail("DELETE", "/recurringruns/.*", status=403, body='{"message": "No."}')
    line = refusal(server, package, dataclasses.replace(WEEKLY, replace=True))
    assert f"the one that it replaces ({first.recurring_run_id})" in line
    assert len(kubeflow.recurring_runs) == 2


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_passing_failure_of_a_named_thing_is_repeated_with_back_off(
    method, server, kubeflow, package, pauses
):
    kubeflow.fail(method, "/pipelines", status=503)
    kubeflow.fail(method, "/pipelines", status=500, body='{"message": "database is locked"}')
    submit_package(server, package, ORDER)
    assert pauses == [1.0, 2.0]
    assert len(kubeflow.pipelines) == 1


@pytest.mark.parametrize("padding", [0, 8_000_000], ids=["small", "larger than any buffer"])
def test_an_upload_that_breaks_off_midway_is_sent_again(padding, server, kubeflow, package, pauses):
    with package.path.open("a") as file:
        file.write("#" * padding)
    kubeflow.fail("POST", UPLOAD, partly_read=True)
    submission = submit_package(server, package, ORDER)
    assert pauses == [1.0]
    assert list(kubeflow.versions) == [submission.version_id]
    (upload,) = kubeflow.sent("POST", ROOT + UPLOAD)
    assert upload.body == package.path.read_bytes()


def test_an_upload_whose_answer_is_lost_is_found_and_not_sent_again(server, kubeflow, package):
    kubeflow.fail("POST", UPLOAD, done=True)
    submission = submit_package(server, package, ORDER)
    assert submission.version_is_new
    assert list(kubeflow.versions) == [submission.version_id]
    assert len(kubeflow.sent("POST", ROOT + UPLOAD)) == 1


def test_a_version_that_another_submission_made_meanwhile_is_taken(server, kubeflow, package):
    # The other one's upload is carried out; ours is told that the name is taken.
    kubeflow.fail("POST", UPLOAD, done=True, status=409, body='{"error_message": "Failed"}')
    submission = submit_package(server, package, ORDER)
    assert list(kubeflow.versions) == [submission.version_id]


def test_an_upload_that_never_gets_through_says_what_is_there(server, kubeflow, package, pauses):
    for _ in range(4):
        kubeflow.fail("POST", UPLOAD, partly_read=True)
    line = refusal(server, package)
    assert "the connection broke off" in line
    assert line.endswith(
        "On the server: pipeline 'micle-demo' (pipeline-1). The same command goes on from there."
    )
    assert pauses == [1.0, 2.0, 4.0]
    submit_package(server, package, ORDER)
    assert list(kubeflow.pipelines) == ["pipeline-1"]


def test_a_run_whose_answer_is_lost_is_found_and_not_started_twice(server, kubeflow, package):
    kubeflow.fail("POST", "/runs", done=True)
    submission = submit_package(server, package, ORDER)
    assert list(kubeflow.runs) == [submission.run_id]


def test_a_recurring_run_whose_answer_is_lost_is_found_too(server, kubeflow, package):
    kubeflow.fail("POST", "/recurringruns", done=True)
    submission = submit_package(server, package, WEEKLY)
    assert list(kubeflow.recurring_runs) == [submission.recurring_run_id]


def test_an_earlier_run_of_the_name_is_not_taken_for_a_lost_one(server, kubeflow, package):
    submit_package(server, package, ORDER)
    kubeflow.fail("POST", "/runs", hang=True)
    line = refusal(dataclasses.replace(server, timeout=1), package)
    assert "no answer in time" in line
    assert line.endswith(
        "Whether the run is there too is not known: look for it (a run: 'micle status') before "
        "you submit again."
    )
    assert len(kubeflow.runs) == 1


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_run_is_not_sent_twice_however_the_server_fails(status, server, kubeflow, package):
    kubeflow.fail("POST", "/runs", status=status)
    assert "Whether the run is there too is not known" in refusal(server, package)
    assert len(kubeflow.sent("POST", ROOT + "/runs")) == 1


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, '{"message": "bad cron"}', "refused the request (400): bad cron."),
        (401, "", "refused the credentials (401). Give a valid token by --token-file"),
        (403, '{"error": "not in ns"}', "does not allow this (403): not in ns. Ask for the right"),
        (404, '{"message": "no such"}', "found nothing there (404): no such. Check --host"),
        (409, '{"message": "taken"}', "has something of that name already (409): taken."),
        (429, "", "has too much to do (429). Try again later."),
    ],
)
def test_a_refused_run_is_one_line_with_what_is_there(
    status, body, expected, server, kubeflow, package
):
    kubeflow.fail("POST", "/runs", status=status, body=body)
    line = refusal(server, package)
    assert line.startswith(f"{kubeflow.url}: {expected}")
    assert "its version" in line
    assert line.endswith("The same command goes on from there.")
    assert not kubeflow.runs


def test_a_specification_that_kubeflow_refuses_is_told_in_its_words(
    server, kubeflow, write_package
):
    line = refusal(server, write_package(schemaVersion="2.0.0"))
    assert "refused the request (400): Invalid input error: unsupported schema version." in line
    assert "pipeline 'micle-demo' (pipeline-1)" in line
    assert not kubeflow.versions


def test_nothing_there_is_said_too(server, kubeflow, package):
    kubeflow.fail("POST", "/pipelines", status=403, body='{"message": "no right"}')
    assert "Nothing is registered so far." in refusal(server, package)
    assert not kubeflow.pipelines


def test_a_server_that_hangs_is_given_up(server, kubeflow, package, pauses):
    for _ in range(4):
        kubeflow.fail("GET", "/pipelines", hang=True)
    impatient = dataclasses.replace(server, timeout=0.1)
    assert "no answer in time" in refusal(impatient, package)
    assert pauses == [1.0, 2.0, 4.0]
