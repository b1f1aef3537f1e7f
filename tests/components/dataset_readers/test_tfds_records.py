"""Records named and described as TensorFlow Datasets does."""

import io
import json

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from components.dataset_readers.file_report import FileReport
from components.dataset_readers.reader import ImageWriting, ReaderChoices
from components.dataset_readers.tfds_records import TfdsRecordsReader
from trainer.errors import UserError

MODULE = "tensorflow_datasets.core.features"
IMAGE = {"pythonClassName": f"{MODULE}.image_feature.Image", "image": {"dtype": "uint8"}}
LABEL = {"pythonClassName": f"{MODULE}.class_label_feature.ClassLabel"}
TODAY = {
    "pythonClassName": f"{MODULE}.features_dict.FeaturesDict",
    "featuresDict": {"features": {"label": LABEL, "photo": IMAGE}},
}
BEFORE = {
    "type": f"{MODULE}.features_dict.FeaturesDict",
    "content": json.dumps({"features": {"label": LABEL, "photo": IMAGE}}),
    "proto_cls": "tensorflow_datasets.FeaturesDict",
}
AT_FIRST = {
    "type": f"{MODULE}.features_dict.FeaturesDict",
    "content": {
        "label": {"type": f"{MODULE}.class_label_feature.ClassLabel", "content": {}},
        "photo": {"type": f"{MODULE}.image_feature.Image", "content": {"shape": [None, None, 3]}},
    },
}


def encoded(kind, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    output = io.BytesIO()
    Image.fromarray(pixels).save(output, kind)
    return output.getvalue()


def write_shard(path, images, key="photo"):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for image in images:
            value = tf.train.Feature(bytes_list=tf.train.BytesList(value=[image]))
            features = tf.train.Features(feature={key: value})
            writer.write(tf.train.Example(features=features).SerializeToString())


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "imagenet2012" / "5.1.0"
    images = [encoded("JPEG", 1), encoded("PNG", 2)]
    write_shard(folder / "imagenet2012-train.tfrecord-00000-of-00002", images)
    write_shard(folder / "imagenet2012-train.tfrecord-00001-of-00002", [encoded("JPEG", 3)])
    write_shard(folder / "imagenet2012-validation.tfrecord-00000-of-00001", [encoded("JPEG", 4)])
    (folder / "features.json").write_text(json.dumps(TODAY))
    (folder / "dataset_info.json").write_text("{}")
    return folder


def read(source, tmp_path, max_bad_fraction=0.0):
    report = FileReport(tmp_path / "files.csv", max_bad_fraction)
    writing = ImageWriting(tmp_path / "images", report)
    return list(TfdsRecordsReader().rows(source, ReaderChoices(writing=writing)))


def test_every_training_record_becomes_its_own_encoded_image(source, tmp_path):
    rows = read(source, tmp_path)
    assert [row.case_id for row in rows] == [
        "imagenet2012-train/00000-of-00002/000000",
        "imagenet2012-train/00000-of-00002/000001",
        "imagenet2012-train/00001-of-00002/000000",
    ]
    assert [row.image.suffix for row in rows] == [".jpg", ".png", ".jpg"]
    assert rows[1].image.read_bytes() == encoded("PNG", 2)


def test_configurations_and_versions_of_one_set_keep_their_own_images(tmp_path):
    shard = "imagenette-train.tfrecord-00000-of-00001"
    places = ("320px/1.0.0", "320px/1.1.0", "full-size/1.0.0")
    for number, place in enumerate(places):
        write_shard(tmp_path / "in" / place / shard, [encoded("PNG", number)], "image")
    rows = read(tmp_path / "in", tmp_path)
    assert [row.case_id for row in rows] == [
        f"{place}/imagenette-train/00000-of-00001/000000" for place in places
    ]
    assert [row.image.read_bytes() for row in rows] == [encoded("PNG", n) for n in range(3)]


def test_another_image_of_the_same_name_is_not_taken_for_this_one(tmp_path):
    shard = "imagenette-train.tfrecord-00000-of-00001"
    for number, config in enumerate(("320px", "full-size")):
        write_shard(tmp_path / config / shard, [encoded("PNG", number)], "image")
    (first,) = read(tmp_path / "320px", tmp_path)
    with pytest.raises(UserError, match=r"000000\.png: another image is there.*--images"):
        read(tmp_path / "full-size", tmp_path)
    assert first.image.read_bytes() == encoded("PNG", 0)


def test_a_repeated_reading_keeps_the_images_that_are_there(source, tmp_path):
    first = read(source, tmp_path)
    made = [row.image.stat().st_mtime_ns for row in first]
    again = read(source, tmp_path)
    assert again == first
    assert [row.image.stat().st_mtime_ns for row in again] == made


@pytest.mark.parametrize("features", [TODAY, BEFORE, AT_FIRST])
def test_all_forms_of_features_json_are_understood(source, tmp_path, features):
    (source / "features.json").write_text(json.dumps(features))
    assert len(read(source, tmp_path)) == 3


def test_without_features_json_the_usual_key_is_taken(tmp_path):
    write_shard(tmp_path / "in" / "set-train.tfrecord-00000-of-00001", [encoded("PNG")], "image")
    assert len(read(tmp_path / "in", tmp_path)) == 1


def test_other_formats_are_left_out_and_counted(source, tmp_path):
    shard = source / "imagenet2012-train.tfrecord-00001-of-00002"
    write_shard(shard, [encoded("JPEG"), encoded("GIF"), b""])
    assert len(read(source, tmp_path, max_bad_fraction=0.5)) == 3
    with pytest.raises(UserError, match="2 of 5 files cannot be used"):
        read(source, tmp_path, max_bad_fraction=0.1)


def test_what_macos_keeps_beside_a_shard_is_none(source, tmp_path):
    (source / "._imagenet2012-train.tfrecord-00000-of-00002").write_bytes(b"\0\5\x16\7")
    assert len(read(source, tmp_path)) == 3


def test_a_damaged_shard_is_named(source, tmp_path):
    shard = source / "imagenet2012-train.tfrecord-00000-of-00002"
    shard.write_bytes(shard.read_bytes()[:-20])
    with pytest.raises(UserError, match=f"{shard.name}: damaged after 1 records"):
        read(source, tmp_path)


def test_a_folder_without_records_is_named(tmp_path):
    with pytest.raises(UserError, match=r"no file named like NAME-train\.tfrecord"):
        read(tmp_path, tmp_path)
