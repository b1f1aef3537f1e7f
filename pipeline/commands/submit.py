"""`micle submit`."""

import datetime
import tempfile
from dataclasses import dataclass
from pathlib import Path

import click
import kfp_server_api as api
import yaml

from pipeline.commands.status import read_status, run_page
from pipeline.configuration import Configuration, load_configuration
from pipeline.console import noise_to_log
from pipeline.submission.connection import Connection
from pipeline.submission.order import Order, Submission
from pipeline.submission.package import Package, parse_parameters, read_package
from pipeline.submission.run_creation import recurring_run_body, run_body
from pipeline.submission.run_reader import follow_run
from pipeline.submission.server import Server, open_server
from pipeline.submission.server_errors import ServerError
from pipeline.submission.status_report import status_lines
from pipeline.submission.submit import submit_package
from trainer.errors import UserError

STOPPED = 130
"""Exit status after Ctrl-C, as shells have it."""
_CRON_FIELDS = 6


@dataclass(frozen=True)
class SubmitOptions:
    """The command's options, as its help explains them."""

    configuration: str
    experiment: str | None = None
    name: str | None = None
    assignments: tuple[str, ...] = ()
    cron: str | None = None
    replace: bool = False
    wait: bool = False
    metadata: str | None = None
    dry_run: bool = False


def submit_command(options: SubmitOptions, connection: Connection) -> int:
    """Compiles, registers, starts, and follows if asked to; returns the exit status.

    Raises:
        UserError: An option is wrong, or the server does not do its part.
    """
    _check(options)
    connection.check()
    configuration = load_configuration(options.configuration)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "pipeline.yaml")
        _compile(configuration, path)
        package = read_package(path)
        order = _order(options, configuration, package)
        if options.dry_run:
            _show(package, order, connection)
            return 0
        server = open_server(connection)
        submission = submit_package(server, package, order)
    _tell(server, package, order, submission)
    if not options.wait or submission.run_id is None:
        return 0
    return _follow(server, submission.run_id, options.metadata)


def _compile(configuration: Configuration, path: Path) -> None:
    with noise_to_log(path.with_suffix(".log")):
        from pipeline.kubeflow_compiler import compile_pipeline

        compile_pipeline(configuration, path)


def _check(options: SubmitOptions) -> None:
    if options.metadata is not None and not options.wait:
        raise UserError("--metadata goes with --wait: it tells the verdict at the end.")
    if options.cron is None:
        if options.replace:
            raise UserError("--replace goes with --cron.")
        return
    if options.wait:
        raise UserError("--wait: a recurring run (--cron) has no end to wait for.")
    fields = options.cron.split()
    if len(fields) != _CRON_FIELDS:
        raise UserError(
            f"--cron '{options.cron}': must have six fields, seconds first, such as '0 0 6 * * 1' "
            f"for Mondays at six. It has {len(fields)}."
        )


def _order(options: SubmitOptions, configuration: Configuration, package: Package) -> Order:
    if configuration.cluster is None:
        raise UserError("cluster: is missing. It names the image and the pipeline_root to use.")
    now = datetime.datetime.now(datetime.timezone.utc)
    timed = f"{configuration.name} {now:%Y-%m-%d %H:%M:%S}"
    return Order(
        experiment=options.experiment or configuration.name,
        # A recurring run is known by its name, and Kubeflow adds the time to each of its runs.
        name=options.name or (timed if options.cron is None else configuration.name),
        parameters=parse_parameters(package, options.assignments),
        pipeline_root=configuration.cluster.pipeline_root,
        service_account=configuration.cluster.service_account,
        cron=options.cron,
        replace=options.replace,
    )


def _show(package: Package, order: Order, connection: Connection) -> None:
    unknown = Submission("(its ID)", "(its ID)", True, "(its ID)")
    mark = "(a mark to find it by)"
    kind, body = "run", run_body(order, unknown, mark)
    if order.cron is not None:
        kind, body = "recurring_run", recurring_run_body(order, unknown, mark)
    shown = {
        "server": connection.host or "found by the kubeconfig or the cluster",
        "namespace": connection.namespace,
        "authentication": connection.authentication(),
        "pipeline": package.name,
        "version": {
            "name": package.version,
            "sha256": package.digest,
            "bytes": package.path.stat().st_size,
            "steps": list(package.steps),
        },
        "experiment": order.experiment,
        kind: api.ApiClient().sanitize_for_serialization(body),
    }
    click.echo("# Nothing was sent. Pipeline, version and experiment are made where missing.")
    click.echo(yaml.safe_dump(shown, sort_keys=False), nl=False)


def _tell(server: Server, package: Package, order: Order, submission: Submission) -> None:
    upload = "uploaded" if submission.version_is_new else "there already, not uploaded again"
    click.echo(f"pipeline: {package.name} ({submission.pipeline_id})")
    click.echo(f"version:  {package.version} ({submission.version_id}), {upload}")
    if submission.run_id is None:
        click.echo(f"recurring run: {order.name} ({submission.recurring_run_id}), {order.cron}")
        return
    click.echo(f"run:      {order.name} ({submission.run_id})")
    click.echo(f"page:     {run_page(server, submission.run_id)}")
    click.echo(f"follow:   micle status {submission.run_id} (with the same --host)")


def _follow(server: Server, run_id: str, metadata: str | None) -> int:
    try:
        run = follow_run(server, run_id, click.echo)
    except ServerError as error:
        raise UserError(
            f"{error} The run goes on without being followed: micle status {run_id}"
        ) from error
    except KeyboardInterrupt:
        click.echo(f"\nNo longer followed; the run goes on: micle status {run_id}", err=True)
        return STOPPED
    for line in status_lines(read_status(server, run, metadata, None)):
        click.echo(line)
    return 0 if run.succeeded else 1
