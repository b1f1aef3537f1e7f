"""A data set that TensorFlow Datasets prepared: TFRecord files beside features.json.

Layout: https://www.tensorflow.org/datasets/external_tfrecord. Files are named
`imagenet2012-train.tfrecord-00000-of-01024`, in a folder of their configuration and version;
features.json names the features and has had three forms so far.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from components.dataset_readers.image_files import files_below, is_apple_double
from components.dataset_readers.reader import (
    DatasetCard,
    DatasetReader,
    ImageRow,
    ReaderChoices,
)
from trainer.errors import UserError

_SHARD = re.compile(r"(?P<name>.+-(?P<split>[^-]+))\.tfrecord-(?P<shard>\d+-of-\d+)")
_LEFT_ASIDE = ("validation", "test")
_SUFFIXES = {b"\xff\xd8\xff": ".jpg", b"\x89PNG": ".png"}


class TfdsRecordsReader(DatasetReader):
    """Takes the encoded images out of the records, as they are; none is decoded.

    The splits `validation` and `test` are left aside, for whoever measures on them.
    """

    card = DatasetCard(
        name="tfds-records",
        title="TFRecord files of TensorFlow Datasets, such as imagenet2012's",
        task="unlabelled",
        case="image",
        patient="image",
        site="one, 'natural'",
        view="none",
        licence="the images'",
        where="made by 'tfds build NAME'",
        writes_images=True,
    )

    def rows(self, source: Path, choices: ReaderChoices) -> Iterator[ImageRow]:
        """Yields a row per record with a JPEG or PNG image."""
        writing = choices.writing
        if writing is None:
            raise UserError("--images: is missing. Name the folder for the images.")
        shards = list(_wanted_shards(source))
        if not shards:
            raise UserError(
                f"{source}: no file named like NAME-train.tfrecord-00000-of-00001 in it. Name the "
                "folder that 'tfds build' made."
            )
        report = writing.report
        for shard, shard_name in shards:
            feature = _image_feature(shard.parent)
            for number, encoded in enumerate(_encoded_images(shard, feature)):
                report.files += 1
                suffix = next(
                    (s for start, s in _SUFFIXES.items() if encoded.startswith(start)), ""
                )
                if not suffix:
                    report.leave_out(shard, "neither JPEG nor PNG", f"record {number}")
                    continue
                name = f"{shard_name}/{number:06d}"
                image = writing.folder / f"{name}{suffix}"
                _write(image, encoded)
                yield ImageRow(image=image, case_id=name, patient_id=name, site="natural")
        report.check()


def _wanted_shards(source: Path) -> Iterator[tuple[Path, str]]:
    """Yields shards and the name of each: `5.1.0/imagenet2012-train/00000-of-01024`.

    The folder belongs to it: configurations and versions of one set name their files alike.
    """
    for path in files_below(source):
        match = _SHARD.fullmatch(path.name)
        if match and match["split"] not in _LEFT_ASIDE and not is_apple_double(path):
            name = path.relative_to(source).parent / match["name"] / match["shard"]
            yield path, name.as_posix()


def _image_feature(folder: Path) -> str:
    """Returns the key of the first image of a record; `image` without a features.json."""
    file = folder / "features.json"
    if not file.is_file():
        return "image"
    try:
        key = _key_of_image(json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, AttributeError, TypeError) as error:
        raise UserError(f"{file}: cannot be read ({error}). Build the data set again.") from error
    if key is None:
        raise UserError(f"{file}: names no image. Choose a data set of images.")
    return key


def _key_of_image(feature: dict[str, Any]) -> str | None:
    kind = feature.get("pythonClassName") or feature.get("type") or ""
    if kind.endswith("image_feature.Image"):
        return ""
    content = feature.get("content") or {}
    if isinstance(content, str):
        content = json.loads(content).get("features", {})
    parts = feature.get("featuresDict", {}).get("features") or content
    for name, part in parts.items():
        inner = _key_of_image(part) if isinstance(part, dict) else None
        if inner is not None:
            return f"{name}/{inner}" if inner else name
    return None


def _encoded_images(shard: Path, feature: str) -> Iterator[bytes]:
    import tensorflow as tf

    count = 0
    try:
        for record in tf.data.TFRecordDataset(str(shard)).as_numpy_iterator():
            values = tf.train.Example.FromString(record).features.feature[feature].bytes_list.value
            count += 1
            yield values[0] if values else b""
    except tf.errors.DataLossError as error:
        raise UserError(
            f"{shard}: damaged after {count} records. Fetch or build the file again."
        ) from error


def _write(path: Path, content: bytes) -> None:
    """Writes an image; one with the same content is kept, so that a reading can be repeated.

    Raises:
        UserError: Another image has that name.
    """
    if path.is_file():
        if path.read_bytes() == content:
            return
        raise UserError(
            f"{path}: another image is there, of another reading. Name a new folder with --images."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    partial.write_bytes(content)
    partial.replace(path)
