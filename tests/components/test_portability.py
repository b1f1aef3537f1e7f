"""Every pipeline can be sent to workers elsewhere, and does there what it does in this process."""

import base64
import bz2
import contextlib
import functools
import hmac
import re
import shutil
import subprocess
import sys
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import apache_beam as beam
import pytest
import tensorflow as tf
import tensorflow_transform.beam as tft_beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability import python_urns
from tfx.utils import io_utils

from components.case_example_gen.executor import write_report
from components.case_example_gen.ingestion import ingest as ingestion
from components.case_example_gen.settings import DataSettings
from components.case_example_gen.shards import write_shards
from components.case_example_gen.shared_images import write_shared_images
from components.leakage_check.checking import check_leakage
from components.leakage_check.settings import LeakageSettings
from components.pair_builder.building import build_pairs, largest_need
from components.pair_builder.executor import write_rounds
from components.pair_builder.settings import PairSettings
from components.pair_builder.statistics import count, write_statistics
from components.record_transforms import (
    ReadRecords,
    RewriteRecords,
    read_records,
    record_options,
)
from components.site_evaluator.evaluation import evaluate_predictions
from components.site_evaluator.reader import load_evaluation
from components.transform.executor import transform
from components.transform.preprocessing import TransformSettings
from tests.components.beam_runs import case_files, ingest, pairs_of_round, write_data
from tests.components.site_evaluator.prediction_files import make_card, write_predictions
from tests.components.site_evaluator.synthetic_cases import ANY_NUMBER, make_cases
from tests.components.transform.raw_cases import raw_case, smooth
from trainer.settings import to_json

ROOT = Path(__file__).parents[2]
JOB_SERVICE = [
    "--runner=PortableRunner",
    "--job_endpoint=embed",
    f"--environment_type={python_urns.SUBPROCESS_SDK}",
    f"--environment_config={sys.executable} -m apache_beam.runners.worker.sdk_worker_main",
]
"""A job service, which stages files and starts a worker in a process of its own."""
PLACES: dict[str, list[str]] = {"here": [], "there": JOB_SERVICE}


def cases(pipeline: beam.Pipeline, key_file: str = "key") -> None:
    data = DataSettings(manifest="manifest.csv")
    read = ingestion(pipeline, data)
    write_shards(read.placed, read.bytes_per_image, data, key_file, "cases")
    write_report(read, pipeline, "report")
    write_shared_images(read.shared, key_file, "report")


def pairs(settings: PairSettings) -> Callable[[beam.Pipeline], None]:
    def build(pipeline: beam.Pipeline) -> None:
        built = build_pairs(pipeline | ReadRecords("*"), settings, 2, seed=0)
        write_rounds(built.pairs, "pairs", 2)
        write_statistics(
            pipeline, count(built, 2), built.not_drawn, settings.pair_scope, 2, "statistics"
        )

    return build


def rounds(pipeline: beam.Pipeline) -> None:
    largest_need(pipeline | ReadRecords("*"), PairSettings())


def leakage(pipeline: beam.Pipeline) -> None:
    patterns = {("natural", "train"): "a/*", ("medical", "test"): "b/*"}
    check_leakage(pipeline, patterns, "shared-*", "leakage", LeakageSettings())


def removal(pipeline: beam.Pipeline) -> None:
    _ = pipeline | RewriteRecords("*", "kept", bool)


@pytest.mark.parametrize(
    "build",
    [
        cases,
        pairs(PairSettings()),
        pairs(PairSettings(pair_scope="patient")),
        pairs(PairSettings(max_pairs_per_patient=1)),
        rounds,
        leakage,
        removal,
    ],
)
def test_a_pipeline_is_the_same_after_it_was_sent(build):
    pipeline = beam.Pipeline()
    build(pipeline)
    sent = pipeline.to_runner_api()
    received = beam.Pipeline.from_runner_api(sent, pipeline.runner, PipelineOptions())
    again = received.to_runner_api().components
    names = {transform.unique_name for transform in sent.components.transforms.values()}
    assert names == {transform.unique_name for transform in again.transforms.values()}


KEY = b"0123456789abcdef0123456789abcdef"


