"""What a server tells of a run, as a person wants it: state, steps, durations, attempts."""

import datetime
import enum
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.submission.attempts import count_attempts

ENDED = {"SUCCEEDED", "FAILED", "CANCELED", "SKIPPED"}
"""States of a run that do not change any more."""

_UNSET = datetime.datetime(2000, 1, 1, tzinfo=datetime.timezone.utc)
"""The server says the year 1 or 1970 where a time is not known yet."""


class StepState(enum.Enum):
    """Where a step stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Step:
    """One step of a run.

    Attributes:
        name: As in the compiled pipeline.
        state: Where it stands.
        seconds: From its start to its end, or until now; None before it starts.
        attempts: Times its container was started; None where the server does not tell.
        error: Why it failed, if the server says so.
    """

    name: str
    state: StepState
    seconds: float | None = None
    attempts: int | None = None
    error: str | None = None


@dataclass(frozen=True)
class RunSummary:
    """A run.

    Attributes:
        run_id: Its identifier.
        name: Its display name.
        state: The server's word: `PENDING`, `RUNNING`, `SUCCEEDED`, `FAILED`, `CANCELED`, ...
        created: When it was.
        seconds: From creation to the end, or until now.
        steps: In the order of the compiled pipeline.
        error: Why it failed, if the server says so.
    """

    run_id: str
    name: str
    state: str
    created: datetime.datetime | None
    seconds: float | None
    steps: tuple[Step, ...]
    error: str | None

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in ENDED

    @property
    def succeeded(self) -> bool:
        """Whether every step that had to run did."""
        return self.state == "SUCCEEDED"

    def count(self, state: StepState) -> int:
        """Returns how many steps stand there."""
        return sum(step.state is state for step in self.steps)


def summarise(run: Any, steps: Sequence[str], now: datetime.datetime) -> RunSummary:
    """Returns a run as a person wants it.

    Args:
        run: `V2beta1Run` as the server tells it.
        steps: Names of the steps; other entries of the run are Kubeflow's own.
        now: The present time, with its zone.
    """
    details = (run.run_details.task_details if run.run_details else None) or []
    latest = {}
    # A repeated run keeps the entries of the steps it does not repeat.
    for detail in sorted(details, key=lambda detail: _known(detail.start_time) or _UNSET):
        latest[detail.display_name] = detail
    started = _node_ids(details)
    created, finished = _known(run.created_at), _known(run.finished_at)
    return RunSummary(
        run_id=run.run_id,
        name=run.display_name or "",
        state=run.state or "PENDING",
        created=created,
        seconds=((finished or now) - created).total_seconds() if created else None,
        steps=tuple(_step(name, latest.get(name), started, now) for name in steps),
        error=run.error.message if run.error else None,
    )


def steps_without_specification(run: Any) -> tuple[str, ...]:
    """Returns the steps' names from a run alone: each has a driver beside it.

    Importers have none; they are left out.
    """
    details = (run.run_details.task_details if run.run_details else None) or []
    names = {detail.display_name for detail in details}
    return tuple(sorted(n for n in names if f"{n}-driver" in names and n != "root"))


def _step(name: str, detail: Any, started: Collection[str], now: datetime.datetime) -> Step:
    if detail is None:
        return Step(name, StepState.WAITING)
    start, end = _known(detail.start_time), _known(detail.end_time)
    return Step(
        name=name,
        state=_state(detail.state),
        seconds=((end or now) - start).total_seconds() if start else None,
        attempts=count_attempts(name, started),
        error=detail.error.message if detail.error else None,
    )


def _state(word: str | None) -> StepState:
    known = {
        "RUNNING": StepState.RUNNING,
        "CANCELING": StepState.RUNNING,
        "SUCCEEDED": StepState.DONE,
        "SKIPPED": StepState.SKIPPED,
        "FAILED": StepState.FAILED,
        "CANCELED": StepState.FAILED,
    }
    return known.get(word or "", StepState.WAITING)


def _known(time: datetime.datetime | None) -> datetime.datetime | None:
    return time if time is not None and time > _UNSET else None


def _node_ids(details: Iterable[Any]) -> set[str]:
    """Argo's identifiers of all nodes that some other node started."""
    children = (child for detail in details for child in detail.child_tasks or [])
    return {child.pod_name for child in children if child.pod_name}
