"""Reading published weights, whatever kind of file they come in."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow.core.protobuf import trackable_object_graph_pb2

from trainer.errors import UserError

_OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_VALUE = "VARIABLE_VALUE"

LayerVariables = Mapping[str, Sequence[str | None]]
"""Keys of a file's variables by layer, in the order of the layer's weights; None = missing."""


class PublishedVariables:
    """Variables of a file by key; values are read when they are asked for.

    In a checkpoint of TensorFlow 1 (and its hub modules) and in an `.npz` file, keys are names.
    In one of TensorFlow 2 (and its SavedModels) they are not: `names` has the names of the
    program that saved it, and `key_at` finds a variable by the attributes that lead to it.

    Attributes:
        source: The file or folder, for messages.
        shapes: Of the variables, by key.
        names: Keys by name.
    """

    def __init__(self, source: str) -> None:
        """Opens a source.

        Args:
            source: A checkpoint's prefix, a folder with checkpoints, the folder of a SavedModel
                or a hub module, or an `.npz` file.

        Raises:
            UserError: It is none of these.
        """
        self.source = source
        self._graph = trackable_object_graph_pb2.TrackableObjectGraph()
        try:
            if source.endswith(".npz"):
                self._open_archive()
            else:
                self._open_checkpoint()
        except (tf.errors.OpError, OSError, ValueError, TypeError, RuntimeError) as error:
            raise UserError(
                f"{source}: no checkpoint, SavedModel or .npz file that can be read. Give its "
                "folder, or the checkpoint's prefix (its path without .index)."
            ) from error

    def _open_archive(self) -> None:
        archive = np.load(self.source, allow_pickle=False)
        self._read: Any = archive.__getitem__
        self.shapes = {name: tuple(archive[name].shape) for name in archive.files}
        self.names = {name: name for name in archive.files}

    def _open_checkpoint(self) -> None:
        reader = tf.train.load_checkpoint(_checkpoint_prefix(self.source))
        self._read = reader.get_tensor
        shapes = reader.get_variable_to_shape_map()
        self.shapes = {key: tuple(shape) for key, shape in shapes.items()}
        self.names = {key: key for key in shapes}
        if _OBJECT_GRAPH in shapes:
            self._graph.ParseFromString(reader.get_tensor(_OBJECT_GRAPH))
            self.names = {
                value.full_name.removesuffix(":0"): value.checkpoint_key
                for node in self._graph.nodes
                for value in _values(node)
            }

    def __getitem__(self, key: str) -> npt.NDArray[Any]:
        """Reads one variable."""
        return self._read(key)

    def key_at(self, path: str) -> str | None:
        """Returns the key of the variable that attributes such as `model/bn/gamma` lead to.

        None where they lead to no variable, or the file has no object graph.
        """
        node = self._node(path)
        return next((value.checkpoint_key for value in _values(node)), None) if node else None

    def keys_below(self, path: str) -> set[str]:
        """Returns the keys of all variables that lie below a path of attributes."""
        start = self._node(path)
        keys: set[str] = set()
        seen: set[int] = set()
        queue = [start] if start else []
        while queue:
            node = queue.pop()
            keys.update(value.checkpoint_key for value in _values(node))
            for child in node.children:
                if child.node_id not in seen:
                    seen.add(child.node_id)
                    queue.append(self._graph.nodes[child.node_id])
        return keys

    def _node(self, path: str) -> Any:
        if not self._graph.nodes:
            return None
        node = self._graph.nodes[0]
        for part in path.split("/"):
            child = next((c for c in node.children if c.local_name == part), None)
            if child is None:
                return None
            node = self._graph.nodes[child.node_id]
        return node


def assign_layers(model: keras.Model, variables: PublishedVariables, keys: LayerVariables) -> None:
    """Gives layers the weights of a file, after all keys and shapes were looked at.

    Raises:
        UserError: A variable is missing, or has another shape.
    """
    for layer_name, published in keys.items():
        for key, weight in zip(published, model.get_layer(layer_name).weights, strict=True):
            received = variables.shapes.get(key) if key else None
            if received != tuple(weight.shape):
                raise UserError(
                    f"{variables.source}: {key or layer_name} should have the shape "
                    f"{tuple(weight.shape)} and {f'has {received}' if received else 'is missing'}."
                    " It is not a file of the given layout and architecture."
                )
    for layer_name, published in keys.items():
        model.get_layer(layer_name).set_weights([variables[str(key)] for key in published])


def _checkpoint_prefix(source: str) -> str:
    """Finds the checkpoint in a folder."""
    if not Path(source).is_dir():
        return source.removesuffix(".index")
    if Path(source, "variables", "variables.index").is_file():
        return str(Path(source, "variables", "variables"))
    indexes = sorted(Path(source).glob("*.index"))
    newest = tf.train.latest_checkpoint(source)
    return newest or (str(indexes[-1].with_suffix("")) if indexes else source)


def _values(node: Any) -> list[Any]:
    return [attribute for attribute in node.attributes if attribute.name == _VALUE]
