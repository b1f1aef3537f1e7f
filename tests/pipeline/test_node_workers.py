"""Processes for nodes: their cores, what they tell, and how they end."""

import errno
import os
from pathlib import Path

import pytest

from pipeline.commands.run import explain
from pipeline.node_workers import NodeWorker, StepError, _failure, new_queue, shares_of_cores
from trainer.errors import UserError


@pytest.mark.parametrize(
    ("cores", "workers", "expected"),
    [
        ({0, 1, 2, 3}, 2, [(0, 2), (1, 3)]),
        ({4, 5, 6}, 2, [(4, 6), (5,)]),
        ({0, 1}, 3, [(0,), (1,), (0,)]),
    ],
)
def test_cores_are_shared_out(monkeypatch, cores, workers, expected):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: cores)
    assert shares_of_cores(workers) == expected


def test_a_mistake_is_told_as_the_users_however_deep_it_lies():
    try:
        try:
            raise UserError("data.csv: has no column 'image'.")
        except UserError as error:
            raise RuntimeError("executor failed") from error
    except RuntimeError as error:
        failure = _failure(error)
    assert (failure.message, failure.is_users_mistake) == ("data.csv: has no column 'image'.", True)


def test_a_full_disk_is_told_as_such_however_deep_it_lies():
    try:
        try:
            raise OSError(errno.ENOSPC, "write failed")
        except OSError as error:
            raise RuntimeError("executor failed") from error
    except RuntimeError as error:
        failure = _failure(error)
    assert not failure.is_users_mistake
    assert "the disk is full (runs/x)." in explain(
        StepError(failure.message), Path("runs/x/logs/run.log")
    )


def test_any_other_error_is_told_with_its_kind():
    failure = _failure(ValueError("shapes differ"))
    assert (failure.message, failure.is_users_mistake) == ("ValueError: shapes differ", False)


def test_a_process_that_is_killed_is_said(monkeypatch):
    worker = NodeWorker([min(os.sched_getaffinity(0))], new_queue())
    worker.start(b"", "fine-tune-a")
    worker._process.kill()
    with pytest.raises(StepError, match="the process of fine-tune-a ended with exit code -9"):
        worker.result()
    worker.stop()
