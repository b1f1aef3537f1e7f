"""Reads an evaluation from TFMA's output files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_model_analysis as tfma

from components.case_predictor.predictions import read_card
from components.site_evaluator.metric_values import Value, from_metric_values
from components.site_evaluator.results import Evaluation, Slice
from trainer.errors import UserError


def load_evaluation(uri: str) -> Evaluation:
    """Reads what `SiteEvaluator` wrote.

    Args:
        uri: Directory of the evaluation.

    Raises:
        UserError: No case was evaluated, an older version evaluated them, or a file is missing or
            damaged.
    """
    card = read_card(uri)
    try:
        slices = {
            _slice(record.slice_key): from_metric_values(_values(record), card.classes)
            for record in _records(uri)
        }
    except KeyError as error:
        raise UserError(
            f"{uri}: the evaluation lacks {error}, as those of an older version do. "
            "Run 'micle run' again: it evaluates anew."
        ) from error
    if not slices:
        raise UserError(
            f"{uri}: no case was evaluated. Expected cases in the test or shifted split; "
            "add some, or check the splits."
        )
    in_order = sorted(slices, key=lambda features: (len(features), features))
    return Evaluation(card, {features: slices[features] for features in in_order})


def _records(uri: str) -> Iterator[Any]:
    again = f"Put back what the run wrote, or remove {uri} and run 'micle run' again."
    if not list(Path(uri).glob("metrics*")):
        raise UserError(f"{uri}: no file metrics*, which an evaluation has. {again}")
    try:
        yield from tfma.load_metrics(uri)
    except tf.errors.DataLossError as error:
        raise UserError(f"{uri}: a file metrics* is cut off or damaged. {again}") from error


def _slice(key: Any) -> Slice:
    pairs = [(single.column, single.bytes_value.decode()) for single in key.single_slice_keys]
    return tuple(sorted(pairs))


def _values(record: Any) -> dict[tuple[str, int | None], Value]:
    values: dict[tuple[str, int | None], Value] = {}
    for item in record.metric_keys_and_values:
        sub_key = item.key.sub_key
        index = sub_key.class_id.value if sub_key.HasField("class_id") else None
        values[item.key.name, index] = _value(item.value)
    return values


def _value(value: Any) -> Value:
    if value.HasField("array_value"):
        array = value.array_value
        return np.array(array.float64_values, np.float64).reshape(tuple(array.shape))
    return value.double_value.value
