"""A run as the server tells it, read for a person."""

import datetime

import kfp_server_api as api
import pytest

from pipeline.submission.attempts import argo_node_id
from pipeline.submission.run_summary import StepState, steps_without_specification, summarise

NOON = datetime.datetime(2026, 11, 23, 12, tzinfo=datetime.timezone.utc)
# What the server sends for a time that is not known.
YEAR_1 = datetime.datetime(1, 1, 1, tzinfo=datetime.timezone.utc)
YEAR_1970 = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def after(minutes):
    return NOON + datetime.timedelta(minutes=minutes)


def detail(name, state, start=NOON, end=None, children=()):
    return api.V2beta1PipelineTaskDetail(
        display_name=name,
        state=state,
        start_time=start,
        end_time=end,
        child_tasks=[api.PipelineTaskDetailChildTask(pod_name=child) for child in children],
    )


def run(*details, state="RUNNING", finished=YEAR_1):
    return api.V2beta1Run(
        run_id="run-1",
        display_name="monday",
        state=state,
        created_at=NOON,
        finished_at=finished,
        run_details=api.V2beta1RunDetails(task_details=list(details)),
    )


def summary(*details, steps=("train", "gate"), **options):
    return summarise(run(*details, **options), steps, after(30))


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("RUNNING", StepState.RUNNING),
        ("SUCCEEDED", StepState.DONE),
        ("SKIPPED", StepState.SKIPPED),
        ("FAILED", StepState.FAILED),
        ("CANCELED", StepState.FAILED),
        ("PENDING", StepState.WAITING),
        (None, StepState.WAITING),
    ],
)
def test_a_steps_state(word, state):
    train, gate = summary(detail("train", word)).steps
    assert train.state is state
    assert (gate.state, gate.seconds) == (StepState.WAITING, None)


def test_kubeflows_own_entries_are_no_steps():
    own = [detail(name, "SUCCEEDED") for name in ("root", "train-driver", "executor", "micle-x7")]
    assert [step.name for step in summary(*own, detail("train", "RUNNING")).steps] == [
        "train",
        "gate",
    ]


@pytest.mark.parametrize("unset", [YEAR_1, YEAR_1970, None])
def test_what_has_not_ended_lasts_until_now(unset):
    (train, _) = summary(detail("train", "RUNNING", start=after(10), end=unset)).steps
    assert train.seconds == 20 * 60
    assert summary(finished=unset).seconds == 30 * 60


def test_what_has_ended_lasts_until_its_end():
    ended = summary(
        detail("train", "SUCCEEDED", end=after(5)), state="SUCCEEDED", finished=after(6)
    )
    assert ended.steps[0].seconds == 5 * 60
    assert ended.seconds == 6 * 60
    assert ended.ended
    assert ended.succeeded


@pytest.mark.parametrize("state", ["FAILED", "CANCELED", "SKIPPED"])
def test_other_ends_are_no_success(state):
    ended = summary(state=state)
    assert ended.ended
    assert not ended.succeeded


def test_a_step_that_ran_again_is_told_by_its_last_time():
    (train, _) = summary(
        detail("train", "SUCCEEDED", start=after(10), end=after(12)),
        detail("train", "FAILED", start=NOON, end=after(1)),
    ).steps
    assert (train.state, train.seconds) == (StepState.DONE, 120)


def test_a_steps_attempts_are_told():
    child = argo_node_id("micle-x7", "root.train.executor(0)")
    entries = [detail("train", "RUNNING"), detail("executor", "RUNNING", children=[child])]
    train, gate = summary(*entries).steps
    assert (train.attempts, gate.attempts) == (1, None)


def test_steps_of_a_deleted_version_are_those_with_a_driver():
    names = ("root", "root-driver", "train", "train-driver", "executor", "micle-x7")
    details = [detail(name, "SUCCEEDED") for name in names]
    assert steps_without_specification(run(*details)) == ("train",)
    assert steps_without_specification(api.V2beta1Run()) == ()
