"""Starts runs and recurring runs. Names of runs are not unique, so a lost answer needs care."""

import dataclasses
import uuid
from collections.abc import Callable
from typing import Any

import kfp_server_api as api

from pipeline.submission.order import Order, Submission
from pipeline.submission.server import PAGE, Server, name_filter
from pipeline.submission.server_errors import NOT_FOUND, ServerError
from trainer.errors import UserError

ONE_AT_A_TIME = "1"
"""Runs of a recurring run at once: a second would wait for the same node pools. The API writes
64-bit integers as text."""


class UnknownOutcomeError(UserError):
    """A run that the server may or may not have created."""


def start_run(server: Server, order: Order, submission: Submission) -> Submission:
    """Creates a run, once.

    Raises:
        ServerError: It was not created.
        UnknownOutcomeError: It may have been.
    """
    runs = server.client.runs
    mark = _new_mark()
    body = run_body(order, submission, mark)

    def find() -> Any:
        found = server.ask(
            runs.list_runs,
            experiment_id=submission.experiment_id,
            filter=name_filter(order.name),
            page_size=PAGE,
        )
        return _marked(found.runs, mark)

    run = _create_once(lambda: server.send(runs.create_run, body=body), find)
    return dataclasses.replace(submission, run_id=run.run_id)


def schedule_run(
    server: Server, order: Order, submission: Submission, done: list[str]
) -> Submission:
    """Creates a recurring run, once, and deletes those of the name that it replaces.

    Args:
        server: To ask.
        order: With its `cron`.
        submission: What is registered.
        done: What is on the server, in words; grows.

    Raises:
        UserError: One of the name is there, and it is not to be replaced.
        ServerError: It was not created, or an old one was not deleted.
        UnknownOutcomeError: It may have been created.
    """
    recurring_runs = server.client.recurring_runs

    def of_the_name() -> list[Any]:
        found = server.ask(
            recurring_runs.list_recurring_runs,
            experiment_id=submission.experiment_id,
            filter=name_filter(order.name),
            page_size=PAGE,
        )
        return found.recurring_runs or []

    earlier = of_the_name()
    if earlier and not order.replace:
        raise UserError(
            f"--name {order.name}: a recurring run of this name is there already "
            f"({earlier[0].recurring_run_id}). Give --replace to put the new one in its place, or "
            "another --name."
        )
    mark = _new_mark()
    body = recurring_run_body(order, submission, mark)
    created = _create_once(
        lambda: server.send(recurring_runs.create_recurring_run, body=body),
        lambda: _marked(of_the_name(), mark),
    )
    done.append(f"recurring run '{order.name}' ({created.recurring_run_id})")
    for old in earlier:
        done.append(f"the one that it replaces ({old.recurring_run_id})")
        _delete(server, old.recurring_run_id)
        done.pop()
    return dataclasses.replace(submission, recurring_run_id=created.recurring_run_id)


def _delete(server: Server, recurring_run_id: str) -> None:
    try:
        # May be repeated: it is gone after the first as after the second.
        server.ask(
            server.client.recurring_runs.delete_recurring_run, recurring_run_id=recurring_run_id
        )
    except ServerError as error:
        if error.status != NOT_FOUND:
            raise


def _create_once(create: Callable[[], Any], find: Callable[[], Any]) -> Any:
    """Sends a request that must not be repeated; a lost answer is made up for by looking."""
    try:
        return create()
    except ServerError as error:
        if not error.outcome_unknown:
            raise
        try:
            found = find()
        except ServerError:
            found = None
        if found is None:
            raise UnknownOutcomeError(str(error)) from error
        return found


def _new_mark() -> str:
    return f"Submission {uuid.uuid4().hex} of 'micle submit'."


def _marked(entries: list[Any] | None, mark: str) -> Any:
    return next((entry for entry in entries or [] if entry.description == mark), None)


def run_body(order: Order, submission: Submission, mark: str) -> api.V2beta1Run:
    """Returns the request for a run; `mark` becomes its description, to find it again."""
    return api.V2beta1Run(**_common(order, submission, mark))


def recurring_run_body(order: Order, submission: Submission, mark: str) -> api.V2beta1RecurringRun:
    """Returns the request for a recurring run; times missed while it was off are not made up."""
    return api.V2beta1RecurringRun(
        **_common(order, submission, mark),
        mode=api.RecurringRunMode.ENABLE,
        trigger=api.V2beta1Trigger(cron_schedule=api.V2beta1CronSchedule(cron=order.cron)),
        max_concurrency=ONE_AT_A_TIME,
        no_catchup=True,
    )


def _common(order: Order, submission: Submission, mark: str) -> dict[str, Any]:
    return {
        "experiment_id": submission.experiment_id,
        "display_name": order.name,
        "description": mark,
        "pipeline_version_reference": api.V2beta1PipelineVersionReference(
            pipeline_id=submission.pipeline_id, pipeline_version_id=submission.version_id
        ),
        "runtime_config": api.V2beta1RuntimeConfig(
            parameters=dict(order.parameters), pipeline_root=order.pipeline_root
        ),
        "service_account": order.service_account,
    }
