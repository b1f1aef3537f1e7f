"""Following a run until it ends."""

import datetime
import itertools

import pytest

from pipeline.submission.run_reader import duration, follow_run, read_run, recent_runs
from pipeline.submission.submit import submit_package
from tests.pipeline.submission.test_submit import ORDER
from trainer.errors import UserError


@pytest.fixture
def run_id(server, package):
    return submit_package(server, package, ORDER).run_id


def details(**states):
    entries = [
        {
            "display_name": name.replace("_", "-"),
            "state": state,
            "start_time": "2026-11-23T12:00:00Z",
        }
        for name, state in states.items()
    ]
    return {"task_details": entries}


def changes_while_waiting(server, run, changes):
    """Each pause of the one who waits brings the next change."""
    rest = iter(changes)
    object.__setattr__(server, "pause", lambda seconds: run.update(next(rest)))


def test_progress_is_told_when_it_changes_and_the_end_is_returned(
    server, kubeflow, run_id, monkeypatch
):
    # Not a day after the run was created: the time since then stands before each line.
    noon = datetime.datetime(2026, 11, 23, 12, 30, tzinfo=datetime.timezone.utc)
    monkeypatch.setattr("pipeline.submission.run_reader._now", lambda: noon)
    running = {"state": "RUNNING", "run_details": details(case_schema="RUNNING")}
    further = {"run_details": details(case_schema="SUCCEEDED", promotion_gate="SKIPPED")}
    changes = [running, {}, {}, further, {"state": "SUCCEEDED"}]
    changes_while_waiting(server, kubeflow.runs[run_id], changes)
    lines = []
    summary = follow_run(server, run_id, lines.append, clock=lambda: 0.0)
    assert summary.succeeded
    assert [line.partition(" ")[2] for line in lines] == [
        "pending: 0 of 3 steps done, 0 running, 0 failed",
        "running: 0 of 3 steps done, 1 running (case-schema), 0 failed",
        "running: 2 of 3 steps done, 0 running, 0 failed",
        "succeeded: 2 of 3 steps done, 0 running, 0 failed",
    ]


def test_a_long_step_is_told_again_now_and_then(server, kubeflow, run_id):
    changes_while_waiting(server, kubeflow.runs[run_id], [{}, {}, {"state": "FAILED"}])
    lines = []
    clock = itertools.count(0, 200)
    summary = follow_run(server, run_id, lines.append, clock=lambda: float(next(clock)))
    assert not summary.succeeded
    assert sum("pending" in line for line in lines) == 2


def test_a_server_that_is_away_for_a_moment_is_waited_for(server, kubeflow, run_id, pauses):
    kubeflow.runs[run_id]["state"] = "SUCCEEDED"
    kubeflow.fail("GET", "/runs/.*", status=503)
    kubeflow.fail("GET", "/runs/.*")
    assert follow_run(server, run_id, lambda line: None).succeeded
    assert pauses == [1.0, 2.0]


def test_a_run_that_is_not_there(server):
    with pytest.raises(UserError, match=r"found nothing there \(404\).*Run run-9 not found"):
        read_run(server, "run-9")


def test_a_run_whose_version_was_deleted_is_still_shown(server, kubeflow, run_id):
    kubeflow.versions.clear()
    kubeflow.runs[run_id]["run_details"] = details(train="RUNNING", train_driver="SUCCEEDED")
    assert [step.name for step in read_run(server, run_id).steps] == ["train"]


def test_recent_runs_are_asked_for_newest_first(server, kubeflow, run_id):
    (run,) = recent_runs(server, 5)
    assert (run.run_id, run.name, run.state) == (run_id, "monday", "PENDING")
    assert kubeflow.received[-1].query["sort_by"] == "created_at desc"
    assert kubeflow.received[-1].query["page_size"] == "5"


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "-"), (0, "0:00:00"), (59.6, "0:01:00"), (-1, "0:00:00")]
)
def test_durations(seconds, text):
    assert duration(seconds) == text
