"""How every stream of batches is read: in one order, ahead, and given up at once."""

import os

import tensorflow as tf

from trainer.case_records import cores, deterministic


def test_nothing_tunes_a_stream_so_that_nobody_waits_for_a_tuner_that_sleeps():
    options = deterministic(tf.data.Dataset.range(3).flat_map(tf.data.Dataset.range)).options()
    assert options.autotune.enabled is False
    assert options.deterministic is True


def test_a_process_that_is_pinned_counts_its_own_cores_alone():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert cores() == 1
    finally:
        os.sched_setaffinity(0, before)
    assert cores() == len(before)
