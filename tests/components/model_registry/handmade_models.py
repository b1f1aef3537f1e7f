"""Models of a few bytes, and records of them."""

import dataclasses
import json
import tempfile
from pathlib import Path

from components.fine_tuner.model_card import CARD, model_digest
from components.model_registry.records import CandidateRecord, Lineage
from components.model_registry.registry import ModelRegistry

CARD_FIELDS = {"model_name": "MICLe", "task": "multi_label", "classes": ["edema"], "seed": 0}


def make_model(directory: Path, weights: str) -> Path:
    """A folder with a card and a file; its digest depends on `weights`."""
    (directory / CARD).parent.mkdir(parents=True)
    (directory / CARD).write_text(json.dumps(CARD_FIELDS))
    (directory / "saved_model.pb").write_text(weights)
    return directory


def make_record(
    saved_model: Path, passed=True, against="", roles=(), auc=0.8, metrics=None
) -> CandidateRecord:
    estimate = {"value": auc, "lower": auc - 0.1, "upper": auc + 0.1}
    rule = {"rule": "minimum mean_auc", "passed": passed, "reason": f"Measured: {auc}."}
    digest = model_digest(str(saved_model))
    return CandidateRecord(
        model=digest,
        card=CARD_FIELDS,
        verdict={"passed": passed, "rules": [rule]},
        metrics=metrics or {"all cases": _only(estimate)},
        check=None,
        lineage=dataclasses.asdict(Lineage("demo", "data", "0.1", "config", f"t{digest[:4]}")),
        encoder={"method": "micle", "parent": {"method": "simclr", "parent": None}},
        judged_against=against,
        sign_off_roles=tuple(roles),
    )


def _only(mean_auc: dict[str, float]) -> dict[str, object]:
    return {"cases": 100, "metrics": {"mean_auc": mean_auc}, "classes": {}}


def add_model(registry: ModelRegistry, weights: str, **fields) -> str:
    """Registers a model and returns its digest."""
    with tempfile.TemporaryDirectory() as directory:
        source = make_model(Path(directory, weights), weights)
        record = make_record(source, **fields)
        registry.register(record, source)
    return record.model
