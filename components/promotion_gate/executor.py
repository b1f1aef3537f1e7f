"""Executor of `PromotionGate`."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx import types
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils

from components.absent_model import AbsentModel, read_absent
from components.case_example_gen.ingestion_report import read_ingestion_report
from components.leakage_check.leakage_report import read_leakage_report
from components.model_checker.model_check import read_model_check
from components.promotion_gate.blessing import bless
from components.promotion_gate.gate import Evidence, judge
from components.promotion_gate.opponent import NO_BASELINE, NO_CHAMPION, Opponent
from components.promotion_gate.rules import from_json
from components.site_drift.statistics_reader import read_drift
from components.site_evaluator.reader import load_evaluation
from components.site_evaluator.sufficiency import SampleLimits

ANOMALIES = "Split-*/SchemaDiff.pb"


class Executor(base_executor.BaseExecutor):
    """Judges a model and blesses it or not."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes verdict and blessing; inputs, outputs, parameters as in `PromotionGateSpec`.

        Raises:
            UserError: The rules are malformed, or an evaluation has no case.
        """
        anomalies = input_dict.get("anomalies")
        evidence = Evidence(
            evaluation=load_evaluation(artifact_utils.get_single_uri(input_dict["evaluation"])),
            baseline=_opponent(input_dict.get("baseline_evaluation"), NO_BASELINE),
            champion=_opponent(input_dict.get("champion_evaluation"), NO_CHAMPION),
            ingestion=read_ingestion_report(
                artifact_utils.get_single_uri(input_dict["ingestion_report"])
            ),
            anomaly_count=(
                count_anomalies(artifact_utils.get_single_uri(anomalies)) if anomalies else None
            ),
        )
        if check := input_dict.get("check"):
            uri = artifact_utils.get_single_uri(check)
            evidence = dataclasses.replace(evidence, check=read_model_check(uri))
        if leakage := input_dict.get("leakage"):
            uri = artifact_utils.get_single_uri(leakage)
            evidence = dataclasses.replace(evidence, leakage=read_leakage_report(uri))
        if statistics := input_dict.get("statistics"):
            uri = artifact_utils.get_single_uri(statistics)
            evidence = dataclasses.replace(evidence, drift=read_drift(uri))
        rules = from_json(exec_properties["rules"])
        verdict = judge(evidence, rules, SampleLimits(**json.loads(exec_properties["limits"])))
        verdict_uri = artifact_utils.get_single_uri(output_dict["verdict"])
        Path(verdict_uri).mkdir(parents=True, exist_ok=True)
        verdict.write(verdict_uri)
        bless(
            artifact_utils.get_single_instance(output_dict["blessing"]),
            artifact_utils.get_single_instance(input_dict["model"]),
            verdict.passed,
        )


def _opponent(evaluation: list[types.Artifact] | None, otherwise: AbsentModel) -> Opponent:
    if not evaluation:
        return otherwise
    uri = artifact_utils.get_single_uri(evaluation)
    return read_absent(uri) or load_evaluation(uri)


def count_anomalies(anomalies_uri: str) -> int | None:
    """Returns how many features deviate from the schema, over all splits; None if none was checked.

    Args:
        anomalies_uri: Directory of an `ExampleAnomalies` artifact.
    """
    paths = list(Path(anomalies_uri).glob(ANOMALIES))
    if not paths:
        return None
    return sum(
        len(anomalies_pb2.Anomalies.FromString(path.read_bytes()).anomaly_info) for path in paths
    )
