"""Hosts of a TPU slice: one process reaches the devices and files of all of them."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
TPU_NAME = "grpc://localhost:{},grpc://localhost:{}"

# As the trainer connects, but for the TPUs themselves, which no CPU has.
DRIVER = """
import tensorflow as tf
resolver = tf.distribute.cluster_resolver.TPUClusterResolver()
tf.config.experimental_connect_to_cluster(resolver)
for device in tf.config.list_logical_devices("CPU"):
    with tf.device(device.name):
        print(device.name, tf.io.read_file({path!r}).numpy().decode())
"""


@pytest.fixture(scope="module")
def ports():
    found = []
    for _ in range(2):
        with socket.socket() as free:
            free.bind(("localhost", 0))
            found.append(free.getsockname()[1])
    return found


@pytest.fixture(scope="module")
def hosts(ports):
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "trainer.tpu_host", str(port)],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        for port in ports
    ]
    for host in started:
        assert any("serving at" in line for line in host.stderr)
    yield started
    for host in started:
        host.kill()


@pytest.mark.slow
def test_one_process_computes_on_all_hosts_which_read_files_themselves(hosts, ports, tmp_path):
    (tmp_path / "record").write_text("read here")
    environment = {**os.environ, "TPU_NAME": TPU_NAME.format(*ports)}
    told = subprocess.run(
        [sys.executable, "-c", DRIVER.format(path=str(tmp_path / "record"))],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert told.returncode == 0, told.stderr
    remote = [line for line in told.stdout.splitlines() if "worker" in line]
    assert [line.split("/device")[0][-1] for line in remote] == ["0", "1"]
    assert all(line.endswith("read here") for line in remote)


@pytest.mark.slow
def test_a_host_ends_at_sigterm(hosts):
    for host in hosts:
        host.send_signal(signal.SIGTERM)
    assert [host.wait(timeout=30) for host in hosts] == [128 + signal.SIGTERM] * 2
