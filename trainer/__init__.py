"""Contrastive pretraining and fine-tuning in TensorFlow and Keras; knows nothing of TFX."""

from trainer.onednn import enable_onednn

enable_onednn()  # Before any module of this package imports TensorFlow.
