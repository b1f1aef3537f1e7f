"""The `cluster` section: mistakes are found when the configuration is read."""

from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from pipeline.cluster_settings import ClusterSection, is_under, kind_of_step
from pipeline.configuration import load_configuration
from trainer.errors import UserError

DIGEST = "registry.example/micle@sha256:" + "0" * 64
SECTION = {"image": DIGEST, "pipeline_root": "gs://bucket/root"}
GPU = {"kind": "gpu", "accelerator": "nvidia-l4", "count": 1, "price_per_hour": 0.7}


def section(**changes) -> ClusterSection:
    return ClusterSection.model_validate(SECTION | changes)


def test_a_kind_of_step_has_its_pool_and_takes_the_rest_from_the_default():
    cluster = section(
        pools={"small": {"kind": "cpu"}, "gpu": GPU},
        steps={
            "default": {"pool": "small", "timeout_hours": 2},
            "pretraining": {"pool": "gpu", "retries": {"count": 9}},
        },
    )
    assert cluster.pool_name("pretrain-1-medical-simclr") == "gpu"
    assert cluster.pool("pretrain-1-medical-simclr").price_per_hour == 0.7
    assert cluster.pool_name("fine-tune-candidate") == "small"
    pretraining, other = cluster.steps.of("pretrain-1-x-y"), cluster.steps.of("pusher")
    assert (pretraining.retries.count, pretraining.timeout_hours) == (9, 2)
    assert (other.retries.count, other.timeout_hours, other.caching) == (3, 2, True)


def test_without_pools_every_step_runs_on_a_cpu():
    assert section().pool("pretrain-1-medical-simclr").kind == "cpu"


