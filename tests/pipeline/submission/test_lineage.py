"""Lineage over real gRPC, from ML Metadata's own store."""

import socket

import pytest

from pipeline.submission.gate_result import gate_result
from pipeline.submission.kubeflow_metadata import open_metadata, read_lineage
from trainer.errors import UserError


def read(server, run_id="run-1", timeout=5.0):
    return read_lineage(open_metadata(server.address, timeout), run_id, server.address)


def test_steps_are_joined_by_what_they_wrote_and_read(metadata_server):
    run = metadata_server.add_run("run-1")
    cases = run.add_step(
        "medical-cases",
        writes={"examples": ("Examples", "s3://b/examples", {"split_names": '["train"]'})},
    )
    run.add_step("medical-transform", reads=cases, cached=True)
    metadata_server.add_run("run-2").add_step("medical-cases")
    cases, transform = read(metadata_server)
    assert (cases.step, cases.state) == ("medical-cases", "complete")
    assert (transform.step, transform.state) == ("medical-transform", "cached")
    (written,) = cases.outputs
    assert (written.name, written.kind, written.uri) == ("examples", "Examples", "s3://b/examples")
    # Kubeflow's own notes, such as where the credentials of the store are, are left out.
    assert written.properties == {"split_names": '["train"]'}
    (read_back,) = transform.inputs
    assert read_back.producer == "medical-cases.examples"
    assert transform.outputs == ()


@pytest.mark.parametrize("blessed", [1, 0])
def test_the_gates_verdict_is_in_its_blessing(blessed, metadata_server):
    run = metadata_server.add_run("run-1")
    run.add_step(
        "promotion-gate",
        writes={
            "blessing": ("ModelBlessing", "s3://b/blessing", {"blessed": blessed}),
            "verdict": ("ModelEvaluation", "s3://b/verdict", {}),
        },
    )
    # Awaiting signatures, the registrar's blessing is no verdict of the gate.
    registrar = {"blessing": ("ModelBlessing", "s3://b/other", {"blessed": 1 - blessed})}
    run.add_step("model-registrar", writes=registrar)
    result = gate_result(read(metadata_server))
    assert result.passed is bool(blessed)
    assert result.verdict_uri == "s3://b/verdict"


def test_no_verdict_before_the_gate_has_one(metadata_server):
    metadata_server.add_run("run-1").add_step("promotion-gate", state="RUNNING")
    (record,) = read(metadata_server)
    assert record.state == "running"
    assert gate_result([record]) is None


def test_a_run_that_the_store_does_not_know(metadata_server):
    with pytest.raises(UserError, match=r"knows no run run-9\. It has not started its first step"):
        read(metadata_server, "run-9")


def test_a_store_that_hangs(metadata_server):
    metadata_server.hang = True
    with pytest.raises(UserError, match=r"no answer in time\. It is Kubeflow's metadata-grpc"):
        read(metadata_server, timeout=0.2)


def test_a_store_that_fails(metadata_server):
    metadata_server.refusal = "database\nis gone"
    with pytest.raises(UserError, match=r"failed \(database is gone\)"):
        read(metadata_server)


def test_nobody_listens_there():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(UserError, match=f"^--metadata {address}: cannot be reached"):
            read_lineage(open_metadata(address, 5), "run-1", address)


@pytest.mark.parametrize("address", ["localhost", ":8080", "http://localhost:x"])
def test_an_address_that_is_none(address):
    with pytest.raises(UserError, match="must be HOST:PORT"):
        open_metadata(address, 5)
