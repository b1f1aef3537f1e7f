"""A minimal re-creation of SimCLR's published files: variables by their names, and the network.

Written from the published code (google-research/simclr: `resnet.py`, `model_util.py`,
`tf2/resnet.py`, `tf2/model.py`, `tf2/run.py`), with plain TensorFlow operations.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

BLOCKS_50 = (3, 4, 6, 3)


class PublishedSimclr:
    """Random weights under the names of TensorFlow 1, in the order of creation."""

    def __init__(
        self,
        *,
        width: float,
        blocks: Sequence[int] = BLOCKS_50,
        head_layers: int = 0,
        projection_size: int = 8,
    ) -> None:
        self.blocks, self.width, self.head_layers = blocks, width, head_layers
        self.arrays: dict[str, np.ndarray] = {}
        self._rng = np.random.default_rng(0)
        self._creating = True
        features = self.features(np.zeros((1, 32, 32, 3), np.float32))
        size = features.shape[-1]
        for layer in range(head_layers):
            last = layer == head_layers - 1
            scope = f"head_contrastive/nl_{layer}"
            out = projection_size if last else size
            self.arrays[f"{scope}/dense/kernel"] = self._normal((size, out), 0.05)
            self._create_norm(f"{scope}/batch_normalization", out, shift=not last)
        self._creating = False
        self.arrays["head_supervised/linear_layer/dense/kernel"] = self._normal((size, 10), 0.01)
        self.arrays["head_supervised/linear_layer/dense/bias"] = np.zeros(10, np.float32)

    def features(self, images: np.ndarray) -> tf.Tensor:
        """ResNet v1: images in [0, 1] to [n, 2048 x width]."""
        self._convolutions = self._norms = 0
        base = int(64 * self.width)
        x = self._relu(self._norm(self._conv(tf.convert_to_tensor(images), base, 7, 2)))
        x = tf.nn.max_pool2d(x, 3, 2, "SAME")
        for group, count in enumerate(self.blocks):
            for block in range(count):
                stride = 2 if group > 0 and block == 0 else 1
                x = self._bottleneck(x, base * 2**group, stride, first=block == 0)
        return tf.reduce_mean(x, [1, 2])

    def projection(self, features: tf.Tensor, layers: int) -> tf.Tensor:
        """The head's first so many layers, with ReLU between them."""
        x = features
        for layer in range(layers):
            scope = f"head_contrastive/nl_{layer}"
            x = x @ self.arrays[f"{scope}/dense/kernel"]
            x = self._normalize(x, f"{scope}/batch_normalization")
            if layer < self.head_layers - 1:
                x = tf.nn.relu(x)
        return x

    def write_tensorflow1(self, prefix: str, *, slots: bool = False) -> None:
        """A checkpoint as `tf.compat.v1.train.Saver` writes it, with LARS' momentum if wanted."""
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            for name, value in self.arrays.items():
                tf.compat.v1.get_variable(name, initializer=value)
                if slots and name.endswith("kernel"):
                    tf.compat.v1.get_variable(f"{name}/Momentum", initializer=value)
            tf.compat.v1.get_variable("global_step", initializer=np.int64(5))
            session.run(tf.compat.v1.global_variables_initializer())
            tf.compat.v1.train.Saver().save(session, prefix, write_meta_graph=False)

    def write_tensorflow2(self, directory: str) -> None:
        """A SavedModel with the attributes of `tf2/run.py`'s."""
        module = _SavedSimclr(self)
        shape = tf.TensorSpec([None, None, None, 3], tf.float32)
        for trainable in (True, False):
            module.__call__.get_concrete_function(shape, trainable=trainable)
        tf.saved_model.save(module, directory)

    def _bottleneck(self, x: tf.Tensor, channels: int, stride: int, *, first: bool) -> tf.Tensor:
        shortcut = x
        if first:
            shortcut = self._norm(self._conv(x, 4 * channels, 1, stride))
        x = self._relu(self._norm(self._conv(x, channels, 1, 1)))
        x = self._relu(self._norm(self._conv(x, channels, 3, stride)))
        x = self._norm(self._conv(x, 4 * channels, 1, 1))
        return self._relu(x + shortcut)

    def _conv(self, x: tf.Tensor, channels: int, size: int, stride: int) -> tf.Tensor:
        number = f"_{self._convolutions}" if self._convolutions else ""
        self._convolutions += 1
        name = f"base_model/conv2d{number}/kernel"
        if self._creating:
            shape = (size, size, x.shape[-1], channels)
            self.arrays[name] = self._normal(shape, 1 / np.sqrt(np.prod(shape[:3])))
        if stride > 1:
            before = (size - 1) // 2
            after = size - 1 - before
            x = tf.pad(x, [[0, 0], [before, after], [before, after], [0, 0]])
        return tf.nn.conv2d(x, self.value(name), stride, "VALID" if stride > 1 else "SAME")

    def _norm(self, x: tf.Tensor) -> tf.Tensor:
        number = f"_{self._norms}" if self._norms else ""
        self._norms += 1
        scope = f"base_model/batch_normalization{number}"
        if self._creating:
            self._create_norm(scope, x.shape[-1], shift=True)
        return self._normalize(x, scope)

    def _normalize(self, x: tf.Tensor, scope: str) -> tf.Tensor:
        scale = self.value(f"{scope}/gamma") / tf.sqrt(
            self.value(f"{scope}/moving_variance") + 1e-5
        )
        shift = self.value(f"{scope}/beta") if f"{scope}/beta" in self.arrays else 0.0
        return (x - self.value(f"{scope}/moving_mean")) * scale + shift

    def value(self, name: str) -> tf.Tensor:
        return self.arrays[name]

    @staticmethod
    def _relu(x: tf.Tensor) -> tf.Tensor:
        return tf.nn.relu(x)

    def _create_norm(self, scope: str, channels: int, *, shift: bool) -> None:
        uniform = self._rng.uniform
        self.arrays[f"{scope}/gamma"] = uniform(0.5, 1.5, channels).astype(np.float32)
        if shift:
            self.arrays[f"{scope}/beta"] = self._normal((channels,), 0.1)
        self.arrays[f"{scope}/moving_mean"] = self._normal((channels,), 0.1)
        variance = uniform(0.5, 1.5, channels).astype(np.float32)
        self.arrays[f"{scope}/moving_variance"] = variance

    def _normal(self, shape: tuple[int, ...], deviation: float) -> np.ndarray:
        return self._rng.normal(0, deviation, shape).astype(np.float32)