@pytest.mark.parametrize(
    ("node_id", "kind"),
    [
        ("pretrain-2-medical-micle", "pretraining"),
        ("fine-tune-baseline", "fine_tuning"),
        ("predict-champion", "prediction"),
        ("pairs-2", "default"),
    ],
)
def test_a_step_is_of_a_kind(node_id, kind):
    assert kind_of_step(node_id) == kind


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"steps": {"pretraining": {"pool": "gpus"}}, "pools": {"gpu": GPU}},
            "steps.pretraining.pool: there is no pool gpus. Name one of gpu, or add it",
        ),
        ({"pools": {}}, "must name at least one pool"),
        ({"pools": {"My-Pool": GPU}}, "lower-case letters"),
        ({"image": "micle-tfx"}, "may be another image tomorrow"),
        ({"image": "host:5000/micle-tfx"}, "may be another image tomorrow"),
        ({"image": "host/micle-tfx:latest"}, "may be another image tomorrow"),
        ({"image": "host/micle-tfx@sha256:0"}, "may be another image tomorrow"),
        ({"pools": {"gpu": GPU | {"image": "a/b"}}}, "pools.gpu.image: a/b"),
        ({"pipeline_root": "/mnt/root"}, "must be a gs://, s3:// or minio:// URI"),
        ({"pipeline_root": "s3://b/r", "artifacts": "direct"}, "artifacts: mounted, which works"),
        ({"environment": {"HF_TOKEN": "x"}}, "environment.HF_TOKEN looks like a secret"),
        ({"checkpoint_root": "/tmp/x"}, "checkpoint_root: /tmp/x lies on no shared volume"),
        ({"registry": "/registry-old"}, "registry: /registry-old lies on no shared volume"),
        ({"registry": "minio://b/r"}, "registry: minio://b/r: must be a folder or a bucket"),
        ({"serving": "gs://b/r"}, "serving: gs://b/r lies on no shared volume"),
        ({"pseudonym_key_file": "/key"}, "lies in no mounted secret. Put it under one of"),
        ({"initial_encoder": "/encoder"}, "which Kubeflow imports. Received: /encoder"),
        ({"steps": {"training": {}}}, "steps.training"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(changes, message):
    with pytest.raises(ValidationError, match=message.replace("(", r"\(")):
        section(**changes)


@pytest.mark.parametrize("image", [DIGEST, "host:5000/a/micle-tfx:0.1.0"])
def test_an_image_with_a_tag_or_a_digest_is_taken(image):
    assert section(image=image).image == image


def test_the_registry_may_lie_in_a_bucket():
    assert section(registry="gs://b/registry").registry == "gs://b/registry"


def test_the_key_may_lie_in_a_bucket_that_beams_workers_reach():
    assert section(pseudonym_key_file="gs://b/key").pseudonym_key_file == "gs://b/key"


def test_a_path_is_under_a_directory_by_its_parts():
    assert is_under("/a/b", "/a") and is_under("/a", "/a/") and not is_under("/ab", "/a")
    assert not is_under("/a/../b", "/a")


@pytest.mark.parametrize("name", ["demo", "chest", "ham10000"])
def test_shipped_configurations_name_a_cluster_by_its_file(name):
    cluster = load_configuration(f"configs/{name}.yaml").cluster
    assert cluster.pool("pretrain-1-natural-simclr").accelerator == "nvidia-l4"
    assert cluster.manifests.medical.startswith("gs://")


def changed(tmp_path, **changes) -> str:
    values = yaml.safe_load(Path("configs/demo.yaml").read_text())
    shared = yaml.safe_load(Path("configs/clusters/gke.yaml").read_text())
    own = {name: value for name, value in values["cluster"].items() if name != "file"}
    values["cluster"] = shared | own | changes.pop("cluster", {})
    path = tmp_path / "changed.yaml"
    path.write_text(yaml.safe_dump(values | changes))
    return str(path)


def test_a_manifest_that_the_cluster_cannot_see_is_refused(tmp_path):
    path = changed(tmp_path, cluster={"manifests": {"natural": "gs://b/n.csv"}})
    with pytest.raises(UserError, match=r"cluster\.manifests\.medical: is missing"):
        load_configuration(path)


def test_a_manifest_on_a_shared_volume_is_seen(tmp_path):
    volumes = [
        {"claim": "micle-checkpoints", "mount_path": "/checkpoints"},
        {"claim": "micle-registry", "mount_path": "/registry"},
        {"claim": "images", "mount_path": "/data"},
    ]
    manifests = {"natural": "/data/n.csv", "medical": "/data/m.csv"}
    path = changed(tmp_path, cluster={"manifests": manifests, "volumes": volumes})
    assert load_configuration(path).cluster.manifests.medical == "/data/m.csv"


def test_a_ready_encoder_needs_a_place_that_kubeflow_can_import(tmp_path):
    with pytest.raises(UserError, match=r"cluster\.initial_encoder: is missing"):
        load_configuration(changed(tmp_path, initial_encoder="runs/encoder"))


def test_fine_tuning_on_a_tpu_is_refused_unless_it_is_meant(tmp_path):
    steps = {"fine_tuning": {"pool": "tpu"}}
    with pytest.raises(UserError, match="fine-tuning takes no TPU unless distribution is tpu"):
        load_configuration(changed(tmp_path, cluster={"steps": steps}))
    load_configuration(changed(tmp_path, cluster={"steps": steps}, distribution="tpu"))


def test_a_cluster_file_that_is_not_there_is_named(tmp_path):
    values = yaml.safe_load(Path("configs/demo.yaml").read_text())
    path = tmp_path / "demo.yaml"
    path.write_text(yaml.safe_dump(values))
    with pytest.raises(UserError, match=r"gke\.yaml: cannot be read"):
        load_configuration(str(path))


def test_validate_refuses_it_too(tmp_path):
    import subprocess
    import sys

    steps = {"pretraining": {"pool": "gpus"}}
    path = changed(tmp_path, cluster={"steps": steps})
    command = [sys.executable, "-m", "pipeline", "validate", path]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert completed.returncode == 1
    assert "cluster: steps.pretraining.pool: there is no pool gpus" in completed.stderr
