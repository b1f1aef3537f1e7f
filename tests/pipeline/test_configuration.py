"""The YAML file: what is understood, and what is said about mistakes."""

from pathlib import Path

import pytest
import yaml

from pipeline.configuration import load_configuration
from pipeline.demo_data.size import DemoSize
from trainer.augmentation_presets import PRESETS, preset
from trainer.errors import UserError
from trainer.sweep_settings import PAPER_SWEEP

MINIMAL = {
    "name": "skin",
    "output_dir": "runs/skin",
    "data": {
        "medical": {"manifest": "m.csv", "task": "multi_class", "classes": ["well", "ill"]},
    },
    "report": {"title": "Skin", "intended_use": "Research"},
}


def write(directory: Path, **changes) -> str:
    path = directory / "configuration.yaml"
    path.write_text(yaml.safe_dump(MINIMAL | changes))
    return str(path)


def message_of(path: str) -> str:
    with pytest.raises(UserError) as error:
        load_configuration(path)
    return str(error.value)


# A study has tests of its own (tests/pipeline/study).
SHIPPED = sorted(
    path for path in Path("configs").glob("*.yaml") if not path.stem.startswith("study-")
)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_every_shipped_configuration_is_valid(path):
    assert load_configuration(str(path)).name == path.stem


def test_manifests_are_relative_to_the_yaml_file(tmp_path):
    configuration = load_configuration(write(tmp_path))
    assert configuration.data.medical.manifest == str(tmp_path / "m.csv")


def test_a_uri_stays_as_it_is(tmp_path):
    data = {"medical": MINIMAL["data"]["medical"] | {"manifest": "gs://bucket/m.csv"}}
    assert load_configuration(write(tmp_path, data=data)).data.medical.manifest == (
        "gs://bucket/m.csv"
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"sed": 1}, "sed: unknown field"),
        (
            {
                "model_check": {
                    "serving_endpoint": "http://localhost:8501/v1/models/m",
                    "serving_directory": "runs/skin/serving/",
                }
            },
            "model_check.serving_directory lies where champions are served",
        ),
        (
            {"registry": "minio://b/r", "serving": "s"},
            "registry: minio://b/r: must be a folder or a bucket: s3://",
        ),
        (
            {"registry": "s3://b/r", "serving": "s3://b/s"},
            "serving: s3://b/s: must be a folder",
        ),
        ({"encoder": {"width": 2}}, "encoder.width: unknown field"),
        ({"encoder": {"architecture": "vgg"}}, "encoder.architecture: must be 'resnet18'"),
        ({"encoder": {"image_size": 8}}, "encoder: image_size must be at least 16. Received: 8"),
        ({"name": "Skin Run"}, "name: must be at most 42 lower-case letters"),
        ({"report": {"title": "Skin"}}, "report.intended_use: is missing"),
        (
            {"pretraining": [{"data": "natural", "method": "simclr"}]},
            "pretraining uses natural images, but data.natural is not given",
        ),
        (
            {"pretraining": [{"data": "natural", "method": "micle"}]},
            "pretraining.0: micle needs several images a case",
        ),
        (
            {
                "pretraining": [
                    {"data": "medical", "method": "micle", "training": {"temperature": 0}}
                ]
            },
            "pretraining.0.training: temperature must be above 0. Received: 0",
        ),
        (
            {"fine_tuning": {"training": {"class_weights": {"worse": 2}}}},
            "fine_tuning.training.class_weights names worse, which is not among",
        ),
        (
            {"fine_tuning": {"training": {"class_weights": "even"}}},
            "fine_tuning.training: class_weights must be none, balanced, or a factor by class",
        ),
        ({"fine_tuning": {"sweep": "papers"}}, "fine_tuning.sweep: must be paper, or hold"),
        (
            {"fine_tuning": {"sweep": {"learning_rates": [], "weight_decays": [0]}}},
            "fine_tuning.sweep: learning_rates must hold one or more different numbers",
        ),
        (
            {"evaluation": {"crossings": [["site", "scanner"]]}},
            "evaluation.crossings: scanner: no such feature. There are age_group",
        ),
        (
            {"gate": {"max_calibration_error": 0.1}},
            "gate.max_calibration_error: expected fields below it, as in {name: value}",
        ),
        ({"encoder": "resnet18"}, "encoder: expected fields below it"),
        (
            {"fine_tuning": {"label_fraction": 1.5}},
            "fine_tuning.label_fraction: must be at most 1. Received: 1.5",
        ),
        (
            {"gate": {"minimum": [{"metric": "f1", "bound": 0.5}]}},
            "gate.minimum.0: metric must be one of",
        ),
        (
            {"gate": {"minimum": [{"metric": "auc:il", "bound": 0.5}]}},
            "gate.minimum: auc:il: no such class. There are well, ill",
        ),
        (
            {"gate": {"sample_size": [{"count": "positives:il", "bound": 5}]}},
            "gate.sample_size: positives:il: no such class. There are well, ill",
        ),
        (
            {"gate": {"max_shift_gap": {"metric": "top_3_accuracy", "bound": 0.5}}},
            "gate.max_shift_gap: this task has no top_3_accuracy; it has mean_auc",
        ),
    ],
)
def test_a_mistake_is_one_line_that_names_the_field(tmp_path, changes, expected):
    path = write(tmp_path, **changes)
    message = message_of(path)
    assert message.startswith(f"{path}: {expected}")
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ({}, "/here/runs/registry"),
        ({"registry": "models", "serving": "served"}, "/here/models"),
        ({"registry": "gs://models/registry", "serving": "served"}, "gs://models/registry"),
    ],
)
def test_the_registry_is_an_absolute_folder_or_a_bucket(tmp_path, monkeypatch, given, used):
    monkeypatch.chdir(tmp_path)
    configuration = load_configuration(write(tmp_path, output_dir="runs", **given))
    assert configuration.registry_location == used.replace("/here", str(tmp_path))


