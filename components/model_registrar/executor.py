"""Executor of `ModelRegistrar`."""

import dataclasses
import hashlib
import json
import logging
from pathlib import Path
from typing import Any

from tfx import types
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components.absent_model import read_absent
from components.code_digest import code_digest
from components.fine_tuner.model_card import model_digest, read_model_card
from components.model_checker.model_check import read_model_check
from components.model_registrar.metrics_summary import metrics_summary
from components.model_registry.records import CandidateRecord
from components.model_registry.registry import ModelRegistry, NotPromotableError
from components.promotion_gate.blessing import bless
from components.promotion_gate.verdict import read_verdict
from components.site_evaluator.reader import load_evaluation
from components.site_evaluator.sufficiency import SampleLimits
from trainer.encoder_card import CARD, WEIGHTS


class Executor(BaseExecutor):
    """Records a candidate, promotes it if nobody has to be asked, and says so to the Pusher."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes to the registry; inputs, outputs, parameters as in `ModelRegistrarSpec`.

        Raises:
            UserError: The registry is broken.
        """
        model = artifact_utils.get_single_instance(input_dict["model"])
        saved_model = path_utils.serving_model_path(model.uri)
        uris = {name: found[0].uri for name, found in input_dict.items() if found}
        record = candidate_record(saved_model, uris, exec_properties)
        registry = ModelRegistry.at(exec_properties["registry"])
        registry.register(record, Path(saved_model))
        by = f"pipeline {record.lineage['pipeline_name']}"
        promoted = record.passed and promote_unless_held(registry, record.model, by)
        bless(artifact_utils.get_single_instance(output_dict["blessing"]), model, promoted)


def candidate_record(
    saved_model: str, uris: dict[str, str], exec_properties: dict[str, Any]
) -> CandidateRecord:
    """Gathers what the registry keeps of a candidate.

    Args:
        saved_model: Directory of its SavedModel.
        uris: Directories by input of the component.
        exec_properties: Parameters of the component.
    """
    verdict = read_verdict(uris["verdict"])
    limits = SampleLimits(**json.loads(exec_properties["limits"]))
    check = dataclasses.asdict(read_model_check(uris["check"])) if "check" in uris else None
    return CandidateRecord(
        model=model_digest(saved_model),
        card=_plain(dataclasses.asdict(read_model_card(saved_model))),
        verdict=_plain({"passed": verdict.passed, **dataclasses.asdict(verdict)}),
        metrics=metrics_summary(load_evaluation(uris["evaluation"]), limits),
        check=check,
        lineage=json.loads(exec_properties["lineage"]) | {"code_digest": code_digest()},
        encoder=_encoder(Path(uris["encoder"])) if "encoder" in uris else None,
        judged_against=_digest_of(uris["champion"]),
        sign_off_roles=verdict.sign_off_roles,
    )


def promote_unless_held(registry: ModelRegistry, model: str, by: str) -> bool:
    """Makes a model that passed the champion, unless somebody has to be asked first.

    A model that was rolled back comes back only by hand.

    Returns:
        Whether the model is champion now.
    """
    state = registry.state()
    if state.models[model].was_rolled_back:
        return False
    try:
        registry.promote(model, by)
    except NotPromotableError as error:
        logging.getLogger(__name__).warning("Not promoted: %s", error)
        return False
    return True


def _digest_of(champion: str) -> str:
    absent = read_absent(champion)
    if absent is not None:
        return absent.model_digest
    return model_digest(path_utils.serving_model_path(champion))


def _encoder(directory: Path) -> dict[str, Any]:
    weights = hashlib.sha256((directory / WEIGHTS).read_bytes()).hexdigest()
    return {"weights_sha256": weights, **json.loads((directory / CARD).read_text())}


def _plain(values: Any) -> Any:
    """Makes lists of tuples, as they come back from a file: equal records give equal text."""
    return json.loads(json.dumps(values))
