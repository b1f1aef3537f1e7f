"""Keeps Beam's workers from taking more threads than there are cores."""

import os
from collections.abc import Sequence

from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, StandardOptions

_PLUGIN = "--beam_plugin=components.transform.one_thread"


def one_thread_a_worker(arguments: Sequence[str]) -> list[str]:
    """Returns Beam arguments with which each worker is one thread of TensorFlow, if that is enough.

    It is where DirectRunner starts at least as many processes as there are cores: there, sharing
    an image's work among threads took a twentieth of Transform's processor time. With fewer
    processes, in this process, or on another runner, threads stay as they are.

    Args:
        arguments: Of a Beam pipeline.
    """
    options = PipelineOptions(list(arguments))
    direct = options.view_as(DirectOptions)
    runner = options.view_as(StandardOptions).runner or "DirectRunner"
    cores = os.cpu_count() or 1
    # 0 workers stand for as many as cores.
    fills_cores = (direct.direct_num_workers or cores) >= cores
    in_processes = direct.direct_running_mode == "multi_processing"
    if runner.endswith("DirectRunner") and in_processes and fills_cores:
        return [*arguments, _PLUGIN]
    return list(arguments)
