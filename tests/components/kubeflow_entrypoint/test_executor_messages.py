"""What Kubeflow hands to a step becomes what TFX reads, and back."""

import copy

import pytest

from components.kubeflow_entrypoint.artifact_places import ArtifactPlaces
from components.kubeflow_entrypoint.executor_messages import input_for_tfx, output_for_kubeflow
from trainer.errors import UserError

MODEL = {"instanceSchema": "title: tfx.Model\ntype: object\n"}
EXAMPLES = {"instanceSchema": "title: tfx.Examples\ntype: object\n"}
SPEC = {
    "artifacts": {"model": {"artifactType": MODEL}, "examples": {"artifactType": EXAMPLES}},
    "parameters": {"seed": {"parameterType": "NUMBER_INTEGER"}},
}
# As the driver sends it: protojson of an input whose schema was lost.
SENT = {
    "inputs": {
        "parameterValues": {"seed": 3, "container_image": "host/micle:1"},
        "artifacts": {
            "model": {
                "artifacts": [
                    {
                        "name": "7",
                        "uri": "s3://bucket/root/train/1/model",
                        "type": {"instanceSchema": ""},
                        "metadata": {
                            "names": {"list": ["a", "b"]},
                            "sizes": {"struct": {"width": 2}},
                            "plain": {"list": [1], "more": 2},
                            "is_blessed": 1,
                            "display_name": "model",
                            "store_session_info": "{}",
                        },
                    }
                ]
            },
            "examples": {
                "artifacts": [{"uri": "s3://bucket/e1", "type": {}}, {"uri": "s3://bucket/e2"}]
            },
        },
    },
    "outputs": {
        "artifacts": {
            "blessing": {
                "artifacts": [{"name": "blessing", "uri": "s3://bucket/out/b", "type": MODEL}]
            },
            "executor-logs": {
                "artifacts": [
                    {"uri": "s3://bucket/out/logs", "type": {"schemaTitle": "system.Artifact"}}
                ]
            },
        },
        "outputFile": "/s3/bucket/out/output_metadata.json",
    },
}


def received(artifacts="mounted", sent=SENT):
    return input_for_tfx(sent, SPEC, ArtifactPlaces(artifacts))


def test_an_input_gets_back_the_type_that_kubeflow_lost():
    artifacts = received()["inputs"]["artifacts"]
    assert artifacts["model"]["artifacts"][0]["type"] == MODEL
    assert [a["type"] for a in artifacts["examples"]["artifacts"]] == [EXAMPLES, EXAMPLES]


def test_a_type_of_kubeflows_own_gives_way_to_the_declared_one():
    sent = copy.deepcopy(SENT)
    sent["inputs"]["artifacts"]["model"]["artifacts"][0]["type"] = {"schemaTitle": "system.Model"}
    assert received(sent=sent)["inputs"]["artifacts"]["model"]["artifacts"][0]["type"] == MODEL


def test_lists_and_structs_are_unwrapped_and_the_launchers_own_entries_left_out():
    [model] = received()["inputs"]["artifacts"]["model"]["artifacts"]
    assert model["metadata"] == {
        "names": ["a", "b"],
        "sizes": {"width": 2},
        "plain": {"list": [1], "more": 2},
        "is_blessed": 1,
    }


def test_the_executor_sees_only_the_parameters_of_its_specification():
    assert received()["inputs"]["parameterValues"] == {"seed": 3}


def test_the_launchers_log_file_is_no_output_of_the_executor():
    assert set(received()["outputs"]["artifacts"]) == {"blessing"}


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("gs://bucket/a/b", "/gcs/bucket/a/b"),
        ("s3://bucket/a", "/s3/bucket/a"),
        ("minio://bucket/a", "/minio/bucket/a"),
    ],
)
def test_mounted_every_artifact_is_the_copy_of_the_launcher(uri, path):
    assert ArtifactPlaces("mounted").of(uri, "tfx.Examples") == path
    assert ArtifactPlaces("mounted", "/other").of(uri, "tfx.Model") == "/other" + path


def test_direct_records_stream_from_beside_what_the_launcher_copies():
    places = ArtifactPlaces("direct")
    uri = "gs://bucket/a/1/examples"
    streamed = places.of(uri, "tfx.Examples")
    assert streamed == "gs://bucket/a/1/streamed-examples"
    # The launcher lists by prefix.
    assert not streamed.startswith(uri)
    assert places.of("gs://bucket/a/1/model", "tfx.Model") == "/gcs/bucket/a/1/model"


@pytest.mark.parametrize("uri", ["/local/path", "hdfs://host/a"])
def test_what_the_launcher_does_not_copy_is_refused(uri):
    with pytest.raises(UserError, match="copies gs://, s3:// and minio:// only"):
        ArtifactPlaces("mounted").of(uri, "tfx.Model")


def test_the_result_names_kubeflows_uris_and_holds_no_null():
    written = {
        "artifacts": {
            "blessing": {
                "artifacts": [
                    {
                        "name": "blessing",
                        "uri": "/s3/bucket/out/b",
                        "metadata": {"blessed": 1.0, "nothing": None},
                    }
                ]
            }
        },
        "parameterValues": {"x": 1},
    }
    assert output_for_kubeflow(written, SENT) == {
        "artifacts": {
            "blessing": {
                "artifacts": [
                    {"name": "blessing", "uri": "s3://bucket/out/b", "metadata": {"blessed": 1.0}}
                ]
            }
        },
        "parameterValues": {"x": 1},
    }