def contents(sent: bytes) -> Iterator[bytes]:
    """Yields what was sent, and what is packed in it: pickled, compressed, as base64."""
    yield sent
    # The first characters of bzip2 and zlib; bytes of the message may follow without a gap.
    for packed in re.findall(rb"(?=((?:QlpoOTFBWSZTW|eN)[A-Za-z0-9+/]{20,}={0,2}))", sent):
        compressed = base64.b64decode(packed[: len(packed) // 4 * 4])
        if packed.startswith(b"QlpoOTFBWSZTW"):
            yield from contents(bz2.decompress(compressed))
        else:
            with contextlib.suppress(zlib.error):
                yield from contents(zlib.decompressobj().decompress(compressed))


def holds_key(pipeline: beam.Pipeline) -> bool:
    forms = (KEY, base64.b64encode(KEY), KEY.hex().encode())
    sent = pipeline.to_runner_api().SerializeToString()
    return any(form in content for content in contents(sent) for form in forms)


def test_no_transform_carries_the_pseudonym_key(tmp_path: Path):
    key_file = tmp_path / "key"
    key_file.write_bytes(KEY)
    pipeline = beam.Pipeline()
    cases(pipeline, str(key_file))
    sent = b"".join(contents(pipeline.to_runner_api().SerializeToString()))
    assert str(key_file).encode() in sent
    assert not holds_key(pipeline)


@pytest.mark.parametrize(
    "transform",
    [
        beam.Map(hmac.new, KEY, "sha256"),
        beam.ParDo(beam.core.CallableWrapperDoFn(functools.partial(hmac.new, KEY))),
        beam.Create([KEY]),
    ],
)
def test_a_key_that_a_transform_carries_would_be_seen(transform):
    pipeline = beam.Pipeline()
    start = pipeline if isinstance(transform, beam.Create) else pipeline | beam.Create([b""])
    _ = start | "Key" >> transform
    assert holds_key(pipeline)


@pytest.mark.slow
def test_a_worker_behind_a_job_service_writes_the_same_cases_and_pairs(tmp_path: Path):
    data = write_data(tmp_path)
    here, there = tmp_path / "here", tmp_path / "there"
    ingest(data, here, [])
    ingest(data, there, JOB_SERVICE)
    assert case_files(here)
    assert case_files(there) == case_files(here)
    for number in range(2):
        assert pairs_of_round(here, number)
        assert pairs_of_round(there, number) == pairs_of_round(here, number)


@pytest.mark.slow
def test_a_worker_behind_a_job_service_transforms_the_same_cases(tmp_path: Path):
    folder = tmp_path / "cases" / "Split-train"
    folder.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(folder / "cases-0.gz"), record_options()) as writer:
        for number in range(6):
            writer.write(raw_case(f"c{number}", [smooth(number)]).SerializeToString())
    settings = to_json(TransformSettings(16, "pad", "unlabelled", ()))
    written = {}
    for name, options in PLACES.items():
        with (
            beam.Pipeline(options=PipelineOptions(options)) as pipeline,
            tft_beam.Context(temp_dir=str(tmp_path / f"{name}-temporary")),
        ):
            transform(
                pipeline,
                {"train": str(folder)},
                {"train": str(tmp_path / name)},
                io_utils.SchemaReader().read(str(ROOT / "schemas" / "case.pbtxt")),
                {"settings": settings},
                str(tmp_path / f"{name}-graph"),
            )
        # Their features come in any order.
        cases = [
            tf.train.Example.FromString(record).SerializeToString(deterministic=True)
            for file in (tmp_path / name).glob("*.gz")
            for record in read_records(str(file))
        ]
        written[name] = sorted(cases)
    assert len(written["here"]) == 6
    assert written["there"] == written["here"]


@pytest.mark.slow
def test_a_worker_behind_a_job_service_evaluates_as_this_process_does(tmp_path: Path):
    card = make_card("multi_label", ("a", "b", "c"))
    predictions = write_predictions(tmp_path / "predictions", make_cases(60, 3), card)
    slices = {}
    for name, options in PLACES.items():
        with beam.Pipeline(options=PipelineOptions(options)) as pipeline:
            evaluate_predictions(predictions, str(tmp_path / name), pipeline, ANY_NUMBER)
        slices[name] = load_evaluation(str(tmp_path / name)).slices
    assert len(slices["here"]) > 1
    # By their text: with arrays in them they have no equality.
    assert repr(slices["there"]) == repr(slices["here"])


def test_what_workers_install_has_every_file_of_the_package(tmp_path: Path):
    source = tmp_path / "source"
    packages = ("schemas", "trainer", "components", "pipeline")
    for name in packages:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.py", "pyproject.toml"):
        shutil.copy(ROOT / name, source)
    # What Beam runs for --setup_file.
    command = [sys.executable, "setup.py", "--quiet", "sdist", "--dist-dir", str(tmp_path / "dist")]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    [archive] = (tmp_path / "dist").iterdir()
    with tarfile.open(archive) as files:
        installed = {name.partition("/")[2] for name in files.getnames()}
    expected = {
        str(path.relative_to(ROOT))
        for name in packages
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert expected <= installed
