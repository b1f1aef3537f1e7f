"""NVIDIA's TensorFloat-32, in which a GPU rounds the factors of float32 products to 10 bits."""

import os

_SWITCH = "NVIDIA_TF32_OVERRIDE"


def forbid_tensor_float_32() -> None:
    """Keeps cuBLAS and cuDNN from it, unless the environment already says.

    TensorFlow asks for it by default. Scores would then differ by up to 0.001 between a GPU and the
    processor that serves them, or between two batch sizes, and the gate would refuse the model.
    The libraries read the variable once, when TensorFlow first uses a GPU.
    """
    os.environ.setdefault(_SWITCH, "0")
