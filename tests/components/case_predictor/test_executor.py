"""The record of one case: labels as vectors, slice features, pseudonyms as they came."""

from datetime import date

import numpy as np
import pytest
import tensorflow as tf

from components.case_predictor.executor import prediction_record
from components.case_predictor.predictions import PredictionCard, read_card
from components.fine_tuner.model_card import (
    FROZEN_ON,
    ModelCard,
    model_digest,
    read_frozen_on,
    read_model_card,
    write_frozen_on,
)
from trainer.errors import UserError


def card(task: str) -> ModelCard:
    return ModelCard(
        model_name="MICLe",
        task=task,
        classes=("well", "ill", "worse"),
        operating_point={"well": 0.5, "ill": 0.25, "worse": 0.1},
        operating_point_rule="Youden",
        label_fraction=0.5,
        label_cases=10,
        seed=0,
        pretraining=("SimCLR on natural images",),
    )


def case(images: int = 1, **features) -> tf.train.Example:
    example = tf.train.Example()
    for name in ("case_id", "patient_id", "site", "sex", "age_group"):
        example.features.feature[name].bytes_list.value.append(f"{name}-value".encode())
    example.features.feature["image"].bytes_list.value.extend([b"x"] * images)
    for name, values in features.items():
        feature = example.features.feature[name]
        if name in ("label", "view", "case_feature"):
            feature.bytes_list.value.extend(value.encode() for value in values)
        else:
            feature.float_list.value.extend(values)
    return example


SCORES = np.array([0.125, 0.25, 0.625], np.float32)


def record(raw: tf.train.Example, task: str, split: str = "test") -> dict:
    features = prediction_record(raw, split, SCORES, card(task)).features.feature
    return {
        name: list(feature.float_list.value) or feature.bytes_list.value[0].decode()
        for name, feature in features.items()
    }


def test_a_class_becomes_a_one_hot_vector_that_is_wholly_known():
    result = record(case(label=["ill"]), "multi_class")
    assert (result["label"], result["label_weight"]) == ([0, 1, 0], [1, 1, 1])
    assert result["score"] == [0.125, 0.25, 0.625]


def test_an_unlabelled_case_weighs_nothing():
    assert record(case(), "multi_class")["label_weight"] == [0, 0, 0]


def test_findings_keep_their_values_and_weights():
    raw = case(finding_value=[1, 0, 0], finding_weight=[1, 1, 0])
    result = record(raw, "multi_label")
    assert (result["label"], result["label_weight"]) == ([1, 0, 0], [1, 1, 0])


@pytest.mark.parametrize(
    ("split", "distribution"), [("test", "in_distribution"), ("shifted", "shifted")]
)
def test_slice_features_are_those_of_the_case(split, distribution):
    result = record(case(images=3, label=["ill"]), "multi_class", split)
    assert (result["split"], result["distribution"]) == (split, distribution)
    assert result["image_count"] == "several_images"
    assert record(case(), "multi_class")["image_count"] == "single_image"
    raw = case(images=3, view=["lateral", "PA", "PA"], case_feature=["scanner=GE", "skin=a=b"])
    result = record(raw, "multi_class", split)
    assert (result["view"], result["scanner"], result["skin"]) == ("PA + lateral", "GE", "a=b")
    for name in ("case_id", "patient_id", "site", "sex", "age_group"):
        assert result[name] == f"{name}-value"


def test_the_card_travels_with_the_model_and_its_digest_changes_with_any_file(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"graph")
    card("multi_class").write(str(tmp_path))
    assert read_model_card(str(tmp_path)) == card("multi_class")
    before = model_digest(str(tmp_path))
    assert before == model_digest(str(tmp_path))
    (tmp_path / "saved_model.pb").write_bytes(b"grapH")
    assert model_digest(str(tmp_path)) != before


def test_the_day_of_the_operating_point_travels_with_the_model_outside_its_digest(tmp_path):
    card("multi_class").write(str(tmp_path))
    assert read_frozen_on(str(tmp_path)) is None
    digests = {model_digest(str(tmp_path))}
    for day in (date(2026, 1, 31), date(2026, 2, 1)):
        write_frozen_on(str(tmp_path), day)
        assert read_frozen_on(str(tmp_path)) == day.isoformat()
        digests.add(model_digest(str(tmp_path)))
    assert len(digests) == 1


def test_what_is_no_day_is_refused(tmp_path):
    card("multi_class").write(str(tmp_path))
    (tmp_path / FROZEN_ON).write_text("<b>yesterday</b>")
    with pytest.raises(UserError, match="is no day"):
        read_frozen_on(str(tmp_path))


def test_the_prediction_card_survives_its_file(tmp_path):
    fields = vars(card("multi_label"))
    written = PredictionCard(**fields, model_digest="abc")
    written.write(str(tmp_path))
    assert read_card(str(tmp_path)) == written


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(UserError, match="no model of this pipeline"):
        read_model_card(str(tmp_path))
