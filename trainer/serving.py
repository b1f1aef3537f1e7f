"""Export of a classifier as a SavedModel that needs nothing but TensorFlow."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from schemas.case_features import IMAGE
from trainer.case_classifier import CaseClassifier
from trainer.case_records import decode_image, to_unit_range

EXAMPLES = "examples"
IMAGES = "images"
SCORES = "scores"
CLASSES = "classes"
FEATURES = "features"

PreprocessCases = Callable[[tf.Tensor], Mapping[str, tf.Tensor | tf.RaggedTensor]]
"""From serialised raw cases, string [n], to features, among them `image`: ragged JPEG [n, None]."""
PreprocessImages = Callable[[tf.Tensor], tf.Tensor]
"""From raw image bytes, string [n], to transformed JPEG, string [n]."""


def export_case_model(
    directory: str,
    classifier: CaseClassifier,
    preprocess: PreprocessCases,
    *,
    preprocess_images: PreprocessImages,
    classes: Sequence[str],
    trackables: Sequence[Any] = (),
) -> None:
    """Writes a SavedModel with three signatures.

    - `serving_default`: `examples`, string [n], serialised raw cases, to `scores`, float32
      [n, classes], and `classes`, string [n, classes], the same names in each row (TensorFlow
      Serving wants every output to have the batch's length).
    - `embed`: the same input to `features`, float32 [n, features].
    - `predict_images`: `images`, string [n], image files, each a case of its own, to `scores`
      and `classes`.

    Args:
        directory: Where to write.
        classifier: The model.
        preprocess: From raw cases to what the classifier was trained on; traced into the graph.
        preprocess_images: The same for single images.
        classes: Class or finding names, in the order of the scores.
        trackables: TensorFlow objects that the two callables use, such as tables; they are
            saved with the model.
    """
    image_shape = classifier.encoder.input_shape[1:]

    def embed_jpegs(jpegs: tf.RaggedTensor) -> tf.Tensor:
        images = tf.map_fn(
            decode_image,
            jpegs.flat_values,
            fn_output_signature=tf.TensorSpec(image_shape, tf.uint8),
        )
        return classifier.embed(to_unit_range(images), jpegs.value_rowids(), jpegs.nrows())

    def outputs(features: tf.Tensor) -> dict[str, tf.Tensor]:
        scores = classifier.scores(classifier.head(features))
        names = tf.tile(tf.constant([list(classes)]), [tf.shape(scores)[0], 1])
        return {SCORES: scores, CLASSES: names}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, EXAMPLES)])
    def score_cases(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return outputs(embed_jpegs(preprocess(examples)[IMAGE]))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, EXAMPLES)])
    def embed_cases(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return {FEATURES: embed_jpegs(preprocess(examples)[IMAGE])}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, IMAGES)])
    def score_images(images: tf.Tensor) -> dict[str, tf.Tensor]:
        jpegs = preprocess_images(images)
        single = tf.RaggedTensor.from_uniform_row_length(jpegs, 1)
        return outputs(embed_jpegs(single))

    module = tf.Module()
    module.model_variables = [variable.value for variable in classifier.variables]
    module.trackables = list(trackables)
    tf.saved_model.save(
        module,
        directory,
        signatures={
            "serving_default": score_cases,
            "embed": embed_cases,
            "predict_images": score_images,
        },
    )
