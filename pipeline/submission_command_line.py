"""`micle submit` and `micle status`: runs on a Kubeflow Pipelines server."""

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

TOKEN_VARIABLE = "MICLE_KUBEFLOW_TOKEN"


def with_connection(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options that say where the server is; the command gets a `Connection`."""

    @click.option(
        "--host",
        help="URL of the server or of a port-forward to it. Default: the service in this cluster, "
        "else the kubeconfig's.",
    )
    @click.option("--token-file", type=click.Path(path_type=Path), help="File with a bearer token.")
    @click.option(
        "--token",
        envvar=TOKEN_VARIABLE,
        show_envvar=True,
        help="Bearer token; others on this machine can read a command line, so rather set the "
        "variable.",
    )
    @click.option(
        "--ca-certificate", type=click.Path(path_type=Path), help="PEM file to trust the server by."
    )
    @click.option("--kube-context", help="Context of the kubeconfig; without --host.")
    @click.option("--namespace", help="Yours, where Kubeflow serves many users.")
    @click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        default=60,
        show_default=True,
        help="Seconds to wait for an answer.",
    )
    @functools.wraps(command)
    def wrapped(
        host: str | None,
        token_file: Path | None,
        token: str | None,
        ca_certificate: Path | None,
        kube_context: str | None,
        namespace: str | None,
        timeout: float,
        **options: Any,
    ) -> None:
        from pipeline.submission.connection import Connection

        connection = Connection(
            host=host,
            token=token,
            token_file=token_file,
            ca_certificate=ca_certificate,
            kube_context=kube_context,
            namespace=namespace,
            timeout=timeout,
        )
        command(connection=connection, **options)

    return wrapped


_with_metadata = click.option(
    "--metadata",
    metavar="HOST:PORT",
    help="Kubeflow's metadata-grpc-service, which knows the gate's verdict and all artifacts.",
)


@click.command()
@click.argument("configuration", type=click.Path(dir_okay=False))
@click.option("--experiment", help="Group of runs. Default: the configuration's name.")
@click.option("--name", help="Of the run. Default: the configuration's name and the time.")
@click.option(
    "--set", "assignments", multiple=True, metavar="NAME=VALUE", help="A runtime parameter."
)
@click.option("--cron", help="Run again and again: six fields, seconds first, '0 0 6 * * 1'.")
@click.option("--replace", is_flag=True, help="With --cron: in place of the one of this name.")
@click.option("--wait", is_flag=True, help="Follow the run; fail unless it succeeds.")
@_with_metadata
@click.option("--dry-run", is_flag=True, help="Show what would be sent, and send nothing.")
@with_connection
def submit(**options: Any) -> None:
    """Compile CONFIGURATION and run it on a Kubeflow Pipelines server."""
    from pipeline.commands.submit import SubmitOptions, submit_command

    connection = options.pop("connection")
    sys.exit(submit_command(SubmitOptions(**options), connection))


@click.command()
@click.argument("run", required=False)
@click.option("--follow", is_flag=True, help="Tell of progress until the run ends.")
@click.option("--artifacts", is_flag=True, help="List what each step read and wrote.")
@_with_metadata
@click.option(
    "--configuration",
    type=click.Path(dir_okay=False),
    help="Whose pools' price_per_hour give the cost.",
)
@click.option("--json", "as_json", is_flag=True, help="For a program.")
@with_connection
def status(**options: Any) -> None:
    """Show a RUN of a Kubeflow Pipelines server (its ID), or the recent ones.

    For a run on this machine, RUN is the configuration's output_dir.
    """
    from pipeline.commands.status import StatusOptions, status_command

    connection = options.pop("connection")
    sys.exit(status_command(StatusOptions(**options), connection))
