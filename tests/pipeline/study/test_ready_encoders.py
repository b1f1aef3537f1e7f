"""Starts from encoders that are there: published weights, or those of another study."""

from pathlib import Path

import pytest
import yaml

from pipeline.study.arms import arms_of, encoders_of
from pipeline.study.checks import validate_study
from pipeline.study.compiler import compile_study
from pipeline.study.cost import arm_cost
from pipeline.study.encoder_links import link_encoders
from pipeline.study.graph import build_study_nodes
from pipeline.study.question import study_question
from pipeline.study.settings import load_study
from tests.pipeline.study.study_files import finish, study
from tests.pipeline.study.test_graph import PLACES
from tests.trainer.encoder_cards import encoder_card
from trainer.encoder_artifact import save_encoder
from trainer.encoders import build_encoder
from trainer.errors import UserError
from trainer.settings import EncoderSettings

ENCODER = {"architecture": "resnet18", "width_multiplier": 0.125, "image_size": 32}
STARTS = {"random": [], "published": ["published"], "medical": ["published", "simclr-medical"]}


def ready_study(directory: Path, **changes):
    ready = {"method": "ready", "encoder": "published", **changes.pop("ready", {})}
    return study(
        directory,
        encoder=ENCODER,
        steps={
            "published": ready,
            "simclr-medical": {
                "data": "medical",
                "method": "simclr",
                "training": {"augmentation": {"crop_area": [0.3, 1.0]}},
            },
        },
        **{"initialisations": STARTS, **changes},
    )


@pytest.fixture
def published(tmp_path):
    """An encoder in a folder, and a link to it, as a study leaves one."""
    settings = EncoderSettings(**ENCODER)
    folder = tmp_path / "executions" / "7"
    save_encoder(str(folder), build_encoder(settings, seed=0), encoder_card(settings))
    (tmp_path / "published").symlink_to(folder)
    return folder


def test_a_ready_encoder_is_one_for_all_seeds_and_trained_by_nobody(tmp_path, published):
    found = ready_study(tmp_path)
    [ready] = [encoder for encoder in encoders_of(found) if encoder.is_ready]
    starts = {arm.encoder for arm in arms_of(found) if arm.initialisation == "published"}
    assert starts == {ready}
    nodes = {node.id: node for node in build_study_nodes(found, PLACES)}
    trained = [name for name in nodes if name.startswith("pretrain-")]
    assert trained == ["pretrain-simclr-medical-b04e-s0", "pretrain-simclr-medical-b04e-s1"]
    for name in (*trained, "fine-tune-published-f50-s0", "fine-tune-published-f50-s1"):
        parent = nodes[name].inputs["initial_encoder"].producer_component_id
        assert parent == ready.node_id == "encoder-published"


def test_its_folder_is_relative_to_the_study_and_a_link_is_followed(tmp_path, published):
    # The link may be turned to another encoder; a result in the cache must then not be taken.
    assert ready_study(tmp_path).steps["published"].encoder == str(published)


def test_natural_images_are_not_read_for_it(tmp_path, published):
    assert ready_study(tmp_path).base.data.natural is None


def test_a_shared_step_may_follow_it(tmp_path, published):
    found = ready_study(tmp_path, shared_steps=["simclr-medical"])
    assert len(encoders_of(found)) == 2


def test_it_costs_no_training_and_is_named_on_the_page(tmp_path, published):
    found = ready_study(tmp_path)
    finished = finish(found, tmp_path)
    [arm, *_] = [arm for arm in arms_of(found) if arm.initialisation == "published"]
    assert finished.has_arm(arm)
    cost = arm_cost(arm, finished)
    assert (cost.pretraining_seconds, cost.has_ready_encoder) == (0.0, True)
    steps = {start.name: start.steps for start in study_question(found).initialisations}
    assert steps["medical"] == ("the ready encoder published", "SimCLR medical")


@pytest.mark.parametrize(
    ("starts", "words"),
    [
        (
            {"random": [], "late": ["simclr-medical", "published"]},
            "published is ready, so nothing can come before it. Put it first",
        ),
    ],
)
def test_a_start_that_cannot_be_is_refused(tmp_path, published, starts, words):
    with pytest.raises(UserError, match=words):
        ready_study(tmp_path, initialisations=starts)


