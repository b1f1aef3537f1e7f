"""`micle status`."""

import json
from dataclasses import dataclass
from pathlib import Path

import click

from pipeline.cluster_settings import ClusterSection
from pipeline.configuration import load_configuration
from pipeline.submission.connection import Connection
from pipeline.submission.cost import CostEstimate, estimate_cost
from pipeline.submission.kubeflow_metadata import open_metadata, read_lineage
from pipeline.submission.local_metadata import read_newest_run
from pipeline.submission.run_reader import follow_run, read_run, recent_runs
from pipeline.submission.run_summary import RunSummary
from pipeline.submission.server import Server, open_server
from pipeline.submission.status_report import (
    Status,
    artifact_lines,
    local_lines,
    local_values,
    run_table,
    run_values,
    status_lines,
    status_values,
)
from trainer.errors import UserError

METADATA = "metadata.sqlite"
RECENT = 10
"""Runs that are listed where none is named."""


@dataclass(frozen=True)
class StatusOptions:
    """The command's options, as its help explains them."""

    run: str | None = None
    metadata: str | None = None
    configuration: str | None = None
    artifacts: bool = False
    follow: bool = False
    as_json: bool = False


def status_command(options: StatusOptions, connection: Connection) -> int:
    """Shows a run, or the recent ones; the exit status is 1 for a followed run that fails.

    Raises:
        UserError: An option is wrong, or the server does not do its part.
    """
    if options.run is None:
        if options.metadata or options.artifacts or options.configuration or options.follow:
            raise UserError("RUN is missing: the options given are about one run.")
        _list(open_server(connection), options)
        return 0
    if (directory := Path(options.run)).is_dir():
        if options.metadata or options.configuration or options.follow:
            raise UserError(
                f"{directory}: a run on this machine takes --artifacts and --json only."
            )
        _show_local(directory, options)
        return 0
    if options.artifacts and options.metadata is None:
        raise UserError(
            "--artifacts: needs --metadata HOST:PORT (kubectl port-forward -n kubeflow "
            "svc/metadata-grpc-service 8081:8080)."
        )
    if options.follow and options.as_json:
        raise UserError("--follow and --json: give one of them.")
    cluster = None if options.configuration is None else _cluster(options.configuration)
    server = open_server(connection)
    if options.follow:
        run = follow_run(server, options.run, click.echo)
    else:
        run = read_run(server, options.run)
    status = read_status(server, run, options.metadata, cluster)
    if options.as_json:
        click.echo(json.dumps(status_values(status), indent=2))
        return 0
    lines = status_lines(status)
    if options.artifacts:
        lines += artifact_lines(status.records or ())
    for line in lines:
        click.echo(line)
    return 1 if options.follow and not run.succeeded else 0


def read_status(
    server: Server, run: RunSummary, metadata: str | None, cluster: ClusterSection | None
) -> Status:
    """Returns all that is known of a run.

    Args:
        server: Of the run.
        run: From the server.
        metadata: `HOST:PORT` of the metadata store, which is asked if given.
        cluster: With the pools' prices; without it there is no cost.

    Raises:
        UserError: The metadata store cannot be asked.
    """
    records = None
    if metadata is not None:
        records = read_lineage(open_metadata(metadata, server.timeout), run.run_id, metadata)
    return Status(
        run=run,
        page=run_page(server, run.run_id),
        records=records,
        cost=None if cluster is None else _cost(run, cluster),
    )


def run_page(server: Server, run_id: str) -> str:
    """Returns the URL of a run in Kubeflow's user interface."""
    return f"{server.address}/#/runs/details/{run_id}"


def _cluster(path: str) -> ClusterSection:
    cluster = load_configuration(path).cluster
    if cluster is None:
        raise UserError(f"{path}: cluster: is missing. Its pools say what a node costs.")
    return cluster


def _cost(run: RunSummary, cluster: ClusterSection) -> CostEstimate:
    return estimate_cost(
        {step.name: step.seconds for step in run.steps if step.seconds is not None},
        cluster.pool_name,
        {name: pool.price_per_hour for name, pool in cluster.pools.items()},
    )


def _show_local(directory: Path, options: StatusOptions) -> None:
    started, records = read_newest_run(directory / METADATA)
    if options.as_json:
        click.echo(json.dumps(local_values(started, records), indent=2))
        return
    lines = local_lines(started, records)
    if options.artifacts:
        lines += artifact_lines(records)
    for line in lines:
        click.echo(line)


def _list(server: Server, options: StatusOptions) -> None:
    runs = recent_runs(server, RECENT)
    if options.as_json:
        click.echo(json.dumps([run_values(run) for run in runs], indent=2))
        return
    if not runs:
        click.echo(f"{server.address}: no runs yet. 'micle submit' starts one.")
        return
    for line in run_table(runs):
        click.echo(line)
