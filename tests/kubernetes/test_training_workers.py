"""Pods of one training: TF_CONFIG names them all, and what is taken away comes back."""

import json

import pytest

from tests.kubernetes.manifests import by_name, containers, jobs_of, objects, pod_template
from tests.kubernetes.test_node_pools import POOLS, node_labels, taints
from trainer.tpu_host import PORT

OVERLAYS = ["training-gpu", "training-tpu"]


def job(overlay):
    [found] = objects(overlay, "Job")
    return found


def tf_config(overlay, worker):
    """What TensorFlow reads in a worker; Kubernetes puts its number in."""
    [variable] = [v for v in containers(job(overlay))[0]["env"] if v["name"] == "TF_CONFIG"]
    return json.loads(variable["value"].replace("$(WORKER)", str(worker)))


def test_tf_config_names_every_pod_of_the_job_by_the_name_it_has():
    found = job("training-gpu")
    assert found["spec"]["completionMode"] == "Indexed"
    workers = found["spec"]["completions"]
    assert found["spec"]["parallelism"] == workers
    [service] = objects("training-gpu", "Service")
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["publishNotReadyAddresses"] is True
    subdomain = pod_template(found)["spec"]["subdomain"]
    assert subdomain == service["metadata"]["name"]
    [port] = [port["containerPort"] for port in containers(found)[0]["ports"]]
    for worker in range(workers):
        config = tf_config("training-gpu", worker)
        assert config["task"] == {"type": "worker", "index": worker}
        assert config["cluster"]["worker"] == [
            f"{found['metadata']['name']}-{number}.{subdomain}:{port}" for number in range(workers)
        ]


def test_the_number_of_a_worker_is_that_of_its_pod():
    variables = containers(job("training-gpu"))[0]["env"]
    # Kubernetes puts a variable into those that come after it only.
    assert [variable["name"] for variable in variables] == ["WORKER", "TF_CONFIG"]
    path = variables[0]["valueFrom"]["fieldRef"]["fieldPath"]
    assert path == "metadata.annotations['batch.kubernetes.io/job-completion-index']"


def test_a_tpu_host_is_a_training_of_its_own():
    found = job("training-tpu")
    assert found["spec"]["completions"] == found["spec"]["parallelism"] == 1
    assert not containers(found)[0].get("env")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_machine_taken_away_does_not_count_and_a_mistake_ends_the_job(overlay):
    spec = job(overlay)["spec"]
    rules = {rule["action"]: rule for rule in spec["podFailurePolicy"]["rules"]}
    assert rules["Ignore"]["onPodConditions"][0]["type"] == "DisruptionTarget"
    # As `micle pretrain` ends; tests/pipeline/test_pretrain_command.py.
    assert rules["FailJob"]["onExitCodes"]["values"] == [2]
    assert spec["backoffLimitPerIndex"] >= 10
    # Kubernetes takes such a policy with these alone.
    assert pod_template(job(overlay))["spec"]["restartPolicy"] == "Never"
    assert spec["podReplacementPolicy"] == "Failed"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_there_is_time_for_a_checkpoint_on_a_volume_that_outlives_the_pod(overlay):
    spec = pod_template(job(overlay))["spec"]
    assert spec["terminationGracePeriodSeconds"] >= 60
    arguments = dict(a.split("=") for a in containers(job(overlay))[0]["args"])
    mounts = {m["mountPath"]: m["name"] for m in containers(job(overlay))[0]["volumeMounts"]}
    volume = {v["name"]: v for v in spec["volumes"]}[mounts[arguments["--checkpoints"]]]
    claim = volume["persistentVolumeClaim"]["claimName"]
    modes = by_name("gke", "PersistentVolumeClaim")[claim]["spec"]["accessModes"]
    assert modes == ["ReadWriteMany"]


@pytest.mark.parametrize(
    ("overlay", "pool"), [("training-gpu", "gpu-a100-8"), ("training-tpu", "tpu-v6e-2x4")]
)
def test_workers_land_on_a_node_pool_that_has_room_for_all(overlay, pool):
    spec = pod_template(job(overlay))["spec"]
    assert spec["nodeSelector"].items() <= node_labels(POOLS[pool]).items()
    assert taints(POOLS[pool]) <= {toleration["key"] for toleration in spec["tolerations"]}
    asked = containers(job(overlay))[0]["resources"]["limits"]
    [kind] = {"nvidia.com/gpu", "google.com/tpu"} & asked.keys()
    assert asked[kind] == "8"
    most = POOLS[pool]["spec"]["autoscaling"]["maxNodeCount"]
    assert job(overlay)["spec"]["completions"] <= most


def test_a_slice_has_a_server_on_every_host_and_the_training_knows_them_all():
    [job_set] = objects("training-tpu-slice", "JobSet")
    hosts, training = jobs_of(job_set)
    assert containers(hosts)[0]["command"] == ["python", "-m", "trainer.tpu_host"]
    assert [port["containerPort"] for port in containers(hosts)[0]["ports"]] == [PORT]
    variables = {v["name"]: v["value"] for v in containers(training)[0]["env"]}
    network = job_set["spec"]["network"]
    assert network["enableDNSHostnames"] is network["publishNotReadyAddresses"] is True
    # A pod of a JobSet is called SET-JOB-NUMBER-INDEX, in the subdomain.
    assert variables["TPU_NAME"].split(",") == [
        f"grpc://{hosts['metadata']['name']}-{index}.{network['subdomain']}:{PORT}"
        for index in range(hosts["spec"]["completions"])
    ]
    assert job_set["spec"]["replicatedJobs"][1]["dependsOn"] == [
        {"name": "host", "status": "Ready"}
    ]


def test_a_slice_is_whole_and_lands_on_its_pool():
    [job_set] = objects("training-tpu-slice", "JobSet")
    hosts, training = jobs_of(job_set)
    pool = POOLS["tpu-v6e-4x4"]
    spec = pod_template(hosts)["spec"]
    assert spec["nodeSelector"].items() <= node_labels(pool).items()
    assert taints(pool) <= {toleration["key"] for toleration in spec["tolerations"]}
    workers = hosts["spec"]["completions"]
    assert workers == hosts["spec"]["parallelism"] == pool["spec"]["autoscaling"]["maxNodeCount"]
    asked = containers(hosts)[0]["resources"]["limits"]["google.com/tpu"]
    assert int(asked) * workers == 16
    # One host less, and all begin again; no Job tries by itself.
    assert hosts["spec"]["backoffLimit"] == training["spec"]["backoffLimit"] == 0
    assert job_set["spec"]["failurePolicy"]["maxRestarts"] >= 10
    success = job_set["spec"]["successPolicy"]
    assert success == {"operator": "All", "targetReplicatedJobs": ["training"]}
