"""The first layer of a projection head as part of a classifier (SimCLRv2 section 3.3)."""

import keras

from trainer.encoder_artifact import load_projection_head
from trainer.errors import UserError
from trainer.projection_head import build_projection_head


def first_projection_layer(head: keras.Model) -> keras.Model | None:
    """Cuts a projection head after its first ReLU: dense layer, batch normalisation, ReLU.

    Args:
        head: What `build_projection_head` builds.

    Returns:
        A model from float32 [n, features] to float32 [n, features] that shares the head's
        weights; None for a head of one layer, whose output is already the projection.
    """
    for layer in head.layers:
        if isinstance(layer, keras.layers.ReLU):
            return keras.Model(head.inputs, layer.output, name="projection_first_layer")
    return None


def initial_projection_layer(
    features: int, initial_encoder: str | None, *, seed: int
) -> keras.Model:
    """Makes the first projection layer that a fine-tuning starts from.

    A random encoder gets a random layer of the same shape, so that a baseline is the same
    network as the candidate that it is compared with.

    Args:
        features: Length of the encoder's vector.
        initial_encoder: Directory of a trained encoder with its head; None for random weights.
        seed: Of the random weights.

    Returns:
        A model from float32 [n, features] to float32 [n, features].

    Raises:
        UserError: The given encoder has no projection head, or one of a single layer.
    """
    if initial_encoder is None:
        head = build_projection_head(features, layers=2, projection_size=2, seed=seed)
    else:
        head = load_projection_head(initial_encoder)
    layer = first_projection_layer(head)
    if layer is None:
        raise UserError(
            f"{initial_encoder}: its projection head has one layer, which is the projection. "
            "Pretrain with projection_layers of 2 or more, or set features_from: encoder."
        )
    return layer
