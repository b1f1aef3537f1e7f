"""Contrastive pretraining and fine-tuning in TensorFlow and Keras; knows nothing of TFX."""

from trainer.onednn import enable_onednn
from trainer.tensor_float_32 import forbid_tensor_float_32

# Before any module of this package imports TensorFlow.
enable_onednn()
forbid_tensor_float_32()