@pytest.mark.parametrize(
    "starts",
    [
        {"random": [], "a": ["one"], "b": ["other"]},
        {"random": [], "a": ["one"], "b": ["other", "micle-medical"]},
    ],
)
def test_one_folder_under_two_names_is_refused(tmp_path, published, starts):
    """Whatever a cluster calls it."""
    steps = {
        "one": {"method": "ready", "encoder": "published"},
        "other": {
            "method": "ready",
            "encoder": str(published),
            "cluster_encoder": "gs://bucket/other",
        },
    }
    with pytest.raises(UserError, match=r"(a and b|one and other) are the same"):
        study(tmp_path, encoder=ENCODER, steps=steps, initialisations=starts)


def errors_of(found) -> str:
    return "\n".join(finding.message for finding in validate_study(found, "study.yaml").errors)


@pytest.fixture
def data(tmp_path):
    """A base on one image, which is enough to come to the encoders."""
    values = yaml.safe_load(Path("configs/demo.yaml").read_text())
    rows = "image,case_id,patient_id,site,opacity\na.png,a,a,north,1\n"
    (tmp_path / "cases.csv").write_text(rows)
    medical = {"manifest": "cases.csv", "task": "multi_label", "classes": ["opacity"]}
    values |= {"data": {"medical": medical}, "pretraining": [], "cluster": None}
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(values))
    return str(tmp_path / "base.yaml")


def test_a_folder_without_weights_is_said_before_anything_runs(tmp_path, data):
    found = errors_of(ready_study(tmp_path, base=data))
    assert f"study.yaml: steps.published.encoder: '{tmp_path / 'published'}/" in found
    assert "is not there" in found


def test_another_network_is_said_before_anything_runs(tmp_path, data, published):
    found = errors_of(
        study(
            tmp_path,
            base=data,
            encoder={**ENCODER, "width_multiplier": 0.25},
            steps={"published": {"method": "ready", "encoder": "published"}},
            initialisations={"random": [], "published": ["published"]},
        )
    )
    assert "study.yaml: steps.published.encoder: " in found
    assert "width_multiplier" in found


def test_an_encoder_without_the_head_that_fine_tuning_needs_is_said(tmp_path, data, published):
    fine_tuning = {"training": {"features_from": "projection_first_layer"}}
    found = errors_of(ready_study(tmp_path, base=data, fine_tuning=fine_tuning))
    assert "study.yaml: steps.published.encoder: " in found
    assert "has no projection head" in found


def test_a_cluster_takes_it_from_its_uri(tmp_path, published):
    found = ready_study(tmp_path, ready={"cluster_encoder": "gs://bucket/published"})
    compile_study(found, tmp_path / "study.pipeline.yaml")
    compiled = (tmp_path / "study.pipeline.yaml").read_text()
    assert "gs://bucket/published" in compiled
    assert str(published) not in compiled


def test_compiling_needs_its_uri(tmp_path, published):
    with pytest.raises(UserError, match=r"steps\.published\.cluster_encoder: is missing"):
        compile_study(ready_study(tmp_path), tmp_path / "study.pipeline.yaml")


def test_a_studys_encoders_are_the_next_ones_ready_encoders(tmp_path, published):
    found = ready_study(tmp_path)
    finished = finish(found, tmp_path)
    [first, second] = [encoder for encoder in encoders_of(found) if not encoder.is_ready]
    for folder in (tmp_path / "executions" / "8", published):
        finished.add(first.node_id, 5.0, {"encoder": str(folder)}, cached=False)
        link_encoders(found, finished, tmp_path / "encoders")
        links = {link.name: link for link in (tmp_path / "encoders").iterdir()}
        assert set(links) == {first.role, second.role}
        assert links[first.role].resolve() == folder
    values = yaml.safe_load((tmp_path / "study.yaml").read_text())
    values["steps"]["published"]["encoder"] = f"encoders/{first.role}"
    (tmp_path / "next.yaml").write_text(yaml.safe_dump(values))
    assert load_study(str(tmp_path / "next.yaml")).steps["published"].encoder == str(published)
