"""A real SavedModel in a real process: agreement, time, size, and what is said of a broken one."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tfx.types import artifact_utils, standard_artifacts

from components.artifact_types import ModelCheck as ModelCheckArtifact
from components.model_checker.canary import Canary, choose_canary
from components.model_checker.checking import check_model, largest_difference, size_mb
from components.model_checker.executor import Executor
from components.model_checker.model_check import read_model_check
from components.model_checker.settings import ModelCheckSettings
from trainer.errors import UserError
from trainer.settings import to_json

NAMES = [f"case-{number:02d}" for number in range(6)]


def raw_case(name: str) -> bytes:
    example = tf.train.Example()
    example.features.feature["case_id"].bytes_list.value.append(name.encode())
    return example.SerializeToString()


def score_of(case: bytes) -> list[float]:
    """Share of a case's bytes in 100, and what is left."""
    return [len(case) / 100, 1 - len(case) / 100]


@pytest.fixture(scope="module")
def saved_model(tmp_path_factory) -> str:
    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "examples")])
    def serve(examples):
        share = tf.cast(tf.strings.length(examples), tf.float32) / 100
        return {"scores": tf.stack([share, 1 - share], axis=1)}

    directory = str(tmp_path_factory.mktemp("model") / "Format-Serving")
    tf.saved_model.save(tf.Module(), directory, signatures={"serving_default": serve})
    return directory


def write_records(path: Path, records) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        for record in records:
            writer.write(record)


def prediction(name: str, scores) -> bytes:
    example = tf.train.Example.FromString(raw_case(name))
    example.features.feature["score"].float_list.value.extend(scores)
    return example.SerializeToString()


@pytest.fixture
def stored(tmp_path):
    """Cases of two splits and their predictions."""
    splits = {"test": NAMES[:3], "shifted": NAMES[3:]}
    for split, names in splits.items():
        write_records(tmp_path / "cases" / f"Split-{split}" / "a.gz", map(raw_case, names))
        records = [prediction(name, score_of(raw_case(name))) for name in names]
        write_records(tmp_path / "predictions" / f"predictions-{split}.gz", records)
    return tmp_path


def test_the_executor_finds_a_good_model_good(stored, saved_model):
    examples = standard_artifacts.Examples()
    examples.uri = str(stored / "cases")
    examples.split_names = artifact_utils.encode_split_names(["test", "shifted"])
    inputs = {"examples": [examples]}
    for name, kind, uri in (
        ("model", standard_artifacts.Model, Path(saved_model).parent),
        ("predictions", standard_artifacts.InferenceResult, stored / "predictions"),
    ):
        inputs[name] = [kind()]
        inputs[name][0].uri = str(uri)
    check = ModelCheckArtifact()
    check.uri = str(stored / "check")
    settings = to_json(ModelCheckSettings(cases=4))
    Executor().Do(inputs, {"check": [check]}, {"settings": settings})
    found = read_model_check(check.uri)
    assert (found.cases, found.problem, found.serving_problem) == (4, "", "")
    assert found.score_difference < 1e-6
    assert 0 < found.latency_ms < 1000
    assert found.size_mb == pytest.approx(size_mb(Path(saved_model)))


def test_a_model_that_cannot_be_loaded_is_a_finding(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"broken" * 1000)
    canary = Canary((raw_case("x"),), np.array([[0.5, 0.5]]))
    found = check_model(str(tmp_path), canary, ModelCheckSettings())
    assert "Error" in found.problem
    assert len(found.problem.splitlines()) == 1
    assert found.score_difference is None
    assert found.size_mb == 0.006


def test_a_model_that_takes_too_long_is_a_finding(saved_model):
    canary = Canary((raw_case("x"),), np.array([[0.5, 0.5]]))
    found = check_model(saved_model, canary, ModelCheckSettings(process_seconds=1))
    assert found.problem == "no scores within 1 s"


def test_the_same_cases_are_chosen_from_all_splits_whatever_their_order(stored):
    files = [str(path) for path in (stored / "cases").rglob("*.gz")]
    chosen = choose_canary(files, str(stored / "predictions"), 4)
    assert chosen.cases == tuple(map(raw_case, NAMES[:4]))
    assert choose_canary(files[::-1], str(stored / "predictions"), 4).cases == chosen.cases
    np.testing.assert_allclose(chosen.scores, [score_of(case) for case in chosen.cases])


def test_a_case_without_a_prediction_is_refused(stored):
    write_records(stored / "predictions" / "predictions-test.gz", [])
    files = [str(path) for path in (stored / "cases").rglob("*.gz")]
    with pytest.raises(UserError, match="3 test cases have no prediction"):
        choose_canary(files, str(stored / "predictions"), 6)


@pytest.mark.parametrize(
    ("scores", "difference"),
    [([[0.5, 0.25]], 0.25), ([[0.5, np.nan]], 1.0), ([[0.5]], 1.0)],
)
def test_what_is_no_number_or_of_another_shape_does_not_agree(scores, difference):
    assert largest_difference(np.array(scores), np.array([[0.5, 0.5]])) == difference


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cases": 0}, "cases must be at least 1"),
        ({"serving_endpoint": "http://x/v1/models/y"}, "go together"),
        ({"serving_endpoint": "x:8500", "serving_directory": "d"}, "must be like http"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        ModelCheckSettings(**changes)
