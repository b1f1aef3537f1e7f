"""Reads runs from a Kubeflow Pipelines server, with the steps that their pipeline has."""

import datetime
import time
from collections.abc import Callable, Sequence
from typing import Any

from pipeline.submission.package import step_names
from pipeline.submission.run_summary import (
    RunSummary,
    StepState,
    steps_without_specification,
    summarise,
)
from pipeline.submission.server import Server
from pipeline.submission.server_errors import NOT_FOUND, ServerError

POLL_SECONDS = 15.0
REPEAT_SECONDS = 300.0
"""While nothing changes, a line of progress appears so often."""


def read_run(server: Server, run_id: str) -> RunSummary:
    """Returns a run with all its steps, those that wait too.

    Raises:
        ServerError: There is no such run, or the server fails.
    """
    run = server.ask(server.client.runs.get_run, run_id=run_id)
    return summarise(run, _steps(server, run), _now())


def recent_runs(server: Server, count: int) -> list[RunSummary]:
    """Returns the newest runs, without their steps."""
    found = server.ask(
        server.client.runs.list_runs,
        namespace=server.namespace,
        page_size=count,
        sort_by="created_at desc",
    )
    return [summarise(run, (), _now()) for run in found.runs or []]


def follow_run(
    server: Server,
    run_id: str,
    say: Callable[[str], None],
    clock: Callable[[], float] = time.monotonic,
) -> RunSummary:
    """Tells of a run's progress until it ends.

    Args:
        server: To ask, every `POLL_SECONDS`.
        run_id: Of the run.
        say: Shows a line.
        clock: Seconds that pass.

    Raises:
        ServerError: The server is gone for longer than a few tries; the run itself goes on.
    """
    run = server.ask(server.client.runs.get_run, run_id=run_id)
    steps = _steps(server, run)
    told, told_at = "", 0.0
    while True:
        summary = summarise(run, steps, _now())
        progress = progress_line(summary)
        if progress != told or clock() - told_at >= REPEAT_SECONDS:
            say(f"{duration(summary.seconds)} {progress}")
            told, told_at = progress, clock()
        if summary.ended:
            return summary
        server.pause(POLL_SECONDS)
        run = server.ask(server.client.runs.get_run, run_id=run_id)
        # A run that has just started shows no step yet.
        steps = steps or _steps(server, run)


def progress_line(summary: RunSummary) -> str:
    """Returns where a run stands: its state and its steps by theirs."""
    finished = summary.count(StepState.DONE) + summary.count(StepState.SKIPPED)
    running = [step.name for step in summary.steps if step.state is StepState.RUNNING]
    names = f" ({', '.join(running)})" if running else ""
    return (
        f"{summary.state.lower()}: {finished} of {len(summary.steps)} steps done, "
        f"{len(running)} running{names}, {summary.count(StepState.FAILED)} failed"
    )


def duration(seconds: float | None) -> str:
    """Returns a time as hours, minutes and seconds; a dash where it is not known."""
    if seconds is None:
        return "-"
    return str(datetime.timedelta(seconds=max(0, round(seconds))))


def _steps(server: Server, run: Any) -> Sequence[str]:
    specification = run.pipeline_spec
    if specification is None and (reference := run.pipeline_version_reference):
        try:
            specification = server.ask(
                server.client.pipelines.get_pipeline_version,
                pipeline_id=reference.pipeline_id,
                pipeline_version_id=reference.pipeline_version_id,
            ).pipeline_spec
        except ServerError as error:
            # The version may be deleted since; the run is still worth showing.
            if error.status != NOT_FOUND:
                raise
    if specification is None:
        return steps_without_specification(run)
    # A platform specification beside it makes the server nest it.
    return step_names(specification.get("pipeline_spec", specification))


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)
