"""Where a run's model stands now, from the registry that the run wrote to."""

import dataclasses
import datetime
import logging
from pathlib import Path

from components.model_registry.registry import ModelRegistry
from components.model_registry.standing import Standing, standing
from components.slice_report.report_data import ReportInputs
from pipeline.configuration import Configuration
from pipeline.execution_record import newest_execution, opened_record
from trainer.errors import UserError

_REGISTRAR_NODE = "model-registrar"


def standing_now(
    database: Path, inputs: ReportInputs, configuration: Configuration | None
) -> Standing | None:
    """Returns where the model of a report stands.

    Args:
        database: Of the run's metadata.
        inputs: What the report is made from.
        configuration: Whose registry to read; None: the run's.

    Returns:
        None where the registry cannot be read, which is logged, or does not know the model.
    """
    location = _registry_of(database) if configuration is None else configuration.registry_location
    if location is None:
        return None
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    verdict = {"passed": inputs.verdict.passed, **dataclasses.asdict(inputs.verdict)}
    model = inputs.candidate.card.model_digest
    try:
        registry = ModelRegistry.at(location)
        registry.require_log()
        return standing(registry, model, verdict, today)
    except (UserError, OSError) as error:
        # The report is about the evaluation: a registry elsewhere must not keep it from being made.
        logging.getLogger(__name__).warning("The report does not say who signed: %s", error)
        return None


def _registry_of(database: Path) -> str | None:
    with opened_record(database) as store:
        execution = newest_execution(store, _REGISTRAR_NODE)
        if execution is None:
            return None
        return str(execution.custom_properties["registry"].string_value)
