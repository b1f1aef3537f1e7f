"""Where a training runs: one device, several GPUs, several workers, or a TPU.

Every replica holds a copy of all variables and updates it itself, by the same numbers, from sums
over all replicas. Keras' optimizers would instead update all copies from one place, which Keras 3
supports on some strategies only and never within a conditional.
"""

import functools
import json
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import tensorflow as tf

from trainer.errors import UserError
from trainer.settings import Distribution

logger = logging.getLogger("micle.distribution")

T = TypeVar("T")

_HALF = 2**24


@dataclass(frozen=True)
class ReplicaShare:
    """Which replicas' parts of a global batch one process reads.

    Attributes:
        count: Replicas of all processes; each takes one part, in their order.
        first: The first replica of this process.
        local: Replicas of this process.
    """

    count: int = 1
    first: int = 0
    local: int = 1


WHOLE_BATCH = ReplicaShare()


class Replicas:
    """The replicas of a training.

    Attributes:
        count: Of all processes together.
        is_chief: Whether this process writes checkpoints and results; one of them does.
        is_tpu: Whether they are TPU cores, which need static shapes.
    """

    def __init__(self, strategy: tf.distribute.Strategy, *, is_chief: bool = True) -> None:
        """Wraps a strategy of TensorFlow's; the default strategy is one device."""
        self._strategy = strategy
        self.count: int = strategy.num_replicas_in_sync
        self.is_chief = is_chief
        self.is_tpu = isinstance(strategy, tf.distribute.TPUStrategy)

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Within it, each variable is made once for each replica."""
        with self._strategy.scope(), tf.variable_creator_scope(_updated_by_its_replica):
            yield

    def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """Calls a function in each replica; within a `tf.function`.

        Returns:
            The result of this process' first replica.
        """
        results = self._strategy.run(function, args=arguments)
        return tf.nest.map_structure(
            lambda value: self._strategy.experimental_local_results(value)[0], results
        )

    def batches(self, of_share: Callable[[ReplicaShare], tf.data.Dataset]) -> Any:
        """Distributes a data set whose elements are the parts of one replica after the other.

        Args:
            of_share: Makes the data set of some replicas' parts.

        Returns:
            Something to iterate over; its elements are arguments for `run`.
        """

        def dataset(context: tf.distribute.InputContext) -> tf.data.Dataset:
            local = self.count // context.num_input_pipelines
            return of_share(ReplicaShare(self.count, context.input_pipeline_id * local, local))

        return self._strategy.distribute_datasets_from_function(dataset)


def _updated_by_its_replica(next_creator: Callable[..., tf.Variable], **kwargs: Any) -> tf.Variable:
    kwargs["aggregation"] = tf.VariableAggregation.NONE
    return next_creator(**kwargs)


def find_replicas(distribution: Distribution = "auto", *, tpu: bool = True) -> Replicas:
    """Returns the replicas to train on; call it before any other operation of TensorFlow.

    Args:
        distribution: `auto` takes several workers if the environment variable `TF_CONFIG` names
            them, else a TPU if there is one, else all GPUs if there are several, else one device.
        tpu: Whether `auto` may take a TPU.

    Raises:
        UserError: What is asked for is not there.
    """
    chosen = _detect(tpu) if distribution == "auto" else distribution
    replicas = _REPLICAS[chosen]()
    logger.info("distribution: %s, replicas: %d", chosen, replicas.count)
    return replicas


def _detect(tpu: bool) -> Distribution:
    if len(_workers()) > 1:
        return "multi_worker"
    if tpu and (tf.config.list_physical_devices("TPU") or os.environ.get("TPU_NAME")):
        return "tpu"
    return "mirrored" if len(tf.config.list_logical_devices("GPU")) > 1 else "one_device"


def _one_device() -> Replicas:
    return Replicas(tf.distribute.get_strategy())


def _mirrored() -> Replicas:
    """On a machine without GPU: its logical CPUs, which is of use in tests only."""
    kind = "GPU" if tf.config.list_logical_devices("GPU") else "CPU"
    devices = [device.name for device in tf.config.list_logical_devices(kind)]
    if len(devices) < 2:
        raise UserError(
            f"distribution: mirrored needs at least 2 devices; there is {len(devices)} {kind}. "
            "Take one_device or auto."
        )
    return Replicas(tf.distribute.MirroredStrategy(devices))


def _multi_worker() -> Replicas:
    if len(_workers()) < 2:
        raise UserError(
            "distribution: multi_worker needs the environment variable TF_CONFIG to name at least "
            "2 workers, as in {'cluster': {'worker': ['host-0:2222', 'host-1:2222']}, 'task': "
            "{'type': 'worker', 'index': 0}}. Set it, or take auto."
        )
    return Replicas(_multi_worker_strategy(), is_chief=is_chief())


def is_chief() -> bool:
    """Tells whether this process writes results: alone, or the first of several workers.

    Read from `TF_CONFIG`: without a task named `chief`, worker 0 is the chief.
    """
    cluster = _tf_config()
    if len(_workers()) < 2:
        return True
    task = cluster.get("task", {})
    if task.get("type") == "chief":
        return True
    is_first = task.get("type") == "worker" and int(task.get("index", 0)) == 0
    return is_first and not cluster["cluster"].get("chief")


@functools.cache
def _multi_worker_strategy() -> tf.distribute.Strategy:
    """Joins the workers, which a process can do but once."""
    return tf.distribute.MultiWorkerMirroredStrategy()


def _workers() -> Sequence[str]:
    cluster = _tf_config().get("cluster", {})
    return [*cluster.get("chief", ()), *cluster.get("worker", ())]


def _tf_config() -> dict[str, Any]:
    try:
        config: dict[str, Any] = json.loads(os.environ.get("TF_CONFIG") or "{}")
    except ValueError as error:
        raise UserError(f"TF_CONFIG: not valid JSON ({error}).") from error
    return config


def _tpu() -> Replicas:
    return Replicas(_tpu_strategy())


@functools.cache
def _tpu_strategy() -> tf.distribute.Strategy:
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver.connect()
    except (ValueError, tf.errors.OpError) as error:
        raise UserError(f"distribution: no TPU can be reached ({error}). Take auto.") from error
    return tf.distribute.TPUStrategy(resolver)


_REPLICAS: dict[Distribution, Callable[[], Replicas]] = {
    "one_device": _one_device,
    "mirrored": _mirrored,
    "multi_worker": _multi_worker,
    "tpu": _tpu,
}


def replica_count() -> int:
    """Replicas of the strategy in whose scope or replica this is called; 1 without one."""
    count: int = tf.distribute.get_strategy().num_replicas_in_sync
    return count


def replica_index() -> tf.Tensor:
    """Number of the replica that this is called in, an int32 scalar."""
    return tf.convert_to_tensor(tf.distribute.get_replica_context().replica_id_in_sync_group)


def sum_over_replicas(values: T) -> T:
    """Adds up tensors, or a structure of them, over all replicas; differentiable."""
    if replica_count() == 1:
        return values
    context = tf.distribute.get_replica_context()
    summed: T = context.all_reduce(tf.distribute.ReduceOp.SUM, values)
    return summed


def gather_rows(values: tf.Tensor) -> tf.Tensor:
    """Lays the rows of all replicas end to end, in the replicas' order; differentiable.

    As in SimCLR's code, a sum of arrays that are 0 but for their own replica's rows: its shape is
    known beforehand and its gradient is the sum of all replicas' gradients.

    Args:
        values: [n, ...], of the same shape in every replica.

    Returns:
        [replicas x n, ...].
    """
    replicas = replica_count()
    if replicas == 1:
        return values
    mine = tf.one_hot(replica_index(), replicas, dtype=values.dtype)
    spread = tf.reshape(mine, [replicas] + [1] * len(values.shape)) * values[tf.newaxis]
    return tf.reshape(sum_over_replicas(spread), tf.concat([[-1], tf.shape(values)[1:]], axis=0))


def gather_integers(values: tf.Tensor) -> tf.Tensor:
    """Lays integers of all replicas end to end, in the replicas' order.

    They travel as two halves that float32 holds exactly: not every device sums integers.

    Args:
        values: int64 [n], within 0..2^48 - 1.

    Returns:
        int64 [replicas x n].
    """
    if replica_count() == 1:
        return values
    halves = tf.stack([values // _HALF, values % _HALF], axis=1)
    high, low = tf.unstack(tf.cast(gather_rows(tf.cast(halves, tf.float32)), tf.int64), axis=1)
    return high * _HALF + low
