"""The metadata store of runs on this machine: the steps of the newest one."""

from pathlib import Path

from ml_metadata import errors
from ml_metadata.metadata_store import MetadataStore
from ml_metadata.proto import metadata_store_pb2

from pipeline.submission.lineage import StepRecord, read_records
from trainer.errors import UserError

RUN_TYPE, STEP_TYPE = "pipeline_run", "node"
"""TFX's names of the contexts of a run and of a step."""


def read_newest_run(database: Path) -> tuple[str, tuple[StepRecord, ...]]:
    """Returns the newest run's name, which is when it started, and its steps so far.

    Args:
        database: SQLite file of the run directory.

    Raises:
        UserError: There is none, or no run was ever started.
    """
    if not database.is_file():
        raise UserError(f"{database.parent}: no run here ({database.name} is missing).")
    configuration = metadata_store_pb2.ConnectionConfig()
    configuration.sqlite.filename_uri = str(database)
    configuration.sqlite.connection_mode = metadata_store_pb2.SqliteMetadataSourceConfig.READONLY
    try:
        store = MetadataStore(configuration)
        runs = store.get_contexts_by_type(RUN_TYPE)
    except (errors.StatusError, RuntimeError) as error:
        raise UserError(f"{database}: is no metadata of a run.") from error
    if not runs:
        raise UserError(f"{database.parent}: no run was started here.")
    newest = max(runs, key=lambda run: run.id)
    executions = {e.id: e for e in store.get_executions_by_context(newest.id)}
    steps = {
        # A step's context is named PIPELINE.STEP.
        execution.id: step.name.partition(".")[2]
        for step in store.get_contexts_by_type(STEP_TYPE)
        for execution in store.get_executions_by_context(step.id)
        if execution.id in executions
    }
    return newest.name, read_records(store, executions.values(), steps)
