"""The compiled pipeline, executed step by step from the YAML alone, does what a local run does."""

import json
from pathlib import Path

import pytest
import yaml

from components.promotion_gate.verdict import read_verdict
from pipeline.configuration import load_configuration
from pipeline.kubeflow_compiler import compile_pipeline
from tests.kubeflow.player import Player

pytestmark = pytest.mark.slow


def cluster_section(data: Path, volumes: Path, key_file: Path) -> dict:
    """A cluster whose volumes and secrets are mounted where this machine has their files."""
    return {
        "image": "host/micle-tfx-cpu:test",
        "pipeline_root": "minio://mlpipeline/v2",
        "volumes": [
            {"claim": "micle-checkpoints", "mount_path": str(volumes / "checkpoints")},
            {"claim": "micle-registry", "mount_path": str(volumes / "registry")},
            {"claim": "images", "mount_path": str(data)},
        ],
        "secrets": [{"secret": "micle-pseudonym-key", "mount_path": str(key_file.parent)}],
        "checkpoint_root": str(volumes / "checkpoints"),
        "registry": str(volumes / "registry"),
        "serving": str(volumes / "registry" / "serving"),
        "pseudonym_key_file": str(key_file),
        "manifests": {name: str(data / name / "manifest.csv") for name in ("natural", "medical")},
    }


@pytest.fixture(scope="module")
def played(finished, tmp_path_factory) -> Player:
    run, completed = finished
    assert completed.returncode == 0, completed.stderr
    folder = tmp_path_factory.mktemp("cluster")
    values = yaml.safe_load(run.configuration.read_text())
    key_file = run.output / "pseudonym.key"
    values["cluster"] = cluster_section(run.data, folder / "volumes", key_file)
    configuration = folder / "tiny.yaml"
    configuration.write_text(yaml.safe_dump(values))
    compile_pipeline(load_configuration(str(configuration)), folder / "compiled.yaml")
    player = Player(
        folder / "compiled.yaml", folder, pipeline_root=values["cluster"]["pipeline_root"]
    )
    player.run(lambda name, result: print(f"{name} {result.seconds:.0f} s", flush=True))
    return player


def local_artifact(run, node_id: str, output: str) -> Path:
    [execution] = (run.output / "artifacts" / node_id / output).iterdir()
    return execution


def played_artifact(player: Player, node_id: str, output: str) -> Path:
    return player.store.path(player.results[node_id].uris[output])


def test_every_step_succeeded_in_its_first_attempt(played):
    assert len(played.results) > 20
    assert {result.state for result in played.results.values()} == {"succeeded"}
    assert {tuple(result.attempts) for result in played.results.values()} == {(0,)}


def report_of(folder: Path) -> dict:
    """The report without run and digests: of configuration, data's place, and the SavedModels."""
    report = json.loads((folder / "report.json").read_text())
    for name in ("configuration_digest", "data_fingerprint", "run_id"):
        del report["run"][name]
    for model in report["models"].values():
        del model["model_digest"]
    return report


def values_of(content: object, place: str = "") -> dict[str, object]:
    """Every value of nested lists and objects, by its place."""
    if isinstance(content, dict):
        parts = list(content.items())
    elif isinstance(content, list):
        parts = list(enumerate(content))
    else:
        return {place: content}
    return {k: v for name, part in parts for k, v in values_of(part, f"{place}/{name}").items()}


def test_every_number_of_the_report_is_that_of_the_local_run(finished, played):
    """But for the last bits: Beam adds up in the order in which its workers are done."""
    run, _ = finished
    there = values_of(report_of(played_artifact(played, "slice-report", "report")))
    here = values_of(report_of(run.output / "report"))
    numbers = {place for place, value in here.items() if isinstance(value, float)}
    assert {k: v for k, v in there.items() if k not in numbers} == {
        k: v for k, v in here.items() if k not in numbers
    }
    assert {k: there[k] for k in numbers} == pytest.approx(
        {k: here[k] for k in numbers}, rel=1e-9, abs=1e-12
    )


def test_the_gate_rules_as_it_does_here(finished, played):
    run, _ = finished
    there = read_verdict(str(played_artifact(played, "promotion-gate", "verdict")))
    assert there == read_verdict(str(local_artifact(run, "promotion-gate", "verdict")))


def test_the_promoted_model_lies_on_the_volume(played):
    [claim] = [
        p
        for p in played.specification["root"]["dag"]["tasks"]["pusher"]["inputs"][
            "parameters"
        ].items()
        if p[0] == "push_destination"
    ]
    folder = json.loads(claim[1]["runtimeValue"]["constant"])["filesystem"]["base_directory"]
    [version] = Path(folder).iterdir()
    assert (version / "saved_model.pb").is_file()


def test_a_log_is_lines_of_json_without_identifiers(finished, played):
    run, _ = finished
    import csv

    with (run.data / "medical" / "manifest.csv").open() as file:
        raw = {row[name] for row in csv.DictReader(file) for name in ("patient_id", "case_id")}
    for name, result in played.results.items():
        assert not [identifier for identifier in raw if identifier in result.log], name
        lines = [line for line in result.log.splitlines() if line.startswith("{")]
        assert all(json.loads(line)["severity"] for line in lines), name
