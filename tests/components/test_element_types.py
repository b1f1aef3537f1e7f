"""The elements of what pipelines give have types that Beam knows: it checks them as it builds."""

import dataclasses

import apache_beam as beam
import pytest
from apache_beam.pipeline import AppliedPTransform, PipelineVisitor
from apache_beam.typehints import List, Tuple

from components.case_example_gen.ingestion import ingest
from components.case_example_gen.ingestion_report import QuarantinedImage, ReceivedCount, SplitCount
from components.case_example_gen.placed_case import PlacedCase
from components.case_example_gen.settings import DataSettings
from components.case_example_gen.shards import Shard, write_shards
from components.case_example_gen.shared_images import SharedImage
from components.leakage_check.checking import check_leakage
from components.leakage_check.findings import Findings
from components.leakage_check.near_duplicates import ImageRecord, NearDuplicate
from components.leakage_check.settings import LeakageSettings
from components.pair_builder.building import Pair, build_pairs, largest_need
from components.pair_builder.group_images import GroupImage
from components.pair_builder.settings import PairSettings
from components.pair_builder.statistics import count
from components.record_transforms import ReadRecords


def types(outputs) -> dict[str, object]:
    """Returns the element type of each collection of a dataclass."""
    fields = [field.name for field in dataclasses.fields(outputs)]
    return {name: getattr(outputs, name).element_type for name in fields}


def test_ingestion_gives_typed_elements():
    data = DataSettings(manifest="manifest.csv")
    ingestion = ingest(beam.Pipeline(), data)
    assert types(ingestion) == {
        "placed": PlacedCase,
        "bytes_per_image": float,
        "converted": Tuple[str, str],
        "text_in_pixels": str,
        "quarantined": QuarantinedImage,
        "shared": SharedImage,
        "received_images": int,
        "received_cases": int,
        "kept_cases": int,
        "received_patients": int,
        "kept_patients": int,
        "counts": SplitCount,
        "received": ReceivedCount,
    }
    shards = write_shards(ingestion.placed, ingestion.bytes_per_image, data, b"key", "directory")
    assert shards.element_type == Shard


@pytest.mark.parametrize(
    "settings",
    [PairSettings(), PairSettings(pair_scope="patient"), PairSettings(max_pairs_per_patient=2)],
)
def test_pairing_gives_typed_elements(settings):
    cases = beam.Pipeline() | ReadRecords("cases-*")
    built = build_pairs(cases, settings, rounds=2, seed=0)
    assert types(built) == {
        "groups": Tuple[str, List[GroupImage]],
        "pairs": Pair,
        "not_drawn": int,
    }
    assert count(built, rounds=2).element_type == Tuple[Tuple[str, str], int]
    cases = beam.Pipeline() | ReadRecords("cases-*")
    assert largest_need(cases, settings).element_type is int


class _Steps(PipelineVisitor):
    """The element types of a pipeline's steps, by name."""

    def __init__(self) -> None:
        self.types: dict[str, object] = {}

    def enter_composite_transform(self, transform_node: AppliedPTransform) -> None:
        self.visit_transform(transform_node)

    def visit_transform(self, transform_node: AppliedPTransform) -> None:
        for tag, output in transform_node.outputs.items():
            name = transform_node.full_label + (f" {tag}" if tag else "")
            self.types[name] = output.element_type


def test_the_leakage_check_gives_typed_elements():
    pipeline = beam.Pipeline()
    patterns = {("natural", "train"): "natural-*", ("medical", "test"): "medical-*"}
    check_leakage(pipeline, patterns, "shared-*", "directory", LeakageSettings())
    steps = _Steps()
    pipeline.visit(steps)
    expected = {
        "AllImages": ImageRecord,
        "Compare/FlatMap(_compare)": Tuple[str, NearDuplicate],
        "Compare/FlatMap(_compare) not_compared": int,
        "PairLinked": Tuple[str, NearDuplicate],
        "EachPairOnce": NearDuplicate,
        "Leaks": NearDuplicate,
        "SumUp": Findings,
        "CountImages": int,
        "SumNotCompared": int,
        "DistinctJudging": str,
        "CountJudging": int,
        "DistinctEarlier medical": str,
        "CountEarlier medical": int,
    }
    assert {name: steps.types.get(name) for name in expected} == expected
