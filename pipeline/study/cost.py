"""What a finished arm of a study took, from the seconds of its steps."""

from components.study_report.cost import ArmCost
from pipeline.study.arms import Arm
from pipeline.study.finished import FinishedNodes


def arm_cost(arm: Arm, finished: FinishedNodes) -> ArmCost:
    """Returns the cost of a finished arm."""
    trained = [encoder.node_id for encoder in arm.lineage if not encoder.is_ready]
    return ArmCost(
        arm,
        pretraining_seconds=sum((finished.nodes[node].seconds for node in trained), 0.0),
        fine_tuning_seconds=finished.nodes[f"fine-tune-{arm.role}"].seconds,
        has_ready_encoder=any(encoder.is_ready for encoder in arm.lineage),
    )