class _Attributes(tf.Module):
    """An object that holds what leads to variables, as Keras' layers do."""

    def __init__(self, **attributes: object) -> None:
        super().__init__()
        for name, value in attributes.items():
            setattr(self, name, value)


class _SavedSimclr(tf.Module):
    """The module that `tf2/run.py` saves."""

    def __init__(self, published: PublishedSimclr) -> None:
        super().__init__()
        self._published = published
        variables = {name: tf.Variable(value) for name, value in published.arrays.items()}
        numbers = {"conv2d": 0, "batch_normalization": 0}

        def convolution():
            number = numbers["conv2d"]
            numbers["conv2d"] += 1
            kernel = variables[f"base_model/conv2d{f'_{number}' if number else ''}/kernel"]
            return _Attributes(fixed_padding=_Attributes(), conv2d=_Attributes(kernel=kernel))

        def norm(scope=None):
            if scope is None:
                number = numbers["batch_normalization"]
                numbers["batch_normalization"] += 1
                scope = f"base_model/batch_normalization{f'_{number}' if number else ''}"
            names = ("gamma", "beta", "moving_mean", "moving_variance")
            found = {n: variables[f"{scope}/{n}"] for n in names if f"{scope}/{n}" in variables}
            return _Attributes(bn=_Attributes(**found))

        stem = [convolution(), _Attributes(), norm(), _Attributes(), _Attributes()]
        groups = []
        for count in published.blocks:
            layers = []
            for block in range(count):
                shortcut = [convolution(), norm()] if block == 0 else []
                main = []
                for _ in range(3):
                    main += [convolution(), norm(), _Attributes()]
                layers.append(
                    _Attributes(projection_layers=shortcut, conv_relu_dropblock_layers=main)
                )
            groups.append(_Attributes(layers=layers))
        head = [
            _Attributes(
                dense=_Attributes(kernel=variables[f"head_contrastive/nl_{j}/dense/kernel"]),
                bn_relu=norm(f"head_contrastive/nl_{j}/batch_normalization"),
            )
            for j in range(published.head_layers)
        ]
        # The list comes first and is nearer to the root, as in the published module.
        self.trainable_variables_list = list(variables.values())
        self.model = _Attributes(
            resnet_model=_Attributes(initial_conv_relu_max_pool=stem, block_groups=groups),
            _projection_head=_Attributes(linear_layers=head),
        )
        self._variables_by_name = variables

    @tf.function
    def __call__(self, inputs: tf.Tensor, trainable: bool) -> dict[str, tf.Tensor]:
        published = self._published
        arrays = published.arrays
        try:
            published.arrays = self._variables_by_name
            features = published.features(inputs)
        finally:
            published.arrays = arrays
        return {"final_avg_pool": features, "logits_sup": features[:, :10]}
