"""Makes a run's newest report again, from the artifacts that its metadata name."""

import dataclasses
import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.io import fileio

from components.slice_report.executor import read_inputs
from components.slice_report.message_catalogue import Language
from components.slice_report.report import write_report
from components.slice_report.report_data import ReportInputs
from components.slice_report.study_excerpt import read_study
from pipeline.configuration import Configuration
from pipeline.execution_record import newest_execution, opened_record, uris_by_key
from pipeline.report_standing import standing_now
from trainer.errors import UserError

_REPORT_NODE = "slice-report"
_RUN_CONTEXT = "pipeline_run"
_EVALUATION, _PREDICTIONS = "evaluation", "predictions"


def rebuild_report(
    database: Path,
    output: Path,
    configuration: Configuration | None,
    language: Language | None = None,
) -> None:
    """Writes the report of a run, made from its artifacts, into a directory.

    Who has signed, and whether the model was promoted, it takes from the registry as it is now.

    Args:
        database: Of the run's metadata.
        output: Directory to write to.
        configuration: Whose words, limits and study to take; None: those of the run.
        language: Instead of the settings'.

    Raises:
        UserError: No run has come as far as its report, it was made without the images that the
            settings ask for, or the study cannot be shown in it.
    """
    inputs = newest_inputs(database)
    standing = standing_now(database, inputs, configuration)
    if configuration is not None:
        inputs = _as_configured(inputs, configuration)
    settings = dataclasses.replace(inputs.settings, language=language or inputs.settings.language)
    if settings.error_gallery and inputs.errors is None:
        raise UserError(
            "report.error_gallery: this run's report was made without images. Leave it out, or set "
            "it in the configuration and run 'micle run' again."
        )
    if not settings.error_gallery:
        inputs = dataclasses.replace(inputs, errors=None, thumbnails={})
    write_report(str(output), dataclasses.replace(inputs, settings=settings, standing=standing))


def _as_configured(inputs: ReportInputs, configuration: Configuration) -> ReportInputs:
    path, card = configuration.study, inputs.candidate.card
    study = None if path is None else read_study(path, card.task, card.classes)
    return dataclasses.replace(inputs, settings=configuration.report_settings, study=study)


def newest_inputs(database: Path) -> ReportInputs:
    """Reads what the newest finished run's report was made from.

    Args:
        database: Of the run's metadata.

    Raises:
        UserError: No run has come as far as its report, or a file of the run is missing.
    """
    with _newest_report(database) as (store, execution):
        uris = uris_by_key(store, execution.id, metadata_store_pb2.Event.INPUT)
        run_id = _run_id(store, execution.id)
    properties = execution.custom_properties
    with files_in_place(uris):
        return read_inputs(
            uris,
            properties["settings"].string_value,
            properties["run_fields"].string_value,
            properties["study"].string_value,
            run_id,
        )


def newest_predictions(database: Path) -> str:
    """Returns the directory of the predictions that the newest report's model was evaluated on.

    Args:
        database: Of the run's metadata.

    Raises:
        UserError: No run has come as far as its report, or a file of the run is missing.
    """
    with _newest_report(database) as (store, execution):
        [evaluation] = [
            event.artifact_id
            for event in store.get_events_by_execution_ids([execution.id])
            if event.type == metadata_store_pb2.Event.INPUT
            and event.path.steps[0].key == _EVALUATION
        ]
        evaluated_by = _made_by(store, {evaluation})
        uris = uris_by_key(store, evaluated_by, metadata_store_pb2.Event.INPUT)
    with files_in_place({_PREDICTIONS: uris[_PREDICTIONS]}):
        return uris[_PREDICTIONS]


@contextmanager
def files_in_place(uris: Mapping[str, str]) -> Iterator[None]:
    """Reads a run's files within; metadata name them by the places where the run wrote them.

    Args:
        uris: Directories by what is in them.

    Raises:
        UserError: A directory, or a file that is asked for within, is missing.
    """
    try:
        for uri in uris.values():
            if not fileio.exists(uri):
                raise FileNotFoundError(errno.ENOENT, "missing", uri)
        yield
    except FileNotFoundError as error:
        raise UserError(
            f"{error.filename}: the run wrote this, and it is missing. Put it back there (a run's "
            "folder keeps its place), or run 'micle run' again."
        ) from error


@contextmanager
def _newest_report(database: Path) -> Iterator[tuple[Any, metadata_store_pb2.Execution]]:
    """Opens a run's metadata; yields the store and the execution of the newest report."""
    with opened_record(database) as store:
        execution = newest_execution(store, _REPORT_NODE)
        if execution is None:
            raise UserError("No run here has come as far as its report. Run 'micle run' again.")
        yield store, execution


def _run_id(store: Any, execution_id: int) -> str:
    """Returns the id of the run that made an execution's report; a later one took it as it was."""
    reports = {
        event.artifact_id
        for event in store.get_events_by_execution_ids([execution_id])
        if event.type == metadata_store_pb2.Event.OUTPUT
    }
    contexts = store.get_contexts_by_execution(_made_by(store, reports))
    return next(str(context.name) for context in contexts if context.type == _RUN_CONTEXT)


def _made_by(store: Any, artifacts: set[int]) -> int:
    """Returns the execution that made artifacts; later ones took them as they were."""
    made_by: int = min(
        event.execution_id
        for event in store.get_events_by_artifact_ids(artifacts)
        if event.type == metadata_store_pb2.Event.OUTPUT
    )
    return made_by
