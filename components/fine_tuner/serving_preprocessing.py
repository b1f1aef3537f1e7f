"""The Transform component's graph as the first stage of a served model."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from schemas import case_features

_NOT_SERVED = (
    case_features.LABEL,
    case_features.FINDING_VALUE,
    case_features.FINDING_WEIGHT,
    case_features.KNOWN_FINDING,
    case_features.IMAGE_COUNT,
    case_features.IMAGE_MEAN,
    case_features.IMAGE_CONTRAST,
)


class ServingPreprocessing:
    """From raw cases or images to what the network was trained on, by the graph of training.

    Attributes:
        layer: Holds the graph; a model that uses it must keep it.
    """

    def __init__(self, transform_graph: str) -> None:
        output = tft.TFTransformOutput(transform_graph)
        self.layer = output.transform_features_layer()
        self._raw_spec: dict[str, Any] = {
            name: spec
            for name, spec in output.raw_feature_spec().items()
            if name not in _NOT_SERVED
        }

    def cases(self, serialized: tf.Tensor) -> Mapping[str, tf.RaggedTensor]:
        """Returns `image`, ragged string [n, M], of serialized raw cases, string [n].

        Labels, and what serves statistics only, are neither read nor needed.
        """
        raw = tf.io.parse_example(serialized, self._raw_spec)
        transformed = self.layer(raw)
        return {case_features.IMAGE: tf.RaggedTensor.from_sparse(transformed[case_features.IMAGE])}

    def images(self, encoded: tf.Tensor) -> tf.Tensor:
        """Returns transformed JPEGs, string [n], of image files, string [n]."""
        nothing = tf.fill([tf.shape(encoded)[0], 1], "")
        raw = {
            name: tf.RaggedTensor.from_tensor(nothing)
            if isinstance(spec, tf.io.RaggedFeature)
            else nothing
            for name, spec in self._raw_spec.items()
        }
        raw[case_features.IMAGE] = tf.RaggedTensor.from_tensor(encoded[:, tf.newaxis])
        return self.layer(raw)[case_features.IMAGE].values
