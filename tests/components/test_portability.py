"""Every pipeline can be sent to workers elsewhere, and does there what it does in this process."""

import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability import python_urns

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
from components.record_transforms import ReadRecords, RewriteRecords
from tests.components.beam_runs import case_files, ingest, pairs_of_round, write_data

ROOT = Path(__file__).parents[2]
JOB_SERVICE = [
    "--runner=PortableRunner",
    "--job_endpoint=embed",
    f"--environment_type={python_urns.SUBPROCESS_SDK}",
    f"--environment_config={sys.executable} -m apache_beam.runners.worker.sdk_worker_main",
]
"""A job service, which stages files and starts a worker in a process of its own."""


def cases(pipeline: beam.Pipeline) -> None:
    data = DataSettings(manifest="manifest.csv")
    read = ingestion(pipeline, data)
    write_shards(read.placed, read.bytes_per_image, data, b"0123456789abcdef", "cases")
    write_report(read, pipeline, "report")
    write_shared_images(read.shared, b"0123456789abcdef", "report")


def pairs(settings: PairSettings) -> Callable[[beam.Pipeline], None]:
    def build(pipeline: beam.Pipeline) -> None:
        built = build_pairs(pipeline | ReadRecords("*"), settings, 2, seed=0)
        write_rounds(built.pairs, "pairs", 2)
        write_statistics(
            pipeline, count(built), built.not_drawn, settings.pair_scope, 2, "statistics"
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
