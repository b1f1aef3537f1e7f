"""What the arms of a study took."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from components.study_report.arms import ComparedArm, Trainable


@dataclass(frozen=True)
class ArmCost:
    """What one arm took.

    Attributes:
        arm: Which.
        pretraining_seconds: Of the whole chain of its encoders, although other arms share them.
        fine_tuning_seconds: Of its own training.
        has_ready_encoder: It starts from an encoder that was there; how long that one's training
            took nobody knows, and it is not counted.
    """

    arm: ComparedArm
    pretraining_seconds: float
    fine_tuning_seconds: float
    has_ready_encoder: bool


def cost_rows(costs: Iterable[ArmCost]) -> list[dict[str, Any]]:
    """Returns seconds by start, kind of fine-tuning and share of the labels, mean over seeds."""
    groups: dict[tuple[str, Trainable, float], list[ArmCost]] = {}
    for cost in costs:
        key = cost.arm.initialisation, cost.arm.trainable, cost.arm.label_fraction
        groups.setdefault(key, []).append(cost)
    return [
        {
            "initialisation": start,
            "trainable": trainable,
            "label_fraction": fraction,
            "seeds": len(found),
            "ready_encoder": found[0].has_ready_encoder,
            "pretraining_seconds": _mean([cost.pretraining_seconds for cost in found]),
            "fine_tuning_seconds": _mean([cost.fine_tuning_seconds for cost in found]),
        }
        for (start, trainable, fraction), found in groups.items()
    ]


def _mean(numbers: list[float]) -> float:
    return round(sum(numbers) / len(numbers), 1)
