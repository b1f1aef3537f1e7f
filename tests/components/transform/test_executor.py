"""The component `CaseTransform`: what it writes, against its own graph applied to the raw cases."""

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import Channel, artifact_utils, standard_artifacts

from components.case_schema.executor import Executor as SchemaExecutor
from components.case_schema.executor import schema_digest
from components.transform.component import CaseTransform
from components.transform.executor import Executor
from components.transform.preprocessing import TransformSettings
from tests.components.transform.raw_cases import raw_case, smooth
from trainer.settings import to_json

SETTINGS = TransformSettings(16, "pad", "multi_class", ("well", "ill"))
CASES = {
    "train": [
        raw_case("a", [smooth(1), smooth(2, 20, 40)], label=["ill"]),
        raw_case("b", [smooth(3)], label=["well"]),
    ],
    "test": [raw_case("c", [smooth(4) // 2], label=["ill"])],
}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory) -> Path:
    """Returns the directory with `graph` and `transformed`."""
    directory = tmp_path_factory.mktemp("transform")
    examples, transformed = standard_artifacts.Examples(), standard_artifacts.Examples()
    schema, graph = standard_artifacts.Schema(), standard_artifacts.TransformGraph()
    for artifact, name in (
        (examples, "cases"),
        (transformed, "transformed"),
        (schema, "schema"),
        (graph, "graph"),
    ):
        artifact.uri = str(directory / name)
    SchemaExecutor().Do({}, {"schema": [schema]}, {"digest": schema_digest()})
    examples.split_names = artifact_utils.encode_split_names(list(CASES))
    for split, cases in CASES.items():
        folder = directory / "cases" / f"Split-{split}"
        folder.mkdir(parents=True)
        for number, case in enumerate(cases):
            with tf.io.TFRecordWriter(str(folder / f"cases-{number}.gz"), "GZIP") as writer:
                writer.write(case.SerializeToString())
    context = BaseBeamExecutor.Context(tmp_dir=str(directory / "temporary"), unique_id="1")
    Executor(context).Do(
        {"examples": [examples], "schema": [schema]},
        {"transformed_examples": [transformed], "transform_graph": [graph]},
        {"custom_config": json.dumps({"settings": to_json(SETTINGS)})},
    )
    assert artifact_utils.decode_split_names(transformed.split_names) == list(CASES)
    return directory


def written(outputs: Path, split: str) -> dict[str, tf.train.Features]:
    """Returns the features of the transformed cases by their identifier."""
    files = [str(file) for file in (outputs / "transformed" / f"Split-{split}").iterdir()]
    records = tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator()
    cases = [tf.train.Example.FromString(record).features.feature for record in records]
    return {case["case_id"].bytes_list.value[0].decode(): case for case in cases}


@pytest.mark.parametrize("split", list(CASES))
def test_each_split_is_what_the_graph_makes_of_it(outputs, split):
    output = tft.TFTransformOutput(str(outputs / "graph"))
    serialized = tf.constant([case.SerializeToString() for case in CASES[split]])
    raw = tf.io.parse_example(serialized, output.raw_feature_spec())
    expected = output.transform_features_layer()(raw)
    images = tf.RaggedTensor.from_sparse(expected["image"])
    cases = written(outputs, split)
    for index, name in enumerate(expected["case_id"].numpy()[:, 0]):
        case = cases.pop(name.decode())
        assert list(case["image"].bytes_list.value) == images[index].numpy().tolist()
        assert list(case["label"].int64_list.value) == expected["label"][index].numpy().tolist()
        for statistic in ("pixel_mean", "pixel_std"):
            np.testing.assert_array_equal(
                np.float32(case[statistic].float_list.value), expected[statistic][index]
            )
    assert not cases


def test_only_the_training_split_is_analysed(outputs):
    (trained,) = {
        tuple(c["pixel_mean"].float_list.value) for c in written(outputs, "train").values()
    }
    (tested,) = {tuple(c["pixel_mean"].float_list.value) for c in written(outputs, "test").values()}
    assert trained == tested
    squares = [
        np.asarray(tf.io.decode_jpeg(image), np.float64)
        for case in written(outputs, "train").values()
        for image in case["image"].bytes_list.value
    ]
    np.testing.assert_allclose(np.mean(squares, axis=(0, 1, 2)) / 255, trained, atol=0.01)


def test_nothing_but_graph_and_cases_is_left(outputs):
    assert sorted(path.name for path in (outputs / "graph").iterdir()) == [
        "metadata",
        "transform_fn",
        "transformed_metadata",
    ]


def test_the_component_is_one_of_tfx_with_the_own_executor():
    transform = CaseTransform(
        Channel(type=standard_artifacts.Examples),
        Channel(type=standard_artifacts.Schema),
        SETTINGS,
    )
    assert transform.EXECUTOR_SPEC.executor_class is Executor
    assert set(transform.outputs) == {"transform_graph", "transformed_examples"}
    assert json.loads(transform.exec_properties["custom_config"])["settings"] == to_json(SETTINGS)
