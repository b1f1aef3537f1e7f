"""Compiles a study for Kubeflow Pipelines."""

from pathlib import Path

from tfx.dsl.components.base.base_node import BaseNode

from pipeline.configuration import Configuration
from pipeline.kubeflow_compiler import compile_pipeline
from pipeline.places import Places
from pipeline.study.arms import arms_of
from pipeline.study.graph import build_reported_study_nodes
from pipeline.study.question import study_question
from pipeline.study.report_limit import most_arms
from pipeline.study.settings import Study
from pipeline.study.steps import ReadyEncoder, Step
from trainer.errors import UserError

OF_ARMS = ("seed", "label_fraction")
"""What differs from arm to arm cannot be set once for a whole run."""


STEPS_OF_A_RUN = 50
"""Kubeflow keeps a run as one object in the cluster's store, etcd, which takes 1.5 MiB by default.
A run of 56 steps was reported to have 1.95 MiB (kubeflow/pipelines, issue 13738).
"""


def compile_study(study: Study, output: Path) -> int:
    """Writes the study's pipeline as one YAML, as `compile_pipeline` does.

    Returns:
        The number of steps.

    Raises:
        UserError: The base lacks its `cluster` section, a step cannot run in its pool, or one
            report cannot take so many arms.
    """
    _check_pools(study)
    _check_arms(study)
    steps = _steps_of_the_cluster(study)

    def build(placed: Configuration, places: Places) -> list[BaseNode]:
        placed_study = study.model_copy(update={"base": placed, "steps": steps})
        return build_reported_study_nodes(placed_study, places)

    return compile_pipeline(study.base, output, build, fixed=OF_ARMS)


def _steps_of_the_cluster(study: Study) -> dict[str, Step]:
    """Returns the steps with each ready encoder where the cluster finds it."""
    steps = dict(study.steps)
    used = {name for chain in study.initialisations.values() for name in chain}
    for name, step in study.steps.items():
        if not isinstance(step, ReadyEncoder) or name not in used:
            continue
        if step.cluster_encoder is None:
            raise UserError(
                f"steps.{name}.cluster_encoder: is missing. Copy the folder of encoder to your "
                "bucket and give its URI."
            )
        steps[name] = step.model_copy(update={"encoder": step.cluster_encoder})
    return steps


def _check_pools(study: Study) -> None:
    cluster = study.base.cluster
    supervised = [name for name, step in study.steps.items() if step.method == "supervised"]
    if cluster is not None and supervised and cluster.pool("pretrain-any").kind == "tpu":
        raise UserError(
            f"cluster.steps.pretraining.pool: {supervised[0]} takes no TPU. Name a pool of kind "
            "gpu or cpu, or leave the supervised step out."
        )


def _check_arms(study: Study) -> None:
    arms, most = len(arms_of(study)), most_arms(study_question(study))
    if arms > most:
        raise UserError(
            f"initialisations, label_fractions, seeds, trainable: their {arms} arms are more than "
            f"one report on a cluster can take, which is {most}. Make two studies of them, with "
            f"{study.baseline} in both."
        )
