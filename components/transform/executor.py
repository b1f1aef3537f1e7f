"""Executor of `CaseTransform`: analyses cases to train on, then transforms every split."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import apache_beam as beam
import pyarrow as pa
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_transform.tf_metadata import dataset_metadata
from tfx import types
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import artifact_utils
from tfx.utils import io_utils
from tfx_bsl.coders.example_coder import (
    ExamplesToRecordBatchDecoder,
    RecordBatchToExamplesEncoder,
)
from tfx_bsl.tfxio.tensor_representation_util import ProjectTensorRepresentationsInSchema
from tfx_bsl.tfxio.tf_example_record import TFExampleBeamRecord

from components.record_transforms import ReadBatches, WriteRecords, matching_files
from components.transform.analysed_files import analysed_files
from components.transform.preprocessing import preprocessing_fn
from components.transform.worker_threads import one_thread_a_worker
from schemas import case_features

_RECORDS = "transformed_examples"


class Executor(BaseBeamExecutor):
    """Does what TFX's executor does for cases, with the same library.

    TFX's own compresses the images that it writes and reads and checks records in Python, which
    takes longer than resizing them; it has no setting for either.
    """

    def __init__(self, context: BaseBeamExecutor.Context | None = None) -> None:
        """Takes the arguments of Beam from TFX, and adds how many threads a worker has."""
        super().__init__(context)
        given: list[str] = self._beam_pipeline_args  # type: ignore[has-type]
        self._beam_pipeline_args = one_thread_a_worker(given)

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the transform graph, and `Split-<name>/transformed_examples-*.gz`."""
        examples = artifact_utils.get_single_instance(input_dict["examples"])
        transformed = artifact_utils.get_single_instance(output_dict["transformed_examples"])
        graph = artifact_utils.get_single_uri(output_dict["transform_graph"])
        schema = artifact_utils.get_single_uri(input_dict["schema"])
        transformed.split_names = examples.split_names
        splits = artifact_utils.decode_split_names(examples.split_names)
        temporary = f"{graph}/.temporary"
        with (
            self._make_beam_pipeline() as pipeline,
            tft_beam.Context(temp_dir=temporary, use_deep_copy_optimization=True),
        ):
            transform(
                pipeline,
                {split: artifact_utils.get_split_uri([examples], split) for split in splits},
                {split: artifact_utils.get_split_uri([transformed], split) for split in splits},
                io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(schema)),
                json.loads(exec_properties["custom_config"]),
                graph,
            )
        io_utils.delete_dir(temporary)


def transform(
    pipeline: beam.Pipeline,
    inputs: Mapping[str, str],
    outputs: Mapping[str, str],
    schema: schema_pb2.Schema,
    custom_config: Mapping[str, Any],
    graph: str,
) -> None:
    """Adds analysis and transformation to a pipeline, within a `tft_beam.Context`.

    Args:
        pipeline: To build on.
        inputs: Directory of the records of raw cases, by split.
        outputs: Directory of the records of transformed cases, by split.
        schema: Of the raw cases.
        custom_config: Of `preprocessing_fn`.
        graph: Directory of the transform graph.
    """

    def preprocess(features: Mapping[str, Any]) -> dict[str, Any]:
        return preprocessing_fn(features, custom_config)

    source = TFExampleBeamRecord("tfrecord", schema=schema, telemetry_descriptors=[])
    specs = source.TensorAdapter().OriginalTypeSpecs()
    analysed = tft.get_analyze_input_columns(preprocess, specs)
    taken = tft.get_transform_input_columns(preprocess, specs)
    batches = pipeline | "Analysed" >> _Batches(
        inputs[case_features.TRAIN], _columns(schema, analysed), analysed_files
    )
    transform_fn = (
        batches,
        source.Project(analysed).TensorAdapterConfig(),
    ) | "Analyse" >> tft_beam.AnalyzeDataset(preprocess, pipeline=pipeline)
    _ = transform_fn | "WriteGraph" >> tft_beam.WriteTransformFn(graph)
    raw_metadata = f"{graph}/{tft.TFTransformOutput.RAW_METADATA_DIR}"
    _ = dataset_metadata.DatasetMetadata(schema) | "WriteRawMetadata" >> tft_beam.WriteMetadata(
        raw_metadata, pipeline
    )
    for split, directory in inputs.items():
        batches = pipeline | f"Read {split}" >> _Batches(directory, _columns(schema, taken))
        data = ((batches, source.Project(taken).TensorAdapterConfig()), transform_fn)
        results, metadata = data | f"Transform {split}" >> tft_beam.TransformDataset(
            output_record_batches=True
        )
        _ = (
            results
            | f"Serialise {split}" >> beam.ParDo(_Serialise(metadata.schema))
            | f"Write {split}" >> WriteRecords(f"{outputs[split]}/{_RECORDS}")
        )


def _columns(schema: schema_pb2.Schema, names: Iterable[str]) -> schema_pb2.Schema:
    """Returns the schema of some columns."""
    return ProjectTensorRepresentationsInSchema(schema, names)


class _Batches(beam.PTransform):
    """Reads the records of a directory, or of some of its files, as Arrow batches.

    tfx_bsl's way would try batches of several sizes, and stay at one where a batch's own cost is
    still a twentieth.
    """

    def __init__(
        self,
        directory: str,
        schema: schema_pb2.Schema,
        choose: Callable[[str], list[str]] = matching_files,
    ) -> None:
        super().__init__()
        self._records = ReadBatches(f"{directory}/*", choose)
        self._decode = _Decode(schema)

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        batches = pipeline | self._records
        return batches | "Decode" >> beam.ParDo(self._decode).with_output_types(pa.RecordBatch)


class _Decode(beam.DoFn):
    """Turns serialized examples into an Arrow batch."""

    def __init__(self, schema: schema_pb2.Schema) -> None:
        self._schema = schema.SerializeToString()

    def setup(self) -> None:
        self._decoder = ExamplesToRecordBatchDecoder(self._schema)

    def process(self, records: list[bytes]) -> list[pa.RecordBatch]:
        return [self._decoder.DecodeBatch(records)]


class _Serialise(beam.DoFn):
    """Turns a batch of transformed cases into serialized examples."""

    def __init__(self, schema: schema_pb2.Schema) -> None:
        self._schema = schema.SerializeToString()

    def setup(self) -> None:
        self._encoder = RecordBatchToExamplesEncoder(schema_pb2.Schema.FromString(self._schema))

    def process(self, batch: tuple[pa.RecordBatch, dict[str, pa.Array]]) -> list[bytes]:
        examples: list[bytes] = self._encoder.encode(batch[0])
        return examples
