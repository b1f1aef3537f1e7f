"""Runs one executor of TFX in the container of a Kubeflow step.

Kubeflow's launcher starts it with the command that `micle compile` wrote: TFX's own arguments, and
`--artifacts`. It mends what Kubeflow hands over (see `executor_messages`), calls TFX's own entry
point, and hands the result back.

The environment variable `MICLE_LAUNCHER_ROOT` names the directory under which the launcher's
folders `gcs`, `s3` and `minio` lie, where that is not `/`: for a launcher that runs elsewhere than
in a container.
"""

import argparse
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

from components.kubeflow_entrypoint.artifact_places import ArtifactPlaces
from components.kubeflow_entrypoint.executor_messages import input_for_tfx, output_for_kubeflow
from components.kubeflow_entrypoint.structured_logs import log_as_json
from trainer.errors import users_mistake

logger = logging.getLogger("micle.kubeflow")

LAUNCHER_ROOT = "MICLE_LAUNCHER_ROOT"


def main(arguments: list[str]) -> int:
    """Runs the executor and returns the exit status: 1 for any failure."""
    parser = argparse.ArgumentParser(prog="python -m components.kubeflow_entrypoint")
    parser.add_argument("--artifacts", choices=["mounted", "direct"], required=True)
    parser.add_argument("--executor_class_path", required=True)
    parser.add_argument("--json_serialized_invocation_args", required=True)
    parser.add_argument("--json_serialized_inputs_spec_args", required=True)
    options, beam_arguments = parser.parse_known_args(arguments)
    log_as_json(options.executor_class_path)
    places = ArtifactPlaces(options.artifacts, os.environ.get(LAUNCHER_ROOT, "/"))
    try:
        run_executor(
            options.executor_class_path,
            json.loads(options.json_serialized_invocation_args),
            options.json_serialized_inputs_spec_args,
            beam_arguments,
            places,
        )
    except Exception as error:
        mistake = users_mistake(error)
        if mistake is None:
            logger.exception("The step failed")
        else:
            logger.error("%s", mistake)
        return 1
    return 0


def run_executor(
    executor_class: str,
    executor_input: dict[str, Any],
    inputs_spec: str,
    beam_arguments: list[str],
    places: ArtifactPlaces,
) -> None:
    """Runs an executor through TFX's entry point; its output file is Kubeflow's afterwards.

    Args:
        executor_class: `package.module.Class`.
        executor_input: From Kubeflow.
        inputs_spec: JSON of the step's ComponentInputsSpec.
        beam_arguments: Options of Beam pipelines.
        places: Of the artifacts.
    """
    # Seconds of imports, of which a mistake in the arguments should know nothing.
    from tfx.orchestration.kubeflow.v2.container import kubeflow_v2_run_executor

    for_tfx = input_for_tfx(executor_input, json.loads(inputs_spec), places)
    options = argparse.Namespace(
        executor_class_path=executor_class,
        json_serialized_invocation_args=json.dumps(for_tfx),
        json_serialized_inputs_spec_args=inputs_spec,
    )
    kubeflow_v2_run_executor.main((options, beam_arguments))
    output_file = Path(executor_input["outputs"]["outputFile"])
    executor_output = output_for_kubeflow(json.loads(output_file.read_text()), executor_input)
    output_file.write_text(json.dumps(executor_output))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
