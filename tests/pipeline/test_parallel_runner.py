"""Several nodes at a time: side by side, in order, and stopped together."""

import importlib
import logging
import multiprocessing
from pathlib import Path
from types import ModuleType

import pytest
from tfx import v1 as tfx

from pipeline.node_launch import NodeResult
from pipeline.parallel_runner import ParallelLocalRunner
from trainer.errors import UserError
from trainer.progress import logger as progress_logger

pytestmark = pytest.mark.slow  # Every process of a worker imports TFX anew.


class Heard:
    """An observer that keeps what it hears."""

    def __init__(self) -> None:
        self.started: list[tuple[str, int, int]] = []
        self.finished: list[tuple[str, bool]] = []

    def node_started(self, node_id: str, number: int, total: int) -> None:
        self.started.append((node_id, number, total))

    def node_finished(self, node_id: str, result: NodeResult) -> None:
        self.finished.append((node_id, result.cached))


class KeptRecords(logging.Handler):
    """Keeps every record."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture(scope="module")
def components():
    """The components, under a name by which a new process finds them too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parent))
        yield importlib.import_module("meeting_components")


def run(
    components: ModuleType, directory: Path, heard: Heard, *, refuse: bool = False
) -> dict[str, NodeResult]:
    a = components.Meet(own="a", other="b", place=str(directory)).with_id("a")
    b = components.Meet(own="b", other="a", place=str(directory)).with_id("b")
    said = {"first": a.outputs["said"], "second": b.outputs["said"]}
    refusing = components.Refuse(first=a.outputs["said"])
    last = refusing if refuse else components.Both(**said)
    pipeline = tfx.dsl.Pipeline(
        pipeline_name="meeting",
        pipeline_root=str(directory / "artifacts"),
        components=[a, b, last.with_id("last")],
        enable_cache=True,
        metadata_connection_config=tfx.orchestration.metadata.sqlite_metadata_connection_config(
            str(directory / "metadata.sqlite")
        ),
    )
    return ParallelLocalRunner(heard, workers=2).run(pipeline)


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("parallel")


@pytest.fixture(scope="module")
def records():
    """What trainings in the workers report."""
    kept = KeptRecords()
    progress_logger.addHandler(kept)
    yield kept.records
    progress_logger.removeHandler(kept)


@pytest.fixture(scope="module")
def first(components, directory, records):
    heard = Heard()
    return run(components, directory, heard), heard


def test_nodes_that_need_nothing_of_each_other_run_side_by_side(first):
    # Each waits until the other has begun.
    results, heard = first
    assert [name for name, *_ in heard.started] == ["a", "b", "last"]
    said = Path(results["last"].output_uris["said"]).read_text()
    assert said == "a met b, b met a"
    assert {name for name, _ in heard.finished[:2]} == {"a", "b"}


def test_progress_arrives_with_the_node_that_it_is_of(first, records):
    reports = [record for record in records if hasattr(record, "progress")]
    assert {record.node_id for record in reports} == {"a", "b"}
    assert reports[0].progress.total == 2


def test_a_second_run_takes_the_results_of_the_first_and_a_mistake_is_the_users(
    first, components, directory
):
    heard = Heard()
    with pytest.raises(UserError, match=r"manifest.csv: is no manifest\."):
        run(components, directory, heard, refuse=True)
    assert ("a", True) in heard.finished


def test_no_process_stays_behind(first):
    assert multiprocessing.active_children() == []
