"""A minimal re-creation of BiT's published files: variables by their names, and the network.

Written from the published code (google-research/big_transfer: `bit_pytorch/models.py`,
`bit_tf2/models.py`), with NumPy and plain TensorFlow operations.
"""

import numpy as np
import tensorflow as tf

BLOCKS_50 = (3, 4, 6, 3)


class PublishedBit:
    """Random weights under the published names, without their prefix."""

    def __init__(self, *, width: float) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        self._width = width
        self._rng = np.random.default_rng(0)
        self._creating = True
        self.features(np.zeros((1, 32, 32, 3), np.float32))
        self._creating = False
        self.arrays["head/conv2d/kernel"] = np.zeros((1, 1, 3, 3), np.float32)

    def features(self, images: np.ndarray) -> tf.Tensor:
        """ResNet v2: images in [-1, 1] to [n, 2048 x width]."""
        base = int(64 * self._width)
        x = self._conv(_pad(tf.convert_to_tensor(images), 3), base, 7, 2, "root_block/")
        x = tf.nn.max_pool2d(_pad(x, 1), 3, 2, "VALID")
        for block, count in enumerate(BLOCKS_50, start=1):
            for unit in range(1, count + 1):
                stride = 2 if block > 1 and unit == 1 else 1
                scope = f"block{block}/unit{unit:02d}"
                x = self._unit(x, base * 2 ** (block - 1), stride, scope, project=unit == 1)
        return tf.reduce_mean(tf.nn.relu(self._group_norm(x, "")), [1, 2])

    def write_archive(self, path: str) -> None:
        """An `.npz` file as published at storage.googleapis.com/bit_models."""
        np.savez(path, **{f"resnet/{name}": value for name, value in self.arrays.items()})

    def write_savedmodel(self, directory: str, *, scalings: int = 1) -> None:
        """A SavedModel of pixels in [0, 1] to [n, 1, 1, features], as REMEDIS' are used."""
        tf.saved_model.save(_SavedBit(self, scalings), directory)

    def _unit(
        self, x: tf.Tensor, channels: int, stride: int, scope: str, *, project: bool
    ) -> tf.Tensor:
        out = tf.nn.relu(self._group_norm(x, f"{scope}/a/"))
        residual = x
        if project:
            residual = self._conv(out, 4 * channels, 1, stride, f"{scope}/a/proj/")
        out = self._conv(out, channels, 1, 1, f"{scope}/a/")
        out = tf.nn.relu(self._group_norm(out, f"{scope}/b/"))
        out = self._conv(_pad(out, 1), channels, 3, stride, f"{scope}/b/")
        out = tf.nn.relu(self._group_norm(out, f"{scope}/c/"))
        return self._conv(out, 4 * channels, 1, 1, f"{scope}/c/") + residual

    def _conv(self, x: tf.Tensor, channels: int, size: int, stride: int, scope: str) -> tf.Tensor:
        name = f"{scope}standardized_conv2d/kernel"
        if self._creating:
            shape = (size, size, x.shape[-1], channels)
            self.arrays[name] = self._rng.normal(0.1, 0.3, shape).astype(np.float32)
        kernel = tf.convert_to_tensor(self.arrays[name])
        mean = tf.reduce_mean(kernel, [0, 1, 2])
        deviation = tf.sqrt(tf.reduce_mean((kernel - mean) ** 2, [0, 1, 2]) + 1e-10)
        return tf.nn.conv2d(x, (kernel - mean) / deviation, stride, "VALID")

    def _group_norm(self, x: tf.Tensor, scope: str) -> tf.Tensor:
        channels = x.shape[-1]
        if self._creating:
            gamma = self._rng.uniform(0.5, 1.5, channels).astype(np.float32)
            self.arrays[f"{scope}group_norm/gamma"] = gamma
            beta = self._rng.normal(0, 0.1, channels).astype(np.float32)
            self.arrays[f"{scope}group_norm/beta"] = beta
        shape = tf.shape(x)
        groups = tf.reshape(x, [shape[0], -1, 32, channels // 32])
        mean = tf.reduce_mean(groups, [1, 3], keepdims=True)
        variance = tf.reduce_mean((groups - mean) ** 2, [1, 3], keepdims=True)
        normal = tf.reshape((groups - mean) / tf.sqrt(variance + 1e-5), shape)
        gamma = self.arrays[f"{scope}group_norm/gamma"]
        return normal * gamma + self.arrays[f"{scope}group_norm/beta"]


def _pad(x: tf.Tensor, size: int) -> tf.Tensor:
    return tf.pad(x, [[0, 0], [size, size], [size, size], [0, 0]])


class _SavedBit(tf.Module):
    """A module whose variables have names, and no attributes that tell of the network."""

    def __init__(self, published: PublishedBit, scalings: int) -> None:
        super().__init__()
        self._published, self._scalings = published, scalings
        self._named = {
            name: tf.Variable(value, name=f"base_model/resnet/{name}")
            for name, value in published.arrays.items()
        }
        self.all_variables = list(self._named.values())

    @tf.function(input_signature=[tf.TensorSpec([None, 32, 32, 3], tf.float32)])
    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        published = self._published
        for _ in range(self._scalings):
            images = 2 * images - 1
        arrays = published.arrays
        try:
            published.arrays = self._named
            features = published.features(images)
        finally:
            published.arrays = arrays
        return features[:, tf.newaxis, tf.newaxis]
