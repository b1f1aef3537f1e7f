"""What the finished arms of a study took, from the seconds of its steps."""

from components.study_report.cost import ArmCost
from pipeline.study.arms import Arm, arms_of
from pipeline.study.finished import FinishedNodes
from pipeline.study.settings import Study


def arm_costs(study: Study, finished: FinishedNodes) -> list[ArmCost]:
    """Returns the cost of each finished arm."""
    return [_cost(arm, finished) for arm in arms_of(study) if finished.has_arm(arm)]


def _cost(arm: Arm, finished: FinishedNodes) -> ArmCost:
    trained = [encoder.node_id for encoder in arm.lineage if not encoder.is_ready]
    return ArmCost(
        arm,
        pretraining_seconds=sum((finished.nodes[node].seconds for node in trained), 0.0),
        fine_tuning_seconds=finished.nodes[f"fine-tune-{arm.role}"].seconds,
        has_ready_encoder=any(encoder.is_ready for encoder in arm.lineage),
    )
