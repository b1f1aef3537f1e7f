"""Contrastive pretraining and fine-tuning in TensorFlow and Keras; knows nothing of TFX."""

from trainer.garbage_collection import collect_rarely
from trainer.onednn import enable_onednn
from trainer.tensor_float_32 import forbid_tensor_float_32

# Before any module of this package imports TensorFlow.
enable_onednn()
collect_rarely()
forbid_tensor_float_32()
