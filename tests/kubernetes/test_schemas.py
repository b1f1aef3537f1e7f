"""Every overlay builds, and each of its objects is one that Kubernetes 1.37 takes."""

import copy
from pathlib import Path

import jsonschema
import kubernetes_validate
import pytest
import yaml

from tests.kubernetes.manifests import OVERLAYS, everywhere, named, objects, with_pods

KUBERNETES = "1.37"
CUSTOM = yaml.safe_load(Path(__file__).with_name("custom_resources.yaml").read_text())


def validate(part):
    schema = CUSTOM.get(f"{part['apiVersion']} {part['kind']}")
    if schema is None:
        kubernetes_validate.validate(part, KUBERNETES, strict=True)
    else:
        jsonschema.Draft202012Validator(schema).validate(part["spec"])


@pytest.mark.parametrize("pair", everywhere(), ids=named)
def test_an_object_follows_its_schema(pair):
    validate(pair[1])


@pytest.mark.parametrize("pair", with_pods("training-tpu-slice"), ids=named)
def test_a_job_within_a_job_set_follows_its_schema(pair):
    validate(pair[1])


@pytest.mark.parametrize("kind", ["NetworkPolicy", "PersistentVolumeClaim"])
def test_a_misspelt_field_of_kubernetes_own_objects_is_found(kind):
    part = copy.deepcopy(objects("gke", kind)[0])
    part["spec"]["misspelt"] = True
    with pytest.raises(jsonschema.ValidationError, match="misspelt"):
        validate(part)


@pytest.mark.parametrize("kind", ["ContainerNodePool", "IAMPolicyMember"])
def test_a_misspelt_field_of_a_custom_resource_is_found(kind):
    part = copy.deepcopy(objects("gke-infrastructure", kind)[0])
    part["spec"]["misspelt"] = True
    with pytest.raises(jsonschema.ValidationError, match="misspelt"):
        validate(part)


def test_every_schema_of_a_custom_resource_is_of_use():
    used = {f"{part['apiVersion']} {part['kind']}" for _, part in everywhere()}
    assert set(CUSTOM) <= used


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_two_objects_of_an_overlay_have_one_name(overlay):
    names = [
        (part["kind"], part["metadata"].get("namespace"), part["metadata"]["name"])
        for part in objects(overlay)
    ]
    assert len(names) == len(set(names))
