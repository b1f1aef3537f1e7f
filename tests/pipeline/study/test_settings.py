"""What a study file may say, and what is refused before anything runs."""

from pathlib import Path

import pytest
import yaml

from pipeline.study.settings import load_study
from tests.pipeline.study.study_files import BASE, labelled_natural, study, write_study
from trainer.errors import UserError


def test_the_steps_of_the_base_are_known_by_method_and_data(tmp_path):
    found = study(tmp_path)
    assert found.steps["simclr-natural"].training.epochs == 8
    assert found.steps["micle-medical"].pairs.rounds == 8


def test_the_study_takes_the_place_of_the_bases_name_and_folder(tmp_path):
    found = study(tmp_path)
    assert (found.base.name, found.base.output_dir) == ("study", "runs/study")


def test_a_base_may_show_the_very_study_in_its_report(tmp_path):
    values = yaml.safe_load(Path(BASE).read_text()) | {"study": "runs/study/study/study.json"}
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(values | {"cluster": None}))
    assert study(tmp_path, base="base.yaml").base.study is None


def test_a_step_of_the_study_takes_the_place_of_one_of_the_base(tmp_path):
    steps = {"simclr-natural": {"data": "natural", "method": "simclr", "training": {"epochs": 3}}}
    found = study(tmp_path, steps=steps, initialisations={"random": [], "own": ["simclr-natural"]})
    assert found.steps["simclr-natural"].training.epochs == 3


def test_encoder_and_fine_tuning_of_the_study_take_the_place_of_the_bases(tmp_path):
    encoder = {"architecture": "resnet34", "image_size": 64}
    found = study(tmp_path, encoder=encoder, fine_tuning={"training": {"epochs": 7}})
    assert found.base.encoder.architecture == "resnet34"
    assert found.base.fine_tuning.training.epochs == 7
    assert found.base.data.medical.classes[0] == "opacity"


def test_natural_classes_are_those_of_the_manifest(tmp_path):
    found = study(
        tmp_path,
        natural_labels=labelled_natural(tmp_path),
        initialisations={"random": [], "supervised": ["supervised-natural"]},
    )
    natural = found.base.data.natural
    assert (natural.task, natural.classes) == ("multi_class", ("cat", "tree"))


