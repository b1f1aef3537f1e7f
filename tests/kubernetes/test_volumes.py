"""The Job that gives the volumes to the steps, and its program on folders of this machine."""

import os
import stat
import subprocess
import sys

import pytest

from tests.kubernetes.manifests import by_name, containers, objects, pod_template

GROUP = 65532


def check(tmp_path):
    """Runs the Job's program, with folders here in place of its volumes."""
    [job] = objects("check-volumes", "Job")
    program = containers(job)[0]["args"][0]
    for mount in containers(job)[0]["volumeMounts"]:
        program = program.replace(mount["mountPath"], str(tmp_path) + mount["mountPath"])
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)


@pytest.fixture
def volumes(tmp_path):
    if os.getuid() != 0:
        pytest.skip("needs root, to give a folder to another group")
    folders = [tmp_path / "checkpoints", tmp_path / "registry"]
    for folder in folders:
        folder.mkdir()
        os.chown(folder, -1, GROUP)
        folder.chmod(0o2775)
    return folders


def test_volumes_of_the_group_pass(volumes, tmp_path):
    done = check(tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("can be written, has locks and hard links") == 2


def test_a_volume_of_another_group_is_told(volumes, tmp_path):
    os.chown(volumes[1], -1, 0)
    told = check(tmp_path)
    assert told.returncode != 0
    assert "/registry: group 0" in told.stderr and "does not take fsGroup" in told.stderr


def test_a_volume_that_the_group_cannot_write_is_told(volumes, tmp_path):
    volumes[0].chmod(0o755)
    told = check(tmp_path)
    assert told.returncode != 0
    assert f"/checkpoints: group {GROUP}, mode {stat.S_IFDIR | 0o755:o}" in told.stderr


def test_the_job_has_the_rights_of_a_step_and_mounts_what_steps_mount():
    [job] = objects("check-volumes", "Job")
    security = pod_template(job)["spec"]["securityContext"]
    assert security["runAsUser"] == security["runAsGroup"] == security["fsGroup"] == GROUP
    claims = {
        volume["persistentVolumeClaim"]["claimName"]
        for volume in pod_template(job)["spec"]["volumes"]
    }
    assert claims == by_name("gke", "PersistentVolumeClaim").keys()