def test_the_sweep_of_the_paper_is_written_as_one_word(tmp_path):
    configuration = load_configuration(write(tmp_path, fine_tuning={"sweep": "paper"}))
    assert configuration.fine_tuning.sweep == PAPER_SWEEP


def generating(what) -> dict:
    return {"data": MINIMAL["data"] | {"generate": what}}


def test_synthetic_data_are_as_many_as_the_demos_or_as_said(tmp_path):
    demo = load_configuration(write(tmp_path, **generating("demo")))
    assert demo.data.generate == DemoSize()
    more = {"cases": {"north": 1200}, "natural_images": 30}
    larger = load_configuration(write(tmp_path, **generating(more)))
    assert larger.data.generate.model_dump() == more


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("lots", "data.generate: must be demo, or hold cases and natural_images. Received: lots"),
        ({"cases": {"moon": 1}}, "data.generate.cases.moon"),
        ({"cases": {}}, "data.generate.cases"),
        ({"cases": {"north": 0}}, "data.generate.cases.north"),
        ({"images": 3}, "data.generate.images"),
    ],
)
def test_synthetic_data_that_cannot_be_drawn_are_refused(tmp_path, what, expected):
    assert expected in message_of(write(tmp_path, **generating(what)))


def test_label_smoothing_of_findings_is_refused(tmp_path):
    data = {"medical": MINIMAL["data"]["medical"] | {"task": "multi_label"}}
    fine_tuning = {"training": {"label_smoothing": 0.1}}
    message = message_of(write(tmp_path, data=data, fine_tuning=fine_tuning))
    assert "fine_tuning.training.label_smoothing is for multi_class only" in message
    assert len(message.splitlines()) == 1


def test_every_mistake_has_a_line_of_its_own(tmp_path):
    message = message_of(write(tmp_path, sed=1, encoder={"width": 2}))
    assert len(message.splitlines()) == 2


def test_a_missing_file_and_broken_yaml_are_named(tmp_path):
    assert message_of(str(tmp_path / "no.yaml")).endswith(
        "cannot be read (No such file or directory). Check the path."
    )
    path = tmp_path / "broken.yaml"
    path.write_text("name: [")
    assert "not valid YAML" in message_of(str(path))
    path.write_text("just text")
    assert "expected fields" in message_of(str(path))


def test_a_preset_fills_an_augmentation_and_further_fields_override_it(tmp_path):
    step = {"data": "medical", "method": "micle"}
    augmentation = {"preset": "chest_xray", "rotation_degrees": 10}
    path = write(
        tmp_path,
        pretraining=[step | {"training": {"augmentation": augmentation}}],
        fine_tuning={"training": {"augmentation": {"preset": "fine_tuning_dermatology"}}},
    )
    configuration = load_configuration(path)
    assert configuration.pretraining[0].training.augmentation == preset(
        "chest_xray", rotation_degrees=10.0
    )
    assert configuration.fine_tuning.training.augmentation == preset("fine_tuning_dermatology")


def test_an_unknown_preset_is_answered_with_the_known_ones(tmp_path):
    path = write(tmp_path, fine_tuning={"training": {"augmentation": {"preset": "retina"}}})
    assert message_of(path) == (
        f"{path}: fine_tuning.training: preset must be one of {', '.join(PRESETS)}. "
        "Received: retina"
    )


def test_crops_too_small_for_the_image_size_are_refused_with_what_fits(tmp_path):
    step = {"data": "medical", "method": "simclr"}
    step["training"] = {"augmentation": {"preset": "dermatology"}}
    message = message_of(write(tmp_path, encoder={"image_size": 24}, pretraining=[step]))
    assert "pretraining.0.training.augmentation.crop_area" in message
    assert "at least 29" in message and len(message.splitlines()) == 1
