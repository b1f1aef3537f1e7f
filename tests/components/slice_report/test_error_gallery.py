"""The most confident errors: picked by hand-made scores, drawn only where asked for."""

import dataclasses
import io
import json

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from components.case_predictor import predictions
from components.slice_report.error_gallery import confident_errors, thumbnails
from components.slice_report.render import render
from components.slice_report.report import write_report
from components.slice_report.report_data import report_data
from schemas import case_features
from tests.components.site_evaluator.prediction_files import make_card
from tests.components.slice_report.simulated_evaluation import simulated_inputs
from tests.components.slice_report.test_report_files import VALIDATOR

# Case, site, split, labels, weights, scores of edema and effusion; the threshold is 0.5.
CASES = (
    ("right", "north", "test", (1, 0), (1, 1), (0.9, 0.1)),
    ("sure", "north", "test", (0, 0), (1, 1), (0.97, 0.2)),
    ("less sure", "north", "test", (1, 0), (1, 1), (0.4, 0.1)),
    ("missed", "north", "test", (0, 1), (1, 1), (0.1, 0.05)),
    ("unknown", "north", "test", (0, 0), (0, 1), (0.99, 0.2)),
    ("tuned on", "north", "validation", (0, 0), (1, 1), (0.99, 0.2)),
    ("away", "island <b>", "shifted", (0, 1), (1, 1), (0.2, 0.3)),
)


def example(texts, vectors):
    record = tf.train.Example()
    for name, text in texts.items():
        value = text if isinstance(text, bytes) else text.encode()
        record.features.feature[name].bytes_list.value.append(value)
    for name, vector in vectors.items():
        record.features.feature[name].float_list.value.extend(vector)
    return record.SerializeToString()


def write_records(path, records):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path), tf.io.TFRecordOptions("GZIP")) as writer:
        for record in records:
            writer.write(record)


@pytest.fixture
def scored(tmp_path):
    directory = tmp_path / "predictions"
    records = [
        example(
            {predictions.CASE_ID: case, predictions.SITE: site, predictions.SPLIT: split},
            {predictions.LABEL: label, predictions.LABEL_WEIGHT: weight, predictions.SCORE: score},
        )
        for case, site, split, label, weight, score in CASES
    ]
    write_records(directory / "predictions-0.gz", records)
    make_card().write(str(directory))
    return str(directory)


def image(brightness):
    output = io.BytesIO()
    pixels = np.full((400, 200, 3), brightness, np.uint8)
    Image.fromarray(pixels).save(output, "PNG", pnginfo=None)
    return output.getvalue()


@pytest.fixture
def examples(tmp_path):
    directory = tmp_path / "examples"
    for split in ("test", "shifted"):
        records = [
            example({case_features.CASE_ID: case, case_features.IMAGE: image(200)}, {})
            for case, _, of_split, *_ in CASES
            if of_split == split
        ]
        write_records(directory / f"Split-{split}" / "data.gz", records)
    return str(directory)


def test_the_surest_errors_of_each_site_come_first_and_only_on_evaluated_known_labels(scored):
    found = confident_errors(scored, per_site=2)
    assert [(error.site, error.case_id) for error in found] == [
        ("island <b>", "away"),
        ("north", "missed"),
        ("north", "less sure"),
        ("north", "sure"),
    ]
    away, missed, _, sure = found
    assert (sure.truth, sure.predicted) == (None, "edema")
    assert (missed.truth, missed.predicted) == ("effusion", None)
    assert missed.score == pytest.approx(0.05)
    assert [error.kind for error in found] == ["missed", "missed", "missed", "false_alarm"]
    # From the threshold of 0.5, as a share of the way to 0 or to 1.
    assert missed.confidence == pytest.approx(0.45 / 0.5)
    assert away.confidence == pytest.approx(0.2 / 0.5)
    assert sure.confidence == pytest.approx(0.47 / 0.5)


