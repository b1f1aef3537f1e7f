"""Compiles a configuration for Kubeflow Pipelines 2 (pipeline spec 2.1)."""

from pathlib import Path

from tfx import v1 as tfx

from pipeline.configuration import Configuration
from pipeline.fingerprint import data_fingerprint
from pipeline.graph import Places, build_nodes
from trainer.errors import UserError


def compile_pipeline(configuration: Configuration, output: Path) -> None:
    """Writes one YAML; the same configuration and data give the same bytes.

    Args:
        configuration: With a `cluster` section; its manifests and key file are paths or URIs as
            the cluster sees them.
        output: File to write, `.yaml`.

    Raises:
        UserError: The `cluster` section is missing, a needed path is not given, or the output's
            name does not end in `.yaml`.
    """
    cluster = configuration.cluster
    if cluster is None:
        raise UserError("cluster: is missing. It names the image and the pipeline_root to use.")
    if configuration.data.pseudonym_key_file is None:
        raise UserError(
            "data.pseudonym_key_file: is missing. Name the path at which the cluster mounts the "
            "secret."
        )
    if output.suffix != ".yaml":
        raise UserError(f"{output}: the output's name must end in .yaml.")
    data = configuration.data
    places = Places(
        checkpoint_root=cluster.checkpoint_root,
        serving=f"{cluster.pipeline_root}/serving",
        pseudonym_key_file=configuration.data.pseudonym_key_file,
        fingerprints={
            name: data_fingerprint(settings)
            for name, settings in (("natural", data.natural), ("medical", data.medical))
            if settings is not None
        },
        registry=cluster.registry,
        # Known only to the cluster.
        registry_state="",
    )
    runner = tfx.orchestration.experimental.KubeflowV2DagRunner(
        config=tfx.orchestration.experimental.KubeflowV2DagRunnerConfig(
            display_name=configuration.name,
            default_image=cluster.image,
            use_pipeline_spec_2_1=True,
        ),
        output_dir=str(output.parent),
        output_filename=output.name,
    )
    runner.run(
        tfx.dsl.Pipeline(
            pipeline_name=configuration.name,
            pipeline_root=cluster.pipeline_root,
            components=build_nodes(configuration, places),
            enable_cache=True,
        )
    )
