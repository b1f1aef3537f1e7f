"""Reads what the report is made from and writes it."""

import dataclasses
import datetime
import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter
from tfx import types
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import artifact_utils

from components.absent_model import read_absent
from components.case_example_gen.ingestion_report import read_ingestion_report
from components.champion_source.lineage import read_lineage
from components.pair_builder.statistics import read_pair_statistics
from components.promotion_gate.opponent import Opponent
from components.promotion_gate.verdict import read_verdict
from components.site_drift.distributions import SiteData
from components.site_drift.statistics_reader import read_drift, read_sites
from components.site_evaluator.reader import load_evaluation
from components.slice_report.error_gallery import ConfidentError, confident_errors, thumbnails
from components.slice_report.report import write_report
from components.slice_report.report_data import ReportInputs
from components.slice_report.settings import ReportSettings, RunFields
from schemas.case_features import SHIFTED, TEST

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Executor(BaseExecutor):
    """Executor of `SliceReport`."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes `report.html`, `report.pdf`, `report.json` and its tables.

        Raises:
            UserError: The evaluations of candidate and baseline cannot be compared.
        """
        uri = artifact_utils.get_single_uri(output_dict["report"])
        uris = {name: artifacts[0].uri for name, artifacts in input_dict.items() if artifacts}
        inputs = read_inputs(
            uris,
            exec_properties["settings"],
            exec_properties["run_fields"],
            exec_properties["study"],
            run_id=run_id(uri, self._context),
        )
        write_report(uri, inputs)


def run_id(output_uri: str, context: BaseExecutor.Context | None) -> str:
    """Returns the id of the run that an execution is part of, blank if nothing tells it.

    Args:
        output_uri: Of an output; Kubeflow Pipelines puts it below a folder named by the run.
        context: What TFX's local launcher says; on Kubeflow it knows no run.
    """
    if context is not None and context.pipeline_run_id:
        return context.pipeline_run_id
    uuid = _UUID.search(output_uri)
    return uuid.group() if uuid else ""


def read_inputs(
    uris: Mapping[str, str],
    settings: str,
    run_fields: str,
    study: str,
    run_id: str,
) -> ReportInputs:
    """Reads what a report is made from.

    Args:
        uris: Directories by input of the component; `baseline_evaluation`,
            `champion_evaluation`, `champion`, `statistics`, `pair_statistics`, `examples` and
            `predictions` may be missing.
        settings: JSON of `ReportSettings`.
        run_fields: JSON of `RunFields`; a blank `created` becomes today's date (UTC).
        study: JSON of what `read_study` returns, or of null.
        run_id: Of the run that makes the report.
    """
    baseline_uri = uris.get("baseline_evaluation")
    champion_uri = uris.get("champion_evaluation")
    run = TypeAdapter(RunFields).validate_json(run_fields)
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    report_settings = TypeAdapter(ReportSettings).validate_json(settings)
    errors = _errors(uris, report_settings.error_gallery)
    return ReportInputs(
        candidate=load_evaluation(uris["evaluation"]),
        baseline=None if baseline_uri is None else load_evaluation(baseline_uri),
        champion=None if champion_uri is None else _opponent(champion_uri),
        champion_lineage=read_lineage(uris["champion"]) if "champion" in uris else {},
        verdict=read_verdict(uris["verdict"]),
        ingestion=read_ingestion_report(uris["ingestion_report"]),
        drift=read_drift(uris["statistics"]) if "statistics" in uris else None,
        evaluated_sites=_evaluated_sites(uris),
        pairs=read_pair_statistics(uris["pair_statistics"]) if "pair_statistics" in uris else None,
        settings=report_settings,
        study=json.loads(study),
        errors=None if errors is None else tuple(errors),
        thumbnails={} if not errors else thumbnails(uris["examples"], errors),
        run=dataclasses.replace(run, run_id=run_id, created=run.created or today),
    )


def _evaluated_sites(uris: Mapping[str, str]) -> dict[str, SiteData]:
    if "statistics" not in uris:
        return {}
    return read_sites(uris["statistics"], TEST) | read_sites(uris["statistics"], SHIFTED)


def _errors(uris: Mapping[str, str], per_site: int) -> list[ConfidentError] | None:
    if not per_site or not {"examples", "predictions"} <= set(uris):
        return None
    return confident_errors(uris["predictions"], per_site)


def _opponent(evaluation_uri: str) -> Opponent:
    return read_absent(evaluation_uri) or load_evaluation(evaluation_uri)
