"""Loads a compiled pipeline with the newest KFP SDK, in the SDK's own environment.

Run by that environment's Python: `python newest_sdk.py COMPILED.yaml`. Prints the SDK's version and
the pipeline's parameters as JSON; any refusal is a traceback.
"""

import json
import sys
from pathlib import Path

import kfp
import yaml
from google.protobuf import json_format
from kfp import components
from kfp.kubernetes import kubernetes_executor_config_pb2
from kfp.pipeline_spec import pipeline_spec_pb2


def main(path: str) -> None:
    """Loads both documents as the SDK does, and each message by its definition, strictly."""
    component = components.load_component_from_file(path)
    specification, platform = yaml.safe_load_all(Path(path).read_text())
    json_format.ParseDict(specification, pipeline_spec_pb2.PipelineSpec())
    deployment = specification["deploymentSpec"]
    json_format.ParseDict(deployment, pipeline_spec_pb2.PipelineDeploymentConfig())
    json_format.ParseDict(platform, pipeline_spec_pb2.PlatformSpec())
    executors = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    for executor in executors.values():
        config = kubernetes_executor_config_pb2.KubernetesExecutorConfig()
        json_format.ParseDict(executor, config)
    inputs = component.component_spec.inputs or {}
    defaults = {name: value.default for name, value in inputs.items()}
    answer = {"version": kfp.__version__, "executors": len(executors), "parameters": defaults}
    print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1])
