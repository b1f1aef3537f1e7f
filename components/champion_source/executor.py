"""Executor of `ChampionSource`."""

from pathlib import Path
from typing import Any

from tfx import types
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components.absent_model import AbsentModel
from components.champion_source.lineage import write_lineage
from components.fine_tuner.model_card import ModelCard, model_digest, read_model_card
from components.model_registry.registry import SHORT, ModelRegistry
from components.model_registry.serving_directory import copy_whole
from components.promotion_gate.opponent import NO_CHAMPION, absent_for, why_not_comparable
from components.statement import Statement


class Executor(BaseExecutor):
    """Copies the champion, or says why there is none."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the champion or its absence; inputs and outputs as in `ChampionSourceSpec`.

        Raises:
            UserError: The registry is broken.
        """
        model = artifact_utils.get_single_instance(input_dict["model"])
        output = artifact_utils.get_single_uri(output_dict["champion"])
        candidate = path_utils.serving_model_path(model.uri)
        registry = ModelRegistry.at(exec_properties["registry"])
        registry.require_log()
        state = registry.state()
        champion = state.champion_to_meet(model_digest(candidate))
        if not champion:
            NO_CHAMPION.write(output)
            return
        with registry.saved_model(champion) as saved_model:
            absent = _why_absent(champion, saved_model, read_model_card(candidate))
            if absent is None:
                copy_whole(saved_model, Path(path_utils.serving_model_dir(output)))
                write_lineage(output, registry.record_of(state.models[champion]).lineage)
            else:
                absent.write(output)


def _why_absent(champion: str, saved_model: Path, candidate: ModelCard) -> AbsentModel | None:
    try:
        card = read_model_card(str(saved_model))
    except (TypeError, KeyError):
        unreadable = Statement("gate.absent.unreadable", {"version": champion[:SHORT]})
        return absent_for(unreadable, model_digest=champion)
    reason = why_not_comparable(candidate, card, "champion")
    return absent_for(reason, model_digest=champion) if reason else None
