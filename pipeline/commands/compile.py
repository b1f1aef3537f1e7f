"""`micle compile`."""

from pathlib import Path

import click

from pipeline.configuration import load_configuration
from pipeline.console import noise_to_log


def compile_command(configuration_path: str, output: Path) -> None:
    """Writes the pipeline of a configuration as one YAML for Kubeflow Pipelines.

    Raises:
        UserError: The configuration lacks its `cluster` section.
    """
    configuration = load_configuration(configuration_path)
    with noise_to_log(output.with_suffix(".log")):
        from pipeline.kubeflow_compiler import compile_pipeline

        compile_pipeline(configuration, output)
    click.echo(f"{output}: compiled.")