def scored_by(directory, threshold, **scores):
    """Predictions of one finding at one site: present in cases whose name begins with `ill`."""
    records = [
        example(
            {predictions.CASE_ID: case, predictions.SITE: "north", predictions.SPLIT: "test"},
            {
                predictions.LABEL: (float(case.startswith("ill")),),
                predictions.LABEL_WEIGHT: (1,),
                predictions.SCORE: (score,),
            },
        )
        for case, score in scores.items()
    ]
    write_records(directory / "predictions-0.gz", records)
    make_card("multi_label", ("edema",), threshold).write(str(directory))
    return str(directory)


def test_at_a_low_threshold_misses_do_not_crowd_out_false_alarms(tmp_path):
    misses = {f"ill_{number}": 0.24 - 0.01 * number for number in range(5)}
    scored = scored_by(tmp_path, 0.25, **misses, well_near=0.35, well_far=0.85, well=0.1)
    found = confident_errors(scored, per_site=2)
    assert [(error.kind, error.case_id) for error in found] == [
        ("missed", "ill_4"),
        ("missed", "ill_3"),
        ("false_alarm", "well_far"),
        ("false_alarm", "well_near"),
    ]
    expected = [(0.25 - 0.2) / 0.25, (0.25 - 0.21) / 0.25, 0.6 / 0.75, 0.1 / 0.75]
    assert [error.confidence for error in found] == pytest.approx(expected, abs=1e-6)


def test_a_threshold_of_1_leaves_no_room_above_it(tmp_path):
    (error,) = confident_errors(scored_by(tmp_path, 1.0, well=1.0), per_site=1)
    assert (error.kind, error.confidence) == ("false_alarm", 0.0)


def test_one_of_several_classes_is_wrong_where_another_is_most_probable(tmp_path):
    records = [
        example(
            {predictions.CASE_ID: "a", predictions.SITE: "north", predictions.SPLIT: "test"},
            {
                predictions.LABEL: (1, 0),
                predictions.LABEL_WEIGHT: (1, 1),
                predictions.SCORE: (0.2, 0.8),
            },
        )
    ]
    write_records(tmp_path / "predictions-0.gz", records)
    make_card("multi_class", ("naevus", "melanoma")).write(str(tmp_path))
    (error,) = confident_errors(str(tmp_path), 3)
    assert (error.truth, error.predicted) == ("naevus", "melanoma")
    assert error.score == error.confidence == pytest.approx(0.8)
    assert (error.kind, error.threshold) == ("confused", None)


def test_a_thumbnail_is_small_and_of_the_cases_named(scored, examples):
    found = confident_errors(scored, per_site=1)
    drawn = thumbnails(examples, found)
    assert set(drawn) == {"away", "missed", "sure"}
    assert all(address.startswith("data:image/jpeg;base64,") for address in drawn.values())
    assert max(len(address) for address in drawn.values()) < 20_000


def test_the_page_shows_them_under_a_banner_and_the_json_holds_no_image(scored, examples, tmp_path):
    found = confident_errors(scored, per_site=2)
    inputs = dataclasses.replace(
        simulated_inputs("multi_label"),
        errors=tuple(found),
        thumbnails=thumbnails(examples, found),
    )
    write_report(str(tmp_path / "report"), inputs)
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert page.count("<img ") == 4
    assert page.count("<h4>Missed</h4>") == 2
    assert page.count("<h4>False alarms</h4>") == 1
    assert "stated probability 0.970, threshold 0.5" in page
    assert page.count("This page holds images of patients") == 2
    assert "edema: marked, and absent" in page
    assert page.count('<div class="picture">') == 4
    data = (tmp_path / "report" / "report.json").read_text(encoding="utf-8")
    VALIDATOR.validate(json.loads(data))
    assert "base64" not in data


def test_a_case_without_a_picture_says_so(scored):
    found = confident_errors(scored, per_site=1)
    inputs = dataclasses.replace(simulated_inputs("multi_label"), errors=tuple(found))
    page = render(report_data(inputs))
    assert page.count("no image</div>") == len(found) == 3


def test_without_asking_there_is_no_image_and_no_banner():
    page = render(report_data(simulated_inputs("multi_label")))
    assert "<img" not in page
    assert "images of patients" not in page
