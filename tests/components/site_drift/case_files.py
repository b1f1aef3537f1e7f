"""Cases of two sites as files of examples, and TFDV's statistics of them as the pipeline has them.

Statistics and validation are made by TFX's own executors, with the graph's own parameters.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from pathlib import Path

import tensorflow as tf
from tfx.components.example_validator.executor import Executor as ValidatorExecutor
from tfx.components.statistics_gen.executor import Executor as StatisticsExecutor
from tfx.types import artifact_utils, standard_artifacts

from components.site_drift.statistics_options import statistics_options

ODD_SITE = 'St. Mary\'s "A/B" – 東'


def case(number: int, site: str, **features: Sequence[str | float | int]) -> bytes:
    """Returns a serialized raw case of one image; `features` replaces some of its features."""
    values: dict[str, Sequence[str | float | int]] = {
        "case_id": [f"pseudonym-of-case-{number}"],
        "patient_id": [f"pseudonym-of-patient-{number // 2}"],
        "site": [site],
        "image": ["bytes-of-an-image"],
        "image_count": [1],
        "image_mean": [0.5],
        "image_contrast": [0.2],
        "view": ["PA"],
        "visit": ["0"],
        "sex": ["female" if number % 2 else "male"],
        "age_group": ["40-59"],
    }
    example = tf.train.Example()
    for name, content in (values | features).items():
        feature = example.features.feature[name]
        if all(isinstance(value, str) for value in content):
            feature.bytes_list.value.extend(value.encode() for value in content)
        elif all(isinstance(value, int) for value in content):
            feature.int64_list.value.extend(content)
        else:
            feature.float_list.value.extend(content)
    return example.SerializeToString()


def write_examples(splits: Mapping[str, Sequence[bytes]], directory: Path):
    """Returns an artifact of examples with these splits."""
    examples = standard_artifacts.Examples()
    examples.uri = str(directory / "examples")
    examples.split_names = artifact_utils.encode_split_names(list(splits))
    for split, cases in splits.items():
        path = Path(examples.uri, f"Split-{split}", "cases.gz")
        path.parent.mkdir(parents=True)
        with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
            for serialized in cases:
                writer.write(serialized)
    return examples


def write_schema(directory: Path, change: Callable[[str], str] = str):
    """Returns an artifact of the project's schema, changed as text."""
    schema = standard_artifacts.Schema()
    schema.uri = str(directory / "schema")
    Path(schema.uri).mkdir()
    text = (resources.files("schemas") / "case.pbtxt").read_text()
    Path(schema.uri, "schema.pbtxt").write_text(change(text))
    return schema


def write_statistics(examples, schema, directory: Path):
    """Returns the artifact of StatisticsGen."""
    statistics = standard_artifacts.ExampleStatistics()
    statistics.uri = str(directory / "statistics")
    StatisticsExecutor().Do(
        {"examples": [examples], "schema": [schema]},
        {"statistics": [statistics]},
        {"stats_options_json": statistics_options().to_json(), "exclude_splits": "[]"},
    )
    return statistics


def write_anomalies(statistics, schema, directory: Path):
    """Returns the artifact of ExampleValidator."""
    anomalies = standard_artifacts.ExampleAnomalies()
    anomalies.uri = str(directory / "anomalies")
    ValidatorExecutor().Do(
        {"statistics": [statistics], "schema": [schema]},
        {"anomalies": [anomalies]},
        {"exclude_splits": "[]"},
    )
    return anomalies
