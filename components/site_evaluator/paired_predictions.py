"""Joins two models' predictions of the same cases, without holding either in memory."""

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import apache_beam as beam
import tensorflow as tf

from components.case_predictor.predictions import CASE_ID, RECORDS, SCORE
from trainer.errors import UserError

CANDIDATE_SCORE = "candidate_score"
"""float32 [classes]: of the other model, beside the scores of the one that is evaluated."""


class OtherCasesError(UserError):
    """Two models were not scored on the same cases."""


class JoinPredictions(beam.PTransform):
    """Yields serialized predictions with the other model's scores as `candidate_score`.

    `CasePredictor` writes a file a split, in the order of the cases: the same for every model. So
    the two are read side by side, and a case that is not the same in both stops the evaluation.
    """

    def __init__(self, predictions_uri: str, candidate_uri: str) -> None:
        """Names the two.

        Args:
            predictions_uri: Of the model that is evaluated.
            candidate_uri: Of the other model.
        """
        super().__init__()
        self._uris = predictions_uri, candidate_uri

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        """Returns the joined records."""
        files = paired_files(*self._uris)
        return pipeline | "NameFiles" >> beam.Create(files) | "Join" >> beam.FlatMap(_serialized)


def paired_files(predictions_uri: str, candidate_uri: str) -> list[tuple[str, str]]:
    """Returns the files of two models' predictions, in pairs.

    Raises:
        OtherCasesError: They have other files.
    """
    uris = (predictions_uri, candidate_uri)
    names = [sorted(path.name for path in Path(uri).glob(RECORDS)) for uri in uris]
    if names[0] != names[1]:
        raise OtherCasesError(
            f"{candidate_uri}: files {', '.join(names[1])}, expected {', '.join(names[0])} as in "
            f"{predictions_uri}. Score the same cases with both models."
        )
    return [(str(Path(uris[0], name)), str(Path(uris[1], name))) for name in names[0]]


def _serialized(files: tuple[str, str]) -> Iterator[bytes]:
    return (case.SerializeToString() for case in joined_cases(files))


def joined_cases(files: tuple[str, str]) -> Iterator[tf.train.Example]:
    """Yields the cases of a file with the other file's scores as `candidate_score`.

    Args:
        files: Of the model that is evaluated, and of the other one.

    Raises:
        OtherCasesError: They do not hold the same cases in the same order.
    """
    records = (tf.data.TFRecordDataset(file, "GZIP").as_numpy_iterator() for file in files)
    for row, pair in enumerate(zip_longest(*records, fillvalue=b"")):
        case, other = (tf.train.Example.FromString(serialized) for serialized in pair)
        features, scores = case.features.feature, other.features.feature[SCORE]
        if features[CASE_ID] != other.features.feature[CASE_ID]:
            raise OtherCasesError(
                f"{files[1]}: record {row} is not the case of record {row} in {files[0]}. Score "
                "the same cases with both models."
            )
        features[CANDIDATE_SCORE].CopyFrom(scores)
        yield case
