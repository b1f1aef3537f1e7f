"""Compiles a study for Kubeflow Pipelines."""

from pathlib import Path

from tfx.dsl.components.base.base_node import BaseNode

from pipeline.configuration import Configuration
from pipeline.kubeflow_compiler import compile_pipeline
from pipeline.places import Places
from pipeline.study.graph import build_study_nodes
from pipeline.study.settings import ReadyEncoder, Step, Study
from trainer.errors import UserError

OF_ARMS = ("seed", "label_fraction")
"""What differs from arm to arm cannot be set once for a whole run."""


def compile_study(study: Study, output: Path) -> None:
    """Writes the study's pipeline as one YAML, as `compile_pipeline` does.

    Raises:
        UserError: The base lacks its `cluster` section, or a step cannot run in its pool.
    """
    _check_pools(study)
    steps = _steps_of_the_cluster(study)

    def build(placed: Configuration, places: Places) -> list[BaseNode]:
        return build_study_nodes(study.model_copy(update={"base": placed, "steps": steps}), places)

    compile_pipeline(study.base, output, build, fixed=OF_ARMS)


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
