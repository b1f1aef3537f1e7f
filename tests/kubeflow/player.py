"""Plays Kubeflow's driver and launcher, from a compiled YAML alone, without a cluster.

Written from kubeflow/pipelines 2.17, backend/src/v2/{driver,component}. Each step is the very
command of the YAML, as a fresh process with an environment and an empty file system of its own,
save for what the launcher copies there. Images are resolved, but the interpreter of the tests
stands in for them; node selectors, volumes and secrets are beyond it.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2

from tests.kubeflow.conditions import holds
from tests.kubeflow.metadata_store import MetadataStore
from tests.kubeflow.object_store import ObjectStore, local_path

REPOSITORY = Path(__file__).parents[2]
_INPUT = re.compile(r"\{\{\$\.inputs\.parameters\['(.+?)'\]\}\}")


class StepFailedError(Exception):
    """A step failed in its last attempt."""


@dataclass
class StepResult:
    """What became of one task.

    Attributes:
        state: `succeeded` or `skipped`.
        image: That the driver would have started.
        attempts: Exit statuses.
        outputs: Number of each output artifact in the metadata store.
        uris: URI of each.
        log: Standard output and error of all attempts.
        seconds: Of the last attempt's process.
    """

    state: str
    image: str = ""
    attempts: list[int] = field(default_factory=list)
    outputs: dict[str, int] = field(default_factory=dict)
    uris: dict[str, str] = field(default_factory=dict)
    log: str = ""
    seconds: float = 0.0


class Player:
    """One run of a compiled pipeline."""

    def __init__(
        self,
        compiled: Path,
        folder: Path,
        *,
        pipeline_root: str,
        parameters: dict[str, Any] | None = None,
        environment: dict[str, str] | None = None,
        publish_logs: bool = True,
    ) -> None:
        """Reads the pipeline.

        Args:
            compiled: YAML of `micle compile`.
            folder: Where the store and the steps' file systems lie.
            pipeline_root: URI, given at submission.
            parameters: Values given at submission.
            environment: Beside what an image would set.
            publish_logs: Whether the driver adds the output `executor-logs`.
        """
        self.specification, *_ = yaml.safe_load_all(compiled.read_text())
        self.store = ObjectStore(folder / "store")
        self.metadata = MetadataStore()
        self.results: dict[str, StepResult] = {}
        self._pod = folder / "pod"
        self._run_root = f"{pipeline_root}/{self.specification['pipelineInfo']['name']}/run-1"
        self._environment = environment or {}
        self._publish_logs = publish_logs
        self._parameters = self._root_parameters(parameters or {})

    def run(self, observe: Any = None, only: str | None = None) -> dict[str, StepResult]:
        """Runs all tasks, each after those it depends on; or one whose inputs are there.

        Raises:
            StepFailedError: A step failed more often than it may be tried again.
        """
        tasks = self.specification["root"]["dag"]["tasks"]
        if only:
            tasks = {only: tasks[only]}
        while not set(tasks) <= set(self.results):
            ready = [
                name
                for name, task in tasks.items()
                if name not in self.results
                and set(task.get("dependentTasks", [])) <= set(self.results)
            ]
            assert ready, "the tasks wait for each other"
            for name in ready:
                self.results[name] = self._run_task(name, tasks[name])
                if observe:
                    observe(name, self.results[name])
        return self.results

    def _root_parameters(self, given: dict[str, Any]) -> dict[str, Any]:
        """argo.go: omitted values are filled from defaults, where the specification has some."""
        declared = self.specification["root"].get("inputDefinitions", {}).get("parameters", {})
        assert set(given) <= set(declared), "parameter not found in the pipeline"
        defaults = {n: p["defaultValue"] for n, p in declared.items() if "defaultValue" in p}
        return defaults | given

    def _run_task(self, name: str, task: dict[str, Any]) -> StepResult:
        component = self.specification["components"][task["componentRef"]["name"]]
        label = component["executorLabel"]
        executor = self.specification["deploymentSpec"]["executors"][label]
        if "importer" in executor:
            return self._import(executor["importer"], component)
        if any(self.results[n].state == "skipped" for n in task.get("dependentTasks", [])):
            return StepResult("skipped")
        inputs = self._resolve(task)
        condition = task.get("triggerPolicy", {}).get("condition")
        if condition and not holds(condition, inputs):
            return StepResult("skipped")
        container = executor["container"]
        message = {"inputs": inputs, "outputs": self._provision(name, component)}
        result = StepResult("succeeded", image=_resolved_image(container["image"], inputs))
        for _attempt in range(1 + int(task.get("retryPolicy", {}).get("maxRetryCount", 0))):
            if self._launch(container, message, result):
                return result
        raise StepFailedError(f"{name}: {result.attempts}\n{result.log[-6000:]}")

    def _import(self, importer: dict[str, Any], component: dict[str, Any]) -> StepResult:
        """importer_launcher.go; nothing is copied."""
        uri = importer["artifactUri"]["constant"]
        local_path(uri, self._pod)  # ParseProviderFromPath
        [(output, definition)] = component["outputDefinitions"]["artifacts"].items()
        artifact = {
            "uri": uri,
            "type": importer["typeSchema"],
            "metadata": importer.get("metadata", {}),
        }
        assert definition["artifactType"] == importer["typeSchema"]
        number = self.metadata.record(output, artifact)
        return StepResult("succeeded", outputs={output: number}, uris={output: uri})

    def _resolve(self, task: dict[str, Any]) -> dict[str, Any]:
        """resolve.go."""
        given = task.get("inputs", {})
        values = {}
        for name, parameter in given.get("parameters", {}).items():
            if "componentInputParameter" in parameter:
                source = parameter["componentInputParameter"]
                assert source in self._parameters, (
                    f"parent DAG does not have input parameter {source}"
                )
                values[name] = self._parameters[source]
            else:
                values[name] = parameter["runtimeValue"]["constant"]
        artifacts = {}
        for key, spec in given.get("artifacts", {}).items():
            source = spec["taskOutputArtifact"]
            number = self.results[source["producerTask"]].outputs[source["outputArtifactKey"]]
            artifacts[key] = {"artifacts": [self.metadata.as_input(number)]}
        return {"parameterValues": values, "artifacts": artifacts}

    def _provision(self, name: str, component: dict[str, Any]) -> dict[str, Any]:
        """provisionOutputs of driver.go."""
        declared = dict(component.get("outputDefinitions", {}).get("artifacts", {}))
        if self._publish_logs:
            declared["executor-logs"] = {"artifactType": {"schemaTitle": "system.Artifact"}}
        task_root = f"{self._run_root}/{name}/{uuid.uuid4()}"
        artifacts = {
            key: {
                "artifacts": [
                    {
                        "name": key,
                        "uri": f"{task_root}/{key}",
                        "type": spec["artifactType"],
                        "metadata": spec.get("metadata", {}),
                    }
                ]
            }
            for key, spec in declared.items()
        }
        output_file = local_path(task_root, self._pod) / "output_metadata.json"
        return {"artifacts": artifacts, "outputFile": str(output_file)}

    def _launch(
        self, container: dict[str, Any], message: dict[str, Any], result: StepResult
    ) -> bool:
        """launcher_v2.go, in a pod whose file system is empty."""
        shutil.rmtree(self._pod, ignore_errors=True)
        home = self._pod / "home"
        home.mkdir(parents=True)
        for artifacts in message["inputs"]["artifacts"].values():
            for artifact in artifacts["artifacts"]:
                self.store.download(artifact["uri"], local_path(artifact["uri"], self._pod))
        for artifacts in message["outputs"]["artifacts"].values():
            for artifact in artifacts["artifacts"]:
                local_path(artifact["uri"], self._pod).parent.mkdir(parents=True, exist_ok=True)
        # The message is one of KFP's: an unknown or misspelt field is an error here.
        json_format.ParseDict(message, pipeline_spec_pb2.ExecutorInput())
        text = json.dumps(message)
        started = time.monotonic()
        process = subprocess.run(
            [part.replace("{{$}}", text) for part in (*container["command"], *container["args"])],
            cwd=home,
            env=self._clean_environment(container, home),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        result.seconds = time.monotonic() - started
        result.log += process.stdout
        for artifact in (
            message["outputs"]["artifacts"].get("executor-logs", {}).get("artifacts", [])
        ):
            local_path(artifact["uri"], self._pod).write_text(process.stdout)
        result.attempts.append(process.returncode)
        if process.returncode:
            return False
        self._publish(message["outputs"], result)
        return True

    def _clean_environment(self, container: dict[str, Any], home: Path) -> dict[str, str]:
        declared = {entry["name"]: entry["value"] for entry in container.get("env", [])}
        return {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOME": str(home),
            "TMPDIR": str(home),
            # The package is installed in an image.
            "PYTHONPATH": str(REPOSITORY),
            "MICLE_LAUNCHER_ROOT": str(self._pod),
            **{name: os.environ[name] for name in ("LANG",) if name in os.environ},
            **self._environment,
            **declared,
        }

    def _publish(self, outputs: dict[str, Any], result: StepResult) -> None:
        """getExecutorOutputFile and uploadOutputArtifacts."""
        file = Path(outputs["outputFile"])
        written = json.loads(file.read_text()) if file.exists() else {}
        json_format.ParseDict(written, pipeline_spec_pb2.ExecutorOutput())
        for key, artifacts in outputs["artifacts"].items():
            [artifact] = artifacts["artifacts"]
            listed = written.get("artifacts", {}).get(key, {}).get("artifacts", [])
            if listed and key != "executor-logs":
                artifact = {
                    **artifact,
                    # mergeRuntimeArtifacts: a URI that is not empty takes the place of KFP's.
                    "uri": listed[0].get("uri") or artifact["uri"],
                    "metadata": {**artifact["metadata"], **listed[0].get("metadata", {})},
                }
            self.store.upload(local_path(artifact["uri"], self._pod), artifact["uri"])
            result.outputs[key] = self.metadata.record(key, artifact)
            result.uris[key] = artifact["uri"]


def _resolved_image(image: str, inputs: dict[str, Any]) -> str:
    """resolvePodSpecInputRuntimeParameter of resolve.go."""
    match = _INPUT.fullmatch(image)
    return inputs["parameterValues"][match.group(1)] if match else image
