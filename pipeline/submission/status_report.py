"""A run's status as lines for a person and as values for a program."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from pipeline.submission.cost import CostEstimate
from pipeline.submission.gate_result import GATE, GateResult, gate_result
from pipeline.submission.lineage import StepRecord
from pipeline.submission.run_reader import duration
from pipeline.submission.run_summary import RunSummary, Step, StepState


@dataclasses.dataclass(frozen=True)
class Status:
    """All that is known of a run.

    Attributes:
        run: From the server.
        page: URL of the run in Kubeflow's user interface.
        records: From the metadata store; None if that was not asked.
        cost: None if no prices were given.
    """

    run: RunSummary
    page: str
    records: Sequence[StepRecord] | None = None
    cost: CostEstimate | None = None

    @property
    def gate(self) -> GateResult | None:
        """What the gate decided, as far as known."""
        return gate_result(self.records or ())


def status_lines(status: Status) -> list[str]:
    """Returns the status for a person."""
    run = status.run
    cached = {record.step for record in status.records or () if record.state == "cached"}
    width = max((len(step.name) for step in run.steps), default=4)
    lines = [
        f"run:   {run.name} ({run.run_id})",
        f"state: {run.state.lower()}, {duration(run.seconds)}",
        f"page:  {status.page}",
    ]
    if run.error:
        lines.append(f"error: {' '.join(run.error.split())}")
    lines.append(f"{'step':<{width}}  {'state':<8}{'duration':>16}{'attempts':>10}")
    for step in run.steps:
        state = "cached" if step.name in cached else step.state.value
        attempts = "-" if step.attempts is None else str(step.attempts)
        lines.append(f"{step.name:<{width}}  {state:<8}{duration(step.seconds):>16}{attempts:>10}")
    lines.append(f"gate:  {gate_line(status)}")
    if status.cost is not None:
        lines.append(f"cost:  {status.cost.line()}")
    lines.append(f"next:  {_next(run)}")
    return lines


def gate_line(status: Status) -> str:
    """Returns what is known of the gate's verdict."""
    if status.gate is not None:
        return status.gate.line()
    steps = {step.name: step for step in status.run.steps}
    gate = steps.get(GATE, Step(GATE, StepState.WAITING))
    if gate.state is not StepState.DONE:
        return f"no verdict; its step: {gate.state.value}."
    if status.records is None:
        return "its step is done; --metadata HOST:PORT shows the verdict, as the page does."
    return "its step is done, but its blessing is not in the metadata store."


def artifact_lines(records: Sequence[StepRecord]) -> list[str]:
    """Returns each step with what it read and wrote."""
    lines = []
    for record in records:
        lines.append(f"{record.step} ({record.state})")
        lines += [
            f"  read  {artifact.name}: {artifact.producer or artifact.uri}"
            for artifact in record.inputs
        ]
        for artifact in record.outputs:
            lines.append(f"  wrote {artifact.name} ({artifact.kind}): {artifact.uri}")
            lines += [
                f"          {key}: {value}"
                for key, value in artifact.properties.items()
                if value != ""
            ]
    return lines


def local_lines(started: str, records: Sequence[StepRecord]) -> list[str]:
    """Returns a run on this machine for a person: its steps so far, and the gate's verdict."""
    width = max((len(record.step) for record in records), default=4)
    gate = gate_result(records)
    return [
        f"run:   started {started}",
        f"{'step':<{width}}  {'state':<8}{'duration':>16}",
        *(
            f"{record.step:<{width}}  {record.state:<8}{duration(record.seconds):>16}"
            for record in records
        ),
        f"gate:  {gate.line() if gate else 'no verdict yet.'}",
    ]


def local_values(started: str, records: Sequence[StepRecord]) -> dict[str, Any]:
    """Returns a run on this machine for a program, ready for JSON."""
    gate = gate_result(records)
    return {
        "started": started,
        "gate": None if gate is None else dataclasses.asdict(gate),
        "steps": [dataclasses.asdict(record) for record in records],
    }


def run_table(runs: Sequence[RunSummary]) -> list[str]:
    """Returns a line per run."""
    lines = [f"{'created (UTC)':<18}{'state':<11}{'duration':>16}  run"]
    lines += [
        f"{run.created:%Y-%m-%d %H:%M}  ".ljust(18)
        + f"{run.state.lower():<11}{duration(run.seconds):>16}  {run.name} ({run.run_id})"
        for run in runs
        if run.created is not None
    ]
    return lines


def status_values(status: Status) -> dict[str, Any]:
    """Returns the status for a program, ready for JSON."""
    gate, cost = status.gate, status.cost
    return {
        **run_values(status.run),
        "page": status.page,
        "steps": [_step_values(step) for step in status.run.steps],
        "gate": None if gate is None else dataclasses.asdict(gate),
        "cost": None if cost is None else _cost_values(cost),
        "artifacts": (
            None
            if status.records is None
            else [dataclasses.asdict(record) for record in status.records]
        ),
    }


def run_values(run: RunSummary) -> dict[str, Any]:
    """Returns a run without its steps, ready for JSON."""
    return {
        "run_id": run.run_id,
        "name": run.name,
        "state": run.state,
        "created": None if run.created is None else run.created.isoformat(),
        "seconds": run.seconds,
        "error": run.error,
    }


def _step_values(step: Step) -> dict[str, Any]:
    return {**dataclasses.asdict(step), "state": step.state.value}


def _cost_values(cost: CostEstimate) -> dict[str, Any]:
    return {
        "total": cost.total,
        "unpriced": list(cost.unpriced),
        "pools": {name: dataclasses.asdict(pool) for name, pool in cost.pools.items()},
    }


def _next(run: RunSummary) -> str:
    if not run.ended:
        return f"'micle status {run.run_id} --follow' tells of its progress."
    if run.succeeded:
        return "'micle models list -r REGISTRY' shows where the model stands."
    failed = [step.name for step in run.steps if step.state is StepState.FAILED]
    first = f"read the log of {failed[0]} on the page; " if failed else ""
    return (
        f"{first}'micle submit' again goes on: finished steps come from the cache, a training from "
        "its last checkpoint."
    )
