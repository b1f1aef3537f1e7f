"""Intel's oneDNN kernels for TensorFlow on CPUs."""

import os

_SWITCH = "TF_ENABLE_ONEDNN_OPTS"


def enable_onednn() -> None:
    """Switches TensorFlow's oneDNN kernels on, unless the environment already says on or off.

    TensorFlow does so by itself only on processors with AVX512-VNNI. On those with AVX2 its own
    convolutions and batch normalisation take up to 1.5 times as long for a training step.
    TensorFlow reads the variable once, when it is imported: later it has no effect.
    """
    os.environ.setdefault(_SWITCH, "1")