def test_natural_images_that_no_start_uses_are_not_read(tmp_path):
    found = study(tmp_path, initialisations={"random": [], "own": ["simclr-medical"]})
    assert found.base.data.natural is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"steps": {"micle-natural": {"data": "natural", "method": "micle"}}},
            "micle needs several images a case",
        ),
        (
            {"initialisations": {"random": [], "a": ["simclr-natural"], "b": ["simclr-natural"]}},
            "a and b are the same",
        ),
        ({"baseline": "imagenet"}, "baseline: there is no initialisation imagenet"),
        ({"label_fractions": [0.5, 0.5]}, "label_fractions must hold each value once"),
        ({"label_fractions": [0.1, 0.1000001]}, "label_fractions: 0.1 and 0.1000001 are too close"),
        ({"label_fractions": [0.0, 0.5]}, "label_fractions must be above 0"),
        (
            {"label_fractions": [float("nan"), 1.0]},
            "label_fractions must be above 0, at most 1. Received: nan",
        ),
        ({"label_fractions": 0.5}, "label_fractions: must be a list, as in [one, another]"),
        ({"name": "My Study"}, "name: must be at most 42 lower-case letters, digits and hyphens"),
        (
            {"initialisations": {"random": [], "My Start": ["simclr-natural"]}},
            "initialisations.My Start: must be at most 32 lower-case letters",
        ),
        ({"steps": ["simclr-natural"]}, "steps: expected fields below it, as in {name: value}"),
        ({"steps": {"a": 3}}, "steps.a: expected fields below it"),
        (
            {"steps": {"a": {"data": "natural", "method": "simclr", "trainning": {}}}},
            "steps.a.trainning: unknown field",
        ),
        (
            {"steps": {"a": {"data": "natural", "method": "moco"}}},
            "steps.a.method: must be 'simclr', 'micle', 'supervised' or 'ready'. Received: moco",
        ),
        (
            {"steps": {"a": {"data": "natural"}}},
            "steps.a.method: must be 'simclr', 'micle', 'supervised' or 'ready'.",
        ),
        (
            {
                "steps": {
                    "a": {"data": "natural", "method": "simclr", "training": {"temperature": 0}}
                }
            },
            "steps.a.training: temperature must be above 0. Received: 0",
        ),
        (
            {"steps": {"a": {"method": "ready", "encoder": "a", "cluster_encoder": "/a"}}},
            "steps.a.cluster_encoder: must be a gs://, s3:// or minio:// URI. Received: /a",
        ),
        (
            {"fine_tuning": {"training": {"trainable": "head"}}},
            "fine_tuning.training.trainable: the study's own field trainable says it for all arms",
        ),
        (
            {"fine_tuning": {"label_fraction": 0.5}},
            "fine_tuning.label_fraction: the study's own field label_fractions says it",
        ),
        ({"base": "none.yaml"}, "base: there is no file"),
        (
            {"natural_labels": {"manifest": "none.csv"}},
            "natural_labels.manifest: ",
        ),
        ({"seeds": [1, 1]}, "seeds must hold each value once"),
        ({"seeds": [-1]}, "seeds must be 0 or more"),
        ({"metric": "accuracy"}, "a multi_label study has mean_auc"),
        ({"initialisations": {"random": [], "a": ["moco"]}}, "there is no step moco"),
        (
            {"initialisations": {"random": [], "a": ["simclr-medical", "simclr-medical"]}},
            "a step appears twice",
        ),
        (
            {"initialisations": {"random": [], "a": ["supervised-natural"]}},
            "needs labelled natural images",
        ),
        (
            {"initialisations": {"random": [], "a": ["simclr-medical", "supervised-natural"]}},
            "starts from random weights",
        ),
        ({"initialisations": {"random": []}}, "initialisations: must hold at least 2, and holds 1"),
        (
            {"shared_steps": ["simclr-medical"]},
            "simclr-medical is one of shared_steps and simclr-natural, before it, is not",
        ),
        ({"contrasts": [["both", "moco"]]}, "contrasts: there is no initialisation moco"),
        ({"contrasts": [["both", "both"]]}, "both cannot be compared with itself"),
        ({"contrasts": [["both", "micle"]] * 2}, "contrasts must hold each pair once"),
        (
            {"contrasts": [["both", "micle"], ["micle", "both"]]},
            "contrasts must hold each pair once: [both, micle] and [micle, both] are one",
        ),
        ({"shared_steps": ["moco"]}, "shared_steps: no initialisation goes through moco"),
        (
            {"own_fine_tuning": {"moco": {"epochs": 3}}},
            "own_fine_tuning: there is no initialisation moco",
        ),
        (
            {"own_fine_tuning": {"micle": {"trainable": "head"}}},
            "own_fine_tuning.micle.trainable: the study's own field trainable says it",
        ),
        (
            {"own_fine_tuning": {"micle": {"label_smoothing": 0.1}}},
            "own_fine_tuning.micle.label_smoothing is for multi_class only",
        ),
        ({"own_fine_tuning": {"micle": {"moco": 3}}}, "own_fine_tuning.micle.moco: unknown field"),
        (
            {"own_fine_tuning": {"micle": {"augmentation": {"crop_area": [0.001, 1.0]}}}},
            "own_fine_tuning.micle.augmentation.crop_area: its smallest crop is",
        ),
        ({"epochs": 3}, "epochs: unknown field"),
        ({"encoder": {"depth": 3}}, "encoder.depth: unknown field"),
        (
            {"encoder": {"image_size": 16}},
            "crop_area: its smallest crop is",
        ),
    ],
)
def test_a_mistake_is_a_line_with_the_file_and_the_field(tmp_path, changes, words):
    with pytest.raises(UserError) as caught:
        study(tmp_path, **changes)
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path / 'study.yaml'}: ")
    assert "configuration:" not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_mistakes_of_several_steps_are_told_together(tmp_path):
    steps = {"a": {"method": "moco"}, "b": {"method": "ready", "depth": 3}}
    with pytest.raises(UserError) as caught:
        study(tmp_path, steps=steps)
    fields = [line.split(": ")[1] for line in str(caught.value).splitlines()]
    assert fields == ["steps.a.method", "steps.b.encoder", "steps.b.depth"]


