"""Registers a compiled pipeline with a Kubeflow Pipelines server and starts it."""

from typing import Any

import kfp_server_api as api

from pipeline.submission.order import Order, Submission
from pipeline.submission.package import Package
from pipeline.submission.run_creation import UnknownOutcomeError, schedule_run, start_run
from pipeline.submission.server import PAGE, Server, name_filter
from pipeline.submission.server_errors import ServerError
from trainer.errors import UserError


def submit_package(server: Server, package: Package, order: Order) -> Submission:
    """Makes pipeline, version and experiment where they are missing, then starts the run.

    Raises:
        UserError: A step failed; the message says what is on the server and how to go on.
    """
    done: list[str] = []
    try:
        submission = _register(server, package, order, done)
        if order.cron is None:
            return start_run(server, order, submission)
        return schedule_run(server, order, submission, done)
    except ServerError as error:
        there = f"On the server: {', '.join(done)}." if done else "Nothing is registered so far."
        raise UserError(f"{error} {there} The same command goes on from there.") from error
    except UnknownOutcomeError as error:
        raise UserError(
            f"{error} On the server: {', '.join(done)}. Whether the run is there too is not known: "
            "look for it (a run: 'micle status') before you submit again."
        ) from error


def _register(server: Server, package: Package, order: Order, done: list[str]) -> Submission:
    pipeline, _ = _pipeline(server, package)
    done.append(f"pipeline '{package.name}' ({pipeline.pipeline_id})")
    version, version_is_new = _version(server, package, pipeline.pipeline_id)
    done.append(f"its version '{package.version}' ({version.pipeline_version_id})")
    experiment, _ = _experiment(server, order.experiment)
    done.append(f"experiment '{order.experiment}' ({experiment.experiment_id})")
    return Submission(
        pipeline_id=pipeline.pipeline_id,
        version_id=version.pipeline_version_id,
        version_is_new=version_is_new,
        experiment_id=experiment.experiment_id,
    )


def _pipeline(server: Server, package: Package) -> tuple[Any, bool]:
    pipelines = server.client.pipelines

    def find() -> Any:
        found = server.ask(
            pipelines.list_pipelines,
            filter=name_filter(package.name),
            namespace=server.namespace,
            page_size=PAGE,
        )
        return _only(found.pipelines)

    body = api.V2beta1Pipeline(display_name=package.name, namespace=server.namespace)
    return server.find_or_create(find, lambda: server.send(pipelines.create_pipeline, body=body))


def _version(server: Server, package: Package, pipeline_id: str) -> tuple[Any, bool]:
    def find() -> Any:
        found = server.ask(
            server.client.pipelines.list_pipeline_versions,
            pipeline_id=pipeline_id,
            filter=name_filter(package.version),
            page_size=PAGE,
        )
        return _only(found.pipeline_versions)

    def upload() -> Any:
        return server.send(
            server.client.pipeline_uploads.upload_pipeline_version,
            uploadfile=str(package.path),
            name=package.version,
            pipelineid=pipeline_id,
            description=f"sha256:{package.digest}",
        )

    return server.find_or_create(find, upload)


def _experiment(server: Server, name: str) -> tuple[Any, bool]:
    experiments = server.client.experiments

    def find() -> Any:
        found = server.ask(
            experiments.list_experiments,
            filter=name_filter(name),
            namespace=server.namespace,
            page_size=PAGE,
        )
        return _only(found.experiments)

    body = api.V2beta1Experiment(display_name=name, namespace=server.namespace)
    return server.find_or_create(
        find, lambda: server.send(experiments.create_experiment, body=body)
    )


def _only(entries: list[Any] | None) -> Any:
    return entries[0] if entries else None
