"""The classifier of a case: a network, the mean over the case's images, and a dense layer."""

from typing import Literal

import keras
import tensorflow as tf

from schemas.case_features import Task
from trainer.case_records import PixelStatistics

_KERNEL_STANDARD_DEVIATION = 0.01


class CaseClassifier(keras.Model):
    """Scores cases of one or more images.

    Attributes:
        encoder: Images to features.
        projection: Features to features, a part of the projection head; None without.
        head: Features to logits.
        task: Decides whether scores are softmax or sigmoid probabilities.
    """

    def __init__(
        self,
        encoder: keras.Model,
        statistics: PixelStatistics,
        *,
        task: Task,
        class_count: int,
        projection: keras.Model | None = None,
        trainable: Literal["network", "head"] = "network",
        seed: int = 0,
    ) -> None:
        """Puts a new head on an encoder.

        Args:
            encoder: From normalised images to features; trained further in place unless frozen.
            statistics: What the encoder normalises every image by.
            task: Multi-class or multi-label.
            class_count: Classes or findings.
            projection: From the encoder's features to those that are averaged and classified;
                None to classify the encoder's.
            trainable: `head` freezes encoder and projection: no variable of them changes, and
                batch normalisation uses the moving statistics in training too.
            seed: Of the head's initial weights.
        """
        super().__init__(name="case_classifier")
        self.encoder = encoder
        self.projection = projection
        for network in filter(None, (encoder, projection)):
            # Keras: a frozen layer also runs in inference mode.
            network.trainable = trainable == "network"
        self.task = task
        self._mean, self._std = statistics.mean, statistics.std
        self.head = keras.layers.Dense(
            class_count,
            kernel_initializer=keras.initializers.RandomNormal(
                stddev=_KERNEL_STANDARD_DEVIATION, seed=seed
            ),
            name="head",
        )
        self.head.build((None, (projection or encoder).output_shape[-1]))
        self.built = True

    def embed(
        self,
        images: tf.Tensor,
        case_index: tf.Tensor,
        case_count: tf.Tensor,
        *,
        training: bool = False,
    ) -> tf.Tensor:
        """Averages the features over the images of each case.

        Args:
            images: float32 [images, side, side, 3] in [0, 1].
            case_index: int [images], the case of each image, within 0..case_count - 1.
            case_count: Number of cases, an int scalar.
            training: Whether batch normalisation uses and updates the batch's statistics.

        Returns:
            float32 [case_count, features].
        """
        features = self.encoder((images - self._mean) / self._std, training=training)
        if self.projection is not None:
            features = self.projection(features, training=training)
        return tf.math.unsorted_segment_mean(features, case_index, case_count)

    def call(
        self,
        images: tf.Tensor,
        case_index: tf.Tensor,
        case_count: tf.Tensor,
        training: bool = False,
    ) -> tf.Tensor:
        """Returns the logits, float32 [case_count, classes]; arguments as for `embed`."""
        return self.head(self.embed(images, case_index, case_count, training=training))

    def scores(self, logits: tf.Tensor) -> tf.Tensor:
        """Turns logits into probabilities of the same shape."""
        return tf.nn.softmax(logits) if self.task == "multi_class" else tf.nn.sigmoid(logits)
