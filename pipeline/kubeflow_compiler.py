"""Compiles a configuration for Kubeflow Pipelines 2 (pipeline spec 2.1)."""

from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2
from tfx import v1 as tfx
from tfx.dsl.components.base.base_node import BaseNode
from tfx.orchestration.kubeflow.v2.pipeline_builder import PipelineBuilder

from pipeline.beam_arguments import beam_arguments
from pipeline.cluster_settings import ClusterSection
from pipeline.cluster_view import as_the_cluster_sees, data_sets, fingerprint_of
from pipeline.configuration import Configuration
from pipeline.graph import build_nodes
from pipeline.kubeflow_checks import find_problems
from pipeline.kubeflow_specification import complete
from pipeline.kubernetes_platform import platform_document
from pipeline.places import Places
from pipeline.submission_parameters import submission_parameters
from trainer.errors import UserError

ENTRY_POINT = ("python", "-m", "components.kubeflow_entrypoint")
SCHEMA_VERSION = "2.1.0"

NodeBuilder = Callable[[Configuration, Places], list[BaseNode]]


def compile_pipeline(
    configuration: Configuration,
    output: Path,
    build: NodeBuilder = build_nodes,
    fixed: tuple[str, ...] = (),
) -> int:
    """Writes one YAML of two documents; the same configuration and data give the same bytes.

    The first is the pipeline's specification, the second what Kubernetes is told.

    Args:
        configuration: With a `cluster` section.
        output: File to write, `.yaml`.
        build: Makes the nodes from the configuration as the cluster sees it.
        fixed: Submission parameters that this pipeline has none of.

    Returns:
        The number of steps.

    Raises:
        UserError: The `cluster` section is missing, or the output's name does not end in `.yaml`.
        RuntimeError: Open-source Kubeflow would refuse what was compiled.
    """
    cluster = configuration.cluster
    if cluster is None:
        raise UserError(
            "cluster: is missing. Name a file with your cluster's settings: "
            "'cluster: {file: clusters/gke.yaml}' (docs/kubeflow.md)."
        )
    if output.suffix != ".yaml":
        raise UserError(f"{output}: the output's name must end in .yaml.")
    specification = compile_specification(configuration, cluster, build, fixed)
    platform = platform_document(specification, cluster)
    problems = find_problems(specification, platform)
    if problems:
        raise RuntimeError("Kubeflow would refuse the compiled pipeline:\n" + "\n".join(problems))
    output.write_text(yaml.safe_dump_all([specification, platform], sort_keys=True))
    return len(specification["root"]["dag"]["tasks"])


def compile_specification(
    configuration: Configuration,
    cluster: ClusterSection,
    build: NodeBuilder = build_nodes,
    fixed: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Returns the PipelineSpec as it is written; arguments as for `compile_pipeline`."""
    placed = as_the_cluster_sees(configuration, cluster)
    pipeline = tfx.dsl.Pipeline(
        pipeline_name=configuration.name,
        pipeline_root=cluster.pipeline_root,
        components=build(placed, _places(configuration, placed, cluster)),
        beam_pipeline_args=beam_arguments(cluster.beam_args),
    )
    compiled: pipeline_spec_pb2.PipelineSpec = PipelineBuilder(
        tfx_pipeline=pipeline,
        default_image=cluster.image,
        default_commands=[*ENTRY_POINT, f"--artifacts={cluster.artifacts}"],
        use_pipeline_spec_2_1=True,
    ).build()
    compiled.schema_version = SCHEMA_VERSION
    compiled.sdk_version = f"micle-tfx-{metadata.version('micle-tfx')}"
    specification: dict[str, Any] = json_format.MessageToDict(compiled)
    parameters = submission_parameters(placed, cluster)
    offered = {name: parameter for name, parameter in parameters.items() if name not in fixed}
    complete(specification, cluster, offered)
    return specification


def _places(here: Configuration, there: Configuration, cluster: ClusterSection) -> Places:
    data_here, data_there = data_sets(here), data_sets(there)
    return Places(
        checkpoint_root=cluster.checkpoint_root,
        serving=cluster.serving,
        pseudonym_key_file=cluster.pseudonym_key_file,
        fingerprints={
            name: fingerprint_of(data_here[name], data_there[name]) for name in data_here
        },
        registry=cluster.registry,
        # Known only to the cluster.
        registry_state="",
    )
