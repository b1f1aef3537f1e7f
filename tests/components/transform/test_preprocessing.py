"""Transform on real encoded images, against Pillow and NumPy."""

from importlib import resources
from pathlib import Path

import apache_beam as beam
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from google.protobuf import text_format
from PIL import Image
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_transform.tf_metadata import dataset_metadata, metadata_io
from tfx_bsl.tfxio import tf_example_record

from components.fine_tuner.serving_preprocessing import ServingPreprocessing
from components.transform.preprocessing import TransformSettings, preprocessing_fn
from components.transform.squares import decode_square
from tests.components.transform.raw_cases import png, raw_case, smooth
from trainer.settings import to_json

SETTINGS = TransformSettings(16, "pad", "multi_class", ("well", "ill"))


def analyzed(cases: list[tf.train.Example], settings: TransformSettings, directory: Path) -> str:
    """Runs the full pass over the cases; returns where the transform graph lies."""
    text = (resources.files("schemas") / "case.pbtxt").read_text()
    schema = text_format.Parse(text, schema_pb2.Schema())
    source = tf_example_record.TFExampleBeamRecord(
        "memory", schema=schema, telemetry_descriptors=[]
    )
    output = str(directory / "graph")
    with beam.Pipeline() as pipeline, tft_beam.Context(temp_dir=str(directory / "temp")):
        batches = (
            pipeline
            | beam.Create([case.SerializeToString() for case in cases])
            | source.BeamSource()
        )
        data = (batches, source.TensorAdapterConfig())
        graph = data | tft_beam.AnalyzeDataset(
            lambda inputs: preprocessing_fn(inputs, {"settings": to_json(settings)})
        )
        graph | tft_beam.WriteTransformFn(output)
    raw_metadata = dataset_metadata.DatasetMetadata(schema)
    metadata_io.write_metadata(
        raw_metadata, str(Path(output, tft.TFTransformOutput.RAW_METADATA_DIR))
    )
    return output


def transformed(cases: list[tf.train.Example], graph: str) -> dict[str, tf.Tensor]:
    output = tft.TFTransformOutput(graph)
    serialized = tf.constant([case.SerializeToString() for case in cases])
    raw = tf.io.parse_example(serialized, output.raw_feature_spec())
    return output.transform_features_layer()(raw)


@pytest.fixture(scope="module")
def cases():
    return [
        raw_case("a", [smooth(1), smooth(2, 20, 40)], label=["ill"]),
        raw_case("b", [smooth(3)], label=["well"]),
        raw_case("c", [smooth(4), smooth(5), smooth(6)]),
    ]


@pytest.fixture(scope="module")
def graph(cases, tmp_path_factory):
    return analyzed(cases, SETTINGS, tmp_path_factory.mktemp("graph"))


def test_pad_keeps_the_whole_image_on_black_and_crop_keeps_its_centre():
    wide = smooth(0, height=32, width=64)
    padded = decode_square(tf.constant(png(wide)), 32, "pad").numpy()
    assert not padded[:8].any()
    assert not padded[24:].any()
    expected = np.asarray(Image.fromarray(wide).resize((32, 16), Image.Resampling.BILINEAR))
    assert np.abs(padded[8:24].astype(int) - expected).mean() < 2
    cropped = decode_square(tf.constant(png(wide)), 32, "crop").numpy()
    np.testing.assert_array_equal(cropped, wide[:, 16:48])


def test_a_grey_image_gets_three_equal_channels():
    grey = smooth(0)[:, :, 0]
    result = decode_square(tf.constant(png(grey)), 40, "pad").numpy()
    np.testing.assert_array_equal(result, np.repeat(grey[:, :, np.newaxis], 3, axis=2))


def test_images_stay_with_their_case_in_order(cases, graph):
    images = tf.RaggedTensor.from_sparse(transformed(cases, graph)["image"])
    assert images.row_lengths().numpy().tolist() == [2, 1, 3]
    second_of_a = tf.io.decode_jpeg(images[0][1]).numpy().astype(int)
    expected = decode_square(tf.constant(png(smooth(2, 20, 40))), 16, "pad").numpy()
    assert np.abs(second_of_a - expected).mean() < 3  # the loss of one JPEG encoding


def test_labels_become_indices_and_an_unlabelled_case_minus_one(cases, graph):
    assert transformed(cases, graph)["label"].numpy().tolist() == [[1], [0], [-1]]


def test_a_batch_without_any_label_is_transformed_too(cases, graph):
    assert transformed(cases[2:], graph)["label"].numpy().tolist() == [[-1]]


def test_the_pixel_statistics_are_those_of_all_training_pixels(cases, graph):
    images = [
        decode_square(tf.constant(content), 16, "pad").numpy() / 255.0
        for case in cases
        for content in case.features.feature["image"].bytes_list.value
    ]
    result = transformed(cases[:1], graph)
    pixels = np.stack(images).reshape(-1, 3)
    np.testing.assert_allclose(result["pixel_mean"].numpy()[0], pixels.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(result["pixel_std"].numpy()[0], pixels.std(axis=0), atol=1e-6)


def test_the_pixel_statistics_do_not_depend_on_the_order_of_the_cases(cases, graph, tmp_path):
    again = transformed(cases[:1], analyzed(cases[::-1], SETTINGS, tmp_path))
    before = transformed(cases[:1], graph)
    for name in ("pixel_mean", "pixel_std"):
        np.testing.assert_array_equal(again[name].numpy(), before[name].numpy())


def test_serving_prepares_images_exactly_as_training_did(cases, graph):
    preprocessing = ServingPreprocessing(graph)
    unlabelled = [raw_case("a", [smooth(1), smooth(2, 20, 40)]).SerializeToString()]
    served = preprocessing.cases(tf.constant(unlabelled))["image"]
    trained = tf.RaggedTensor.from_sparse(transformed(cases, graph)["image"])
    assert served[0].numpy().tolist() == trained[0].numpy().tolist()
    single = preprocessing.images(tf.constant([png(smooth(3)), png(smooth(1))]))
    assert single.numpy().tolist() == [trained[1][0].numpy(), trained[0][0].numpy()]


def test_findings_keep_their_order_and_unknown_ones_weigh_nothing(tmp_path):
    settings = TransformSettings(16, "pad", "multi_label", ("opacity", "nodule", "effusion"))
    cases = [
        raw_case("a", [smooth(1)], finding_value=[1, 0, 1], finding_weight=[1, 1, 0]),
        raw_case("b", [smooth(2)], finding_value=[0, 0, 1], finding_weight=[1, 0, 1]),
    ]
    result = transformed(cases, analyzed(cases, settings, tmp_path))
    assert result["finding_value"].numpy().tolist() == [[1, 0, 1], [0, 0, 1]]
    assert result["finding_weight"].numpy().tolist() == [[1, 1, 0], [1, 0, 1]]