def test_a_supervised_start_has_no_head_to_fine_tune_from(tmp_path):
    changes = {
        "natural_labels": labelled_natural(tmp_path),
        "initialisations": {"random": [], "supervised": ["supervised-natural"]},
        "fine_tuning": {"training": {"features_from": "projection_first_layer"}},
    }
    with pytest.raises(UserError, match=r"own_fine_tuning\.supervised\.features_from to encoder"):
        study(tmp_path, **changes)
    own = {"supervised": {"features_from": "encoder"}}
    assert study(tmp_path, own_fine_tuning=own, **changes)


def test_the_same_steps_may_be_fine_tuned_in_two_ways(tmp_path):
    starts = {"random": [], "a": ["simclr-natural"], "b": ["simclr-natural"]}
    own = {"b": {"learning_rate": 0.002}}
    found = study(tmp_path, initialisations=starts, own_fine_tuning=own)
    assert found.fine_tuning_of("b").learning_rate == 0.002
    with pytest.raises(UserError, match="a and b are the same"):
        study(tmp_path, initialisations=starts, own_fine_tuning={"b": {}})


SIMCLR = {"data": "medical", "method": "simclr", "training": {"epochs": 3}}


def test_one_step_under_two_names_is_refused(tmp_path):
    """It would be trained twice."""
    starts = {"random": [], "a": ["one"], "b": ["other", "micle-medical"]}
    steps = {"one": SIMCLR, "other": {**SIMCLR, "watch": {"every": 3}}}
    with pytest.raises(UserError, match="steps: one and other are the same step under two names"):
        study(tmp_path, steps=steps, initialisations=starts)


def test_one_step_under_two_names_at_two_places_is_two_encoders(tmp_path):
    starts = {"random": [], "a": ["one"], "b": ["simclr-natural", "other"]}
    assert study(tmp_path, steps={"one": SIMCLR, "other": SIMCLR}, initialisations=starts)


def test_one_step_may_be_trained_once_and_once_a_seed(tmp_path):
    starts = {"random": [], "a": ["one"], "b": ["other"]}
    changes = {
        "steps": {"one": SIMCLR, "other": SIMCLR},
        "initialisations": starts,
        "shared_steps": ["one"],
    }
    assert study(tmp_path, seeds=[0, 1], **changes)
    with pytest.raises(UserError, match="a and b are the same"):
        study(tmp_path, seeds=[0], **changes)


def test_a_base_with_two_steps_of_one_name_is_refused_unless_the_study_says_which(tmp_path):
    base = yaml.safe_load(Path(BASE).read_text()) | {"cluster": None}
    base["pretraining"].append(SIMCLR)
    base["pretraining"].append({**SIMCLR, "training": {"epochs": 4}})
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(base))
    starts = {"random": [], "a": ["simclr-medical"]}
    words = "base: two of its pretraining steps would be known as simclr-medical. Say in steps"
    with pytest.raises(UserError, match=words):
        study(tmp_path, base="base.yaml", steps={}, initialisations=starts)
    steps = {"simclr-medical": SIMCLR}
    found = study(tmp_path, base="base.yaml", steps=steps, initialisations=starts)
    assert found.steps["simclr-medical"].training.epochs == 3


def test_natural_labels_that_are_not_there_are_said(tmp_path):
    with pytest.raises(UserError, match=r"none\.csv: cannot be read \(No such file"):
        study(tmp_path, natural_labels={"manifest": "none.csv"})


def test_a_missing_base_is_said(tmp_path):
    with pytest.raises(UserError, match="base: is missing"):
        load_study(write_study(tmp_path, base=None))


def test_natural_labels_without_their_column_are_said(tmp_path):
    (tmp_path / "natural.csv").write_text("image,case_id\na,a\n")
    with pytest.raises(UserError, match="there is no column 'label'"):
        study(tmp_path, natural_labels={"manifest": "natural.csv"})
