"""What a cluster is told names its own places, and none of this machine."""

import dataclasses

import pytest

from components.case_example_gen.external_set import ExternalSet
from pipeline.cluster_view import as_the_cluster_sees, fingerprint_of
from pipeline.configuration import Configuration, load_configuration

OTHER = {"name": "other", "manifest": "other.csv", "labels": {"opacity": "Opacity"}}


def configured(**manifests) -> Configuration:
    values = load_configuration("configs/demo.yaml").model_dump()
    values["data"]["medical"]["external"] = [OTHER]
    values["cluster"]["manifests"]["external"] = {"other": "gs://bucket/other.csv"} | manifests
    return Configuration.model_validate(values)


def test_every_manifest_and_the_key_are_those_of_the_cluster():
    here = configured()
    there = as_the_cluster_sees(here, here.cluster)
    assert there.data.medical.manifest == "gs://my-bucket/data/demo/medical/manifest.csv"
    assert there.data.natural.manifest == "gs://my-bucket/data/demo/natural/manifest.csv"
    assert [e.manifest for e in there.data.medical.external] == ["gs://bucket/other.csv"]
    assert there.data.pseudonym_key_file == "/secrets/pseudonym/pseudonym.key"
    assert there.initial_encoder is None
    assert there.data.medical.classes == here.data.medical.classes


def test_an_external_collection_that_the_cluster_cannot_see_is_refused():
    with pytest.raises(ValueError, match=r"cluster\.manifests\.external\.other: is missing"):
        configured(other="other.csv")


def test_data_that_lie_here_too_are_told_apart_by_their_content(tmp_path):
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("image,case_id,patient_id,site\n")
    here = dataclasses.replace(configured().data.natural, manifest=str(manifest))
    there = dataclasses.replace(here, manifest="gs://bucket/manifest.csv")
    first = fingerprint_of(here, there)
    manifest.write_text("image,case_id,patient_id,site\na.png,1,1,x\n")
    assert fingerprint_of(here, there) != first


def test_data_that_lie_there_alone_are_told_apart_by_all_their_places(tmp_path):
    here = dataclasses.replace(configured().data.medical, manifest=str(tmp_path / "no.csv"))
    there = dataclasses.replace(here, manifest="gs://bucket/manifest.csv")
    other = dataclasses.replace(
        there, external=(ExternalSet("other", "gs://b/x.csv", {"opacity": "A"}),)
    )
    assert fingerprint_of(here, there) != fingerprint_of(here, other)
