"""Kubeflow's ExecutorInput as TFX can read it, and TFX's ExecutorOutput as Kubeflow can.

All messages are plain dictionaries in JSON's form. What is mended here, and where it comes from in
kubeflow/pipelines:

- an artifact of an earlier step arrives with an empty `instanceSchema` (metadata/client.go);
- lists and structs among an artifact's metadata arrive wrapped: `{"list": [...]}` (converter.go);
- a null among them fails the step (converter.go);
- the launcher's own output `executor-logs` is of a type that TFX cannot import (driver.go);
- a URI in the output takes the place of the store's (launcher_v2.go).
"""

from collections.abc import Mapping
from typing import Any

import yaml

from components.kubeflow_entrypoint.artifact_places import ArtifactPlaces

Message = dict[str, Any]

_LAUNCHER_OUTPUTS = ("executor-logs",)
_LAUNCHER_METADATA = ("store_session_info", "display_name")


def input_for_tfx(
    executor_input: Mapping[str, Any], inputs_spec: Mapping[str, Any], places: ArtifactPlaces
) -> Message:
    """Returns the ExecutorInput that TFX's entry point takes.

    Args:
        executor_input: From Kubeflow.
        inputs_spec: The step's ComponentInputsSpec, written into the command when compiling.
        places: Of the artifacts.
    """
    inputs = executor_input.get("inputs", {})
    outputs = executor_input.get("outputs", {})
    declared = inputs_spec.get("artifacts", {})
    parameters = inputs_spec.get("parameters", {})
    return {
        "inputs": {
            # What the specification does not name, such as the image, is not for the executor.
            "parameterValues": {
                name: value
                for name, value in inputs.get("parameterValues", {}).items()
                if name in parameters
            },
            "artifacts": {
                key: _input_list(artifacts, declared.get(key, {}), places)
                for key, artifacts in inputs.get("artifacts", {}).items()
            },
        },
        "outputs": {
            **outputs,
            "artifacts": {
                key: {"artifacts": [_placed(a, places) for a in artifacts["artifacts"]]}
                for key, artifacts in outputs.get("artifacts", {}).items()
                if key not in _LAUNCHER_OUTPUTS
            },
        },
    }


def output_for_kubeflow(
    executor_output: Mapping[str, Any], executor_input: Mapping[str, Any]
) -> Message:
    """Returns the ExecutorOutput with the URIs that Kubeflow gave, and without nulls.

    Args:
        executor_output: As TFX's entry point wrote it.
        executor_input: From Kubeflow.
    """
    given = executor_input.get("outputs", {}).get("artifacts", {})
    artifacts = {}
    for key, written in executor_output.get("artifacts", {}).items():
        pairs = zip(written["artifacts"], given[key]["artifacts"], strict=True)
        artifacts[key] = {
            "artifacts": [
                {
                    **artifact,
                    "uri": original["uri"],
                    "metadata": _without_nulls(artifact.get("metadata", {})),
                }
                for artifact, original in pairs
            ]
        }
    return {**executor_output, "artifacts": artifacts}


def _input_list(
    artifacts: Mapping[str, Any], declared: Mapping[str, Any], places: ArtifactPlaces
) -> Message:
    return {
        "artifacts": [
            _placed(_typed(_unwrapped(artifact), declared), places)
            for artifact in artifacts.get("artifacts", [])
        ]
    }


def _typed(artifact: Message, declared: Mapping[str, Any]) -> Message:
    has_schema = bool(artifact.get("type", {}).get("instanceSchema"))
    return artifact if has_schema else {**artifact, "type": declared["artifactType"]}


def _unwrapped(artifact: Message) -> Message:
    metadata = {
        name: _unwrapped_value(value)
        for name, value in artifact.get("metadata", {}).items()
        if name not in _LAUNCHER_METADATA
    }
    return {**artifact, "metadata": _without_nulls(metadata)}


def _unwrapped_value(value: Any) -> Any:
    for wrapping in ("list", "struct"):
        if isinstance(value, dict) and set(value) == {wrapping}:
            return value[wrapping]
    return value


def _without_nulls(metadata: Mapping[str, Any]) -> Message:
    return {name: value for name, value in metadata.items() if value is not None}


def _placed(artifact: Message, places: ArtifactPlaces) -> Message:
    schema = yaml.safe_load(artifact["type"]["instanceSchema"])
    return {**artifact, "uri": places.of(artifact["uri"], schema["title"])}
